"""DynamoDB request units that a call consumes, by the documented sizes and roundings.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html: a strongly
consistent read of up to 4 KB is one read unit, an eventually consistent one half, a transactional one two;
a write of up to 1 KB is one write unit, a transactional one two; an update counts the larger of the item
before and after; a write whose condition fails still consumes its units.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes:
what each global secondary index adds to a write.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.dynamodb.exceptions import ResourceNotFoundException
from moto.dynamodb.models.dynamo_type import DynamoType, Item

if TYPE_CHECKING:
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.table import Table

READ_UNIT = 4096
WRITE_UNIT = 1024


@dataclass(frozen=True)
class Units:
    """Request units of one call, or of many."""

    read: float = 0.0
    write: float = 0.0

    def __add__(self, other: Units) -> Units:
        return Units(self.read + other.read, self.write + other.write)


@dataclass
class _Write:
    table: Table
    key: dict[str, Any]
    transactional: bool
    checks_only: bool
    before: Item | None


class Meter:
    """Measures one call: made before it, asked after it."""

    def __init__(self, backend: DynamoDBBackend, action: str, body: dict[str, Any]) -> None:
        self._backend = backend
        self._action = action
        self._body = body
        self._writes = list(self._planned_writes())

    def units(self, response: dict[str, Any] | None) -> Units:
        """What the call has consumed.

        Args:
            response: The decoded response, or None when the call was refused.
        """
        written = sum((self._written(write) for write in self._writes), 0.0)
        return Units(self._read(response), written)

    def _planned_writes(self) -> list[_Write]:
        action, body = self._action, self._body
        if action in {"PutItem", "UpdateItem", "DeleteItem"}:
            return self._write(body["TableName"], body.get("Key") or body.get("Item"), transactional=False)
        if action == "BatchWriteItem":
            return [
                write
                for table, requests in body["RequestItems"].items()
                for request in requests
                for one in request.values()
                for write in self._write(table, one.get("Key") or one.get("Item"), transactional=False)
            ]
        if action == "TransactWriteItems":
            return [
                write
                for request in body["TransactItems"]
                for kind, one in request.items()
                for write in self._write(
                    one["TableName"],
                    one.get("Key") or one.get("Item"),
                    transactional=True,
                    checks_only=kind == "ConditionCheck",
                )
            ]
        return []

    def _write(
        self, table_name: str, attributes: Any, *, transactional: bool, checks_only: bool = False
    ) -> list[_Write]:
        table = self._table(table_name)
        if table is None or not attributes:
            return []
        names = [table.hash_key_attr, *([table.range_key_attr] if table.range_key_attr else [])]
        if any(name not in attributes for name in names):
            return []
        key = {name: attributes[name] for name in names}
        before = self._find(table, key)
        if before is not None and self._action in {"UpdateItem", "TransactWriteItems"}:
            before = copy.deepcopy(before)  # moto changes it in place
        return [_Write(table, key, transactional, checks_only, before)]

    def _written(self, write: _Write) -> float:
        after = self._find(write.table, write.key)
        sizes = [item.size() for item in (write.before, after) if item is not None]
        units = _rounded(max(sizes, default=0), WRITE_UNIT)
        if not write.checks_only:
            units += sum(_index_units(index, write.before, after) for index in write.table.global_indexes)
        return units * (2 if write.transactional else 1)

    def _read(self, response: dict[str, Any] | None) -> float:
        body, action = self._body, self._action
        strength = 1.0 if body.get("ConsistentRead") else 0.5
        if action == "GetItem":
            return strength * self._item_units(body["TableName"], body["Key"])
        if action in {"Query", "Scan"} and response is not None:
            return strength * _rounded(_examined_bytes(response), READ_UNIT)
        if action == "BatchGetItem":
            return sum(
                (1.0 if request.get("ConsistentRead") else 0.5) * self._item_units(table, key)
                for table, request in body["RequestItems"].items()
                for key in request["Keys"]
            )
        if action == "TransactGetItems":
            return sum(
                2 * self._item_units(one["Get"]["TableName"], one["Get"]["Key"])
                for one in body["TransactItems"]
            )
        return 0.0

    def _item_units(self, table_name: str, key: dict[str, Any]) -> float:
        table = self._table(table_name)
        item = self._find(table, key) if table is not None else None
        return _rounded(item.size() if item is not None else 0, READ_UNIT)

    def _table(self, name: str) -> Table | None:
        try:
            return self._backend.get_table(name)
        except ResourceNotFoundException:
            return None

    def _find(self, table: Table, key: dict[str, Any]) -> Item | None:
        hash_key = DynamoType(key[table.hash_key_attr]) if table.hash_key_attr in key else None
        name = table.range_key_attr
        range_key = DynamoType(key[name]) if name and name in key else None
        if hash_key is None or (name and range_key is None):
            return None
        return table.get_item(hash_key, range_key)


def _rounded(size: int, unit: int) -> float:
    return float(max(1, math.ceil(size / unit)))


def _examined_bytes(response: dict[str, Any]) -> int:
    """Bytes that a query or scan read; what its filter dropped counts at the mean size of the rest."""
    items = response.get("Items") or []
    size = sum(
        sum(len(name.encode()) + DynamoType(value).size() for name, value in item.items()) for item in items
    )
    examined = int(response.get("ScannedCount") or len(items))
    return math.ceil(size * examined / len(items)) if items else 0


def _index_units(index: Any, before: Item | None, after: Item | None) -> float:
    names = [key["AttributeName"] for key in index.schema]
    old, new = _entry(index, names, before), _entry(index, names, after)
    if old is None and new is None:
        return 0.0
    if old is not None and new is not None:
        if any(old.attrs[name] != new.attrs[name] for name in names):
            return _rounded(old.size(), WRITE_UNIT) + _rounded(new.size(), WRITE_UNIT)
        return _rounded(max(old.size(), new.size()), WRITE_UNIT) if old.attrs != new.attrs else 0.0
    entry = old or new
    return _rounded(entry.size(), WRITE_UNIT) if entry is not None else 0.0


def _entry(index: Any, names: list[str], item: Item | None) -> Item | None:
    if item is None or any(name not in item.attrs for name in names):
        return None
    projected: Item = index.project(item)
    return projected
