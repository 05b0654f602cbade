"""Plain JSON values to DynamoDB attributes and back, without a detour through `Decimal`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Item = dict[str, Any]
"""An item as plain JSON values."""

_LIMIT = 300_000
"""Bytes of JSON that may lie in one attribute; a whole item may have 400 KB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
"""
_CUTS = ((4000, 1000), (1000, 200), (200, 50), (80, 10))
"""How long a text and how long a list may be, tried one after the other."""


def to_attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item as DynamoDB takes it."""
    return {name: _to_attribute(value) for name, value in item.items()}


def from_attributes(attributes: Mapping[str, Any]) -> Item:
    """An item as plain JSON values; numbers are `int` where they are whole."""
    return {name: _from_attribute(value) for name, value in attributes.items()}


def without_nones(item: Mapping[str, Any]) -> Item:
    """An item without what is None, so that a condition can ask whether an attribute exists."""
    return {name: value for name, value in item.items() if value is not None}


def fitted(value: Any) -> Any:
    """The value itself or, where it is too large to be stored, one with its long texts and lists cut."""
    for text, items in _CUTS:
        if len(json.dumps(value).encode()) <= _LIMIT:
            return value
        value = _cut(value, text, items)
    return value


def _to_attribute(value: Any) -> dict[str, Any]:
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, int | float):
        return {"N": repr(value)}
    if isinstance(value, Mapping):
        return {"M": {str(name): _to_attribute(part) for name, part in value.items()}}
    return {"L": [_to_attribute(part) for part in value]}


def _from_attribute(attribute: Mapping[str, Any]) -> Any:
    ((kind, value),) = attribute.items()
    if kind == "NULL":
        return None
    if kind == "N":
        return int(value) if value.lstrip("-").isdigit() else float(value)
    if kind == "M":
        return {name: _from_attribute(part) for name, part in value.items()}
    if kind == "L":
        return [_from_attribute(part) for part in value]
    return value


def _cut(value: Any, text: int, items: int) -> Any:
    if isinstance(value, str) and len(value) > text:
        return f"{value[:text]}… ({len(value) - text} more characters)"
    if isinstance(value, Mapping):
        return {name: _cut(part, text, items) for name, part in value.items()}
    if isinstance(value, list):
        return [_cut(part, text, items) for part in value[:items]]
    return value
