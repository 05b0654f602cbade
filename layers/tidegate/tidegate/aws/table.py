"""One DynamoDB table: consistent reads, conditional writes, bounded queries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tidegate.aws.batch import Wanted, read_batch
from tidegate.aws.clients import Clients
from tidegate.aws.errors import Answer, aws_call, call_name, cancellation_codes, error_code, translated
from tidegate.aws.items import Item, from_attributes, to_attributes
from tidegate.aws.schema import PARTITION_KEY, SORT_KEY, IndexSchema

ABSENT = f"attribute_not_exists({PARTITION_KEY})"
PRESENT = f"attribute_exists({PARTITION_KEY})"


class ConditionFailed(Exception):
    """A write's condition did not hold. `item` is what lies there, None when nothing does."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("A condition did not hold.")
        self.item = item


class Table:
    """A table by its name. In expressions `#name` stands for an attribute, `:name` for a value."""

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._name = name

    def get(self, pk: str, sk: str) -> Item | None:
        """An item by its key, read consistently."""
        answer = aws_call(self._client.get_item, TableName=self._name, Key=_key(pk, sk), ConsistentRead=True)
        return from_attributes(answer["Item"]) if "Item" in answer else None

    def get_all(self, keys: Iterable[tuple[str, str]]) -> list[Item]:
        """Items by their keys, read consistently, in the order of the keys; those not there are left out."""
        items = (self.get(*key) for key in keys)
        return [item for item in items if item is not None]

    def reading(self, pk: str, sk: str) -> Wanted:
        """An item by its key as part of a batch that `get_batch` reads."""
        return Wanted(self._name, pk, sk)

    def get_batch(self, wanted: Sequence[Wanted]) -> list[Item | None]:
        """Items of any tables, read consistently in one round trip; None for those that are not there.

        Raises:
            Transient: some were not read after several tries.
        """
        return read_batch(self._client.batch_get_item, wanted)

    def query(
        self, pk: str, *, prefix: str = "", newest_first: bool = False, limit: int | None = None
    ) -> list[Item]:
        """The items of a partition whose sort key begins with a prefix, in its order, read consistently."""
        condition, values = "#pk = :pk", {":pk": pk}
        if prefix:
            condition, values = "#pk = :pk AND begins_with(#sk, :prefix)", {":pk": pk, ":prefix": prefix}
        return self._query(condition, values, limit, ConsistentRead=True, ScanIndexForward=not newest_first)

    def query_before(self, pk: str, sk: str, *, prefix: str, limit: int) -> list[Item]:
        """The items of a partition from a prefix up to, and without, a sort key: the last ones first."""
        condition = "#pk = :pk AND #sk BETWEEN :prefix AND :before"
        values = {":pk": pk, ":prefix": prefix, ":before": sk}
        # BETWEEN takes its ends in, so there may be one more than asked for.
        items = self._query(condition, values, limit + 1, ConsistentRead=True, ScanIndexForward=False)
        return [item for item in items if item[SORT_KEY] != sk][:limit]

    def query_index(self, index: IndexSchema, value: str) -> list[Item]:
        """The items that an index has under a value. An index lags behind: decide by the table itself."""
        condition = f"#{index.partition_key} = :value"
        return self._query(condition, {":value": value}, None, IndexName=index.name)

    def page(
        self,
        value: str,
        *,
        limit: int,
        index: IndexSchema | None = None,
        between: tuple[str, str] | None = None,
        prefix: str = "",
        kind: str = "",
        newest_first: bool = False,
    ) -> tuple[list[Item], str | None]:
        """One page of a partition or of an index: exactly one call, whatever is found. It may lag behind.

        Args:
            value: The partition.
            limit: How many items may be looked at.
            index: The index to read; None is the table itself.
            between: The sort key's bounds, both taken in.
            prefix: How the sort key begins.
            kind: How the attribute `kind` must begin; others are looked at and left out.
            newest_first: Read backwards.

        Returns:
            The items, and the sort key after which there may be more, or None.
        """
        sort = index.sort_key if index else SORT_KEY
        condition, values = _condition(index, value, between, prefix)
        parameters: dict[str, Any] = {"IndexName": index.name} if index else {}
        if kind:
            parameters["FilterExpression"] = "begins_with(#kind, :kind)"
            values[":kind"] = kind
        answer = aws_call(
            self._client.query,
            TableName=self._name,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=_names(f"{condition} {'#kind' if kind else ''}"),
            ExpressionAttributeValues=to_attributes(values),
            Limit=limit,
            ScanIndexForward=not newest_first,
            **parameters,
        )
        last = answer.get("LastEvaluatedKey")
        return [from_attributes(item) for item in answer.get("Items", [])], last[sort]["S"] if last else None

    def put(self, item: Mapping[str, Any], condition: str | None = None, **values: Any) -> None:
        """Write an item.

        Raises:
            ConditionFailed: the condition did not hold.
        """
        parameters = {"Item": to_attributes(item), **_expressions(values, ConditionExpression=condition)}
        self._write(self._client.put_item, parameters)

    def update(self, pk: str, sk: str, update: str, condition: str | None, **values: Any) -> Item:
        """Change an item; returns it as it is afterwards.

        Raises:
            ConditionFailed: the condition did not hold.
        """
        expressions = _expressions(values, UpdateExpression=update, ConditionExpression=condition)
        parameters = {"Key": _key(pk, sk), "ReturnValues": "ALL_NEW", **expressions}
        return from_attributes(self._write(self._client.update_item, parameters)["Attributes"])

    def delete(self, pk: str, sk: str, condition: str, **values: Any) -> None:
        """Delete an item.

        Raises:
            ConditionFailed: the condition did not hold.
        """
        parameters = {"Key": _key(pk, sk), **_expressions(values, ConditionExpression=condition)}
        self._write(self._client.delete_item, parameters)

    def putting(self, item: Mapping[str, Any], condition: str | None = None, **values: Any) -> dict[str, Any]:
        """A put as part of a transaction."""
        parameters = {"Item": to_attributes(item), **_expressions(values, ConditionExpression=condition)}
        return {"Put": {"TableName": self._name, **parameters}}

    def deleting(self, pk: str, sk: str, condition: str | None = None, **values: Any) -> dict[str, Any]:
        """A deletion as part of a transaction."""
        parameters = {"Key": _key(pk, sk), **_expressions(values, ConditionExpression=condition)}
        return {"Delete": {"TableName": self._name, **parameters}}

    def transact(self, *writes: dict[str, Any]) -> None:
        """Do all writes or none. botocore adds a token, so that a request sent twice is done once.

        Raises:
            ConditionFailed: one of the conditions did not hold; its `item` is always None.
        """
        method = self._client.transact_write_items
        try:
            method(TransactItems=list(writes))
        except ClientError as error:
            if "ConditionalCheckFailed" in cancellation_codes(error):
                raise ConditionFailed(None) from error
            raise translated(error, call_name(method)) from error
        except BotoCoreError as error:
            raise translated(error, call_name(method)) from error

    @property
    def _client(self) -> Any:
        return self._clients.home("dynamodb")

    def _write(self, method: Any, parameters: dict[str, Any]) -> Answer:
        try:
            answer: Answer = method(
                TableName=self._name, ReturnValuesOnConditionCheckFailure="ALL_OLD", **parameters
            )
            return answer
        except ClientError as error:
            if error_code(error) == "ConditionalCheckFailedException":
                old: Any = error.response.get("Item")
                raise ConditionFailed(from_attributes(old) if old else None) from error
            raise translated(error, call_name(method)) from error
        except BotoCoreError as error:
            raise translated(error, call_name(method)) from error

    def _query(
        self, condition: str, values: dict[str, str], limit: int | None, **parameters: Any
    ) -> list[Item]:
        parameters |= {"TableName": self._name, "KeyConditionExpression": condition}
        parameters |= {"ExpressionAttributeValues": to_attributes(values)}
        parameters |= {"ExpressionAttributeNames": _names(condition)}
        items: list[Item] = []
        while True:
            if limit is not None:
                parameters["Limit"] = limit - len(items)
            answer = aws_call(self._client.query, **parameters)
            items += [from_attributes(item) for item in answer.get("Items", [])]
            if "LastEvaluatedKey" not in answer or (limit is not None and len(items) >= limit):
                return items
            parameters["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _condition(
    index: IndexSchema | None, value: str, between: tuple[str, str] | None, prefix: str
) -> tuple[str, dict[str, str]]:
    """The key condition of a query, and its values."""
    partition, sort = (index.partition_key, index.sort_key) if index else (PARTITION_KEY, SORT_KEY)
    condition, values = f"#{partition} = :value", {":value": value}
    if between is not None:
        condition += f" AND #{sort} BETWEEN :lower AND :upper"
        values |= {":lower": between[0], ":upper": between[1]}
    elif prefix:
        condition += f" AND begins_with(#{sort}, :prefix)"
        values[":prefix"] = prefix
    return condition, values


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {PARTITION_KEY: {"S": pk}, SORT_KEY: {"S": sk}}


def _expressions(values: Mapping[str, Any], **expressions: str | None) -> dict[str, Any]:
    """The expressions that are there, with the names and values that they use."""
    parameters: dict[str, Any] = {name: text for name, text in expressions.items() if text is not None}
    names = _names(" ".join(parameters.values()))
    if names:
        parameters["ExpressionAttributeNames"] = names
    if values:
        parameters["ExpressionAttributeValues"] = to_attributes(
            {f":{name}": each for name, each in values.items()}
        )
    return parameters


def _names(expression: str) -> dict[str, str]:
    """The attribute names in an expression; all are written `#name`, so that no reserved word matters."""
    return {f"#{name}": name for name in re.findall(r"#(\w+)", expression)}
