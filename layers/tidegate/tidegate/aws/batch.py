"""Items of any tables in one round trip: BatchGetItem.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tidegate.aws.errors import aws_call
from tidegate.aws.items import Item, from_attributes
from tidegate.aws.schema import PARTITION_KEY, SORT_KEY
from tidegate.errors import Transient

_MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """One item of one table."""

    table: str
    pk: str
    sk: str


def read_batch(batch_get_item: Callable[..., Any], wanted: Sequence[Wanted]) -> list[Item | None]:
    """Items, read consistently, in the order in which they are wanted; None for those that are not there.

    DynamoDB may leave keys unprocessed, which are then asked for again.

    Raises:
        Transient: some were still unprocessed after several tries.
    """
    found: dict[Wanted, Item] = {}
    asked = _by_table(wanted)
    for _ in range(_MOST_TRIES):
        answer = aws_call(batch_get_item, RequestItems=asked)
        for table, items in answer.get("Responses", {}).items():
            for item in map(from_attributes, items):
                found[Wanted(table, item[PARTITION_KEY], item[SORT_KEY])] = item
        asked = answer.get("UnprocessedKeys") or {}
        if not asked:
            return [found.get(each) for each in wanted]
    raise Transient("DynamoDB leaves some of the items unread for now.")


def _by_table(wanted: Sequence[Wanted]) -> dict[str, Any]:
    """The keys by table, each once: DynamoDB refuses a key that is asked for twice."""
    asked: dict[str, Any] = {}
    for each in dict.fromkeys(wanted):
        table = asked.setdefault(each.table, {"Keys": [], "ConsistentRead": True})
        table["Keys"].append({PARTITION_KEY: {"S": each.pk}, SORT_KEY: {"S": each.sk}})
    return asked
