"""Frozen dataclasses to plain JSON values and back.

A time is written as ISO 8601 in UTC with six digits of microseconds, so that times sort as text. An
enumeration is written as its value.

What is stored outlives the code that stored it. Reading therefore ignores keys that this version does not
know and lets defaults stand in for keys that an older version did not write. Only a value of the wrong
shape, or a missing one that has no default, is an error.
"""

import dataclasses
import types
import typing
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, Literal, TypeAlias, TypeVar, Union, cast

T = TypeVar("T")
Json: TypeAlias = Any
"""A value as `json.loads` gives it."""
Annotation: TypeAlias = Any
"""The type of a dataclass field, as `typing.get_type_hints` gives it."""


def time_text(at: datetime) -> str:
    """A time as it is stored: `2026-11-23T04:05:06.000000Z`.

    Raises:
        ValueError: the time has no zone.
    """
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} cannot be stored: a time needs its zone.")
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def to_plain(value: object) -> Json:
    """Turn dataclasses, tuples, mappings, times and enumerations into what `json.dumps` takes.

    Raises:
        ValueError: a time has no zone.
    """
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return time_text(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [to_plain(item) for item in value]
    return value


def from_plain(kind: type[T], value: object) -> T:
    """Build `kind`, a dataclass, from what `to_plain` made of it.

    Raises:
        ValueError: a value has the wrong shape, or one without a default is missing; the message names it.
    """
    return cast("T", _read(kind, value, kind.__name__))


def _read(kind: Annotation, value: object, where: str) -> object:
    """Read one value of the annotated type `kind`; `where` is its path, for messages."""
    origin: Annotation = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if kind is Any or kind is object:
        return value
    if dataclasses.is_dataclass(kind):
        return _read_dataclass(kind, value, where)
    if origin in (Union, types.UnionType):
        return _read_union(arguments, value, where)
    if origin is Literal and value in arguments:
        return value
    if origin is tuple and isinstance(value, list | tuple):
        return tuple(_read(arguments[0], item, f"{where}[{index}]") for index, item in enumerate(value))
    if isinstance(origin, type) and issubclass(origin, Mapping) and isinstance(value, Mapping):
        return {key: _read(arguments[1], item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(kind, type):
        return _read_scalar(kind, value, where)
    raise _unreadable(value, where)


def _read_scalar(kind: type, value: object, where: str) -> object:
    """Read a string, number, boolean, time or enumeration. DynamoDB gives numbers back as Decimal."""
    if issubclass(kind, datetime | Enum):
        return _read_text(kind, value, where)
    if kind in (int, float) and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        if kind(value) == value:
            return kind(value)
    elif isinstance(value, kind) and isinstance(value, bool) == (kind is bool):
        return value
    raise _unreadable(value, where)


def _read_text(kind: type[datetime] | type[Enum], value: object, where: str) -> object:
    """Read what is written as text: a time, which must have its zone, or a member of an enumeration."""
    if isinstance(value, kind):
        return value
    try:
        if issubclass(kind, Enum):
            return kind(value)
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError as error:
        raise _unreadable(value, where) from error
    if at is None or at.tzinfo is None:
        raise _unreadable(value, where)
    return at.astimezone(UTC)


def _read_union(options: tuple[Any, ...], value: object, where: str) -> object:
    """Read an optional value, or one of several dataclasses told apart by their one Literal field."""
    if value is None and type(None) in options:
        return None
    candidates = [option for option in options if option is not type(None)]
    if len(candidates) == 1:
        return _read(candidates[0], value, where)
    for option in candidates:
        if dataclasses.is_dataclass(option) and isinstance(value, Mapping) and _is_tagged(option, value):
            return _read(option, value, where)
        if isinstance(option, type) and not dataclasses.is_dataclass(option) and isinstance(value, option):
            return value
    raise _unreadable(value, where)


def _is_tagged(kind: Annotation, value: Mapping[str, object]) -> bool:
    """Whether every Literal field of `kind` that names it (`name` or `kind`) has the value found."""
    hints = _hints(kind)
    tags = [name for name in ("kind", "name") if typing.get_origin(hints.get(name)) is Literal]
    return bool(tags) and all(value.get(name) in typing.get_args(hints[name]) for name in tags)


def _read_dataclass(kind: Annotation, value: object, where: str) -> object:
    if not isinstance(value, Mapping):
        raise _unreadable(value, where)
    hints = _hints(kind)
    known: dict[str, object] = {}
    for field in dataclasses.fields(kind):
        if field.name in value:
            known[field.name] = _read(hints[field.name], value[field.name], f"{where}.{field.name}")
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{where}.{field.name} is missing.")
    return kind(**known)


@cache
def _hints(kind: Annotation) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _unreadable(value: object, where: str) -> ValueError:
    return ValueError(f"{where} cannot be read from a stored {type(value).__name__}.")
