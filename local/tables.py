"""Mends of DynamoDB's tables: writes are atomic, and no call gets slower with the size of the table.

moto's tables are not safe for threads: two conditional puts at once may both succeed. It also copies whole
tables for every transaction and sorts whole tables for every query.
"""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import Table

from local.mends.patching import Foreign, Mends

MENDS = Mends()

INDEX_NAME = 6
"""Place of the index's name among the arguments of `Table.query`, after the hash key."""

lock = threading.RLock()
"""Held during every call to DynamoDB."""


@MENDS.wraps("moto.dynamodb.models.table:Table.query", "002b4d00be6d")
def query(original: Foreign, self: Foreign, hash_key: Foreign, *rest: Any, **named: Any) -> Foreign:
    """moto looks at every item of the table; here it sees those of the wanted partition only."""
    index = rest[INDEX_NAME] if len(rest) > INDEX_NAME else named.get("index_name")
    found = _partition(self, hash_key, index, named.get("hash_key_conditions"))
    self.all_items = lambda: found
    try:
        return original(self, hash_key, *rest, **named)
    finally:
        del self.all_items


def _partition(table: Foreign, hash_key: Foreign, index: str | None, conditions: Foreign) -> list[Item]:
    if index is None:
        held = table.items.get(hash_key)
        if held is None:
            return []
        return list(held.values()) if table.range_key_attr else [held]
    return [item for item in _all(table) if all(_has(item, name, value) for name, value in conditions or [])]


def _all(table: Foreign) -> list[Item]:
    if not table.range_key_attr:
        return list(table.items.values())
    return [item for held in table.items.values() for item in held.values()]


def _has(item: Item, name: str, wanted: DynamoType) -> bool:
    value = item.attrs.get(name)
    return (
        value is not None
        and value.type == wanted.type
        and bool(value.value == wanted.value or value == wanted)
    )


@dataclass
class _Before:
    """An item before a transaction."""

    table: Foreign
    hash_key: DynamoType
    range_key: DynamoType | None
    item: Item | None

    def restore(self) -> None:
        """Put it back, or take away what was not there."""
        held = self.table.items
        if self.range_key is None:
            place, key = held, self.hash_key
        else:
            place, key = held[self.hash_key], self.range_key
        if self.item is None:
            place.pop(key, None)
        else:
            place[key] = self.item


@MENDS.wraps("moto.dynamodb.models:DynamoDBBackend.transact_write_items", "81db2cb7d94e")
def transact_write_items(original: Foreign, self: Foreign, transact_items: list[dict[str, Any]]) -> None:
    """moto copies every table that a transaction touches; here only the items that it may have to restore."""
    writes = [write for item in transact_items for write in item.values()]
    before = [found for write in writes if (found := _before(self, write)) is not None]
    Table.__deepcopy__ = _itself  # type: ignore[attr-defined]
    try:
        original(self, transact_items)
    except Exception:
        for one in before:
            one.restore()
        raise
    finally:
        del Table.__deepcopy__  # type: ignore[attr-defined]


def _itself(table: Foreign, _: Any) -> Foreign:
    return table


def _before(backend: Foreign, write: dict[str, Any]) -> _Before | None:
    table = backend.tables.get(write.get("TableName"))
    attributes = write.get("Key") or write.get("Item") or {}
    if table is None or table.hash_key_attr not in attributes:
        return None
    hash_key, name = DynamoType(attributes[table.hash_key_attr]), table.range_key_attr
    if name and name not in attributes:
        return None
    range_key = DynamoType(attributes[name]) if name else None
    return _Before(table, hash_key, range_key, copy.deepcopy(table.get_item(hash_key, range_key)))
