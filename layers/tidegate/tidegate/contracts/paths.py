"""Where a mistake is: from pydantic's location to the path a person would write, and to the field's model."""

import re
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, TypeAlias, Union

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tidegate.contracts.fields import Tagged

Location: TypeAlias = tuple[int | str, ...]
Annotation: TypeAlias = Any

_KEY = "[key]"
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*", re.ASCII)
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the input.

    Attributes:
        path: Keys and indices, without what pydantic adds for tagged unions and for keys.
        model: The model that the last key belongs to, if it belongs to one.
        field: The field of that model, if there is one of this name.
        is_key: Whether the mistake is in the key, not in the value.
        kinds: Where the value is one of several models: the words that tell them apart.
    """

    path: Location
    model: type[BaseModel] | None = None
    field: FieldInfo | None = None
    is_key: bool = False
    kinds: tuple[str, ...] = ()


def locate(model: type[BaseModel], location: Location) -> Place:
    """Follow a location of pydantic through a model."""
    annotation: Annotation = model
    path: list[int | str] = []
    parent: type[BaseModel] | None = None
    field: FieldInfo | None = None
    for item in location:
        if item == _KEY:
            return Place(tuple(path), is_key=True)
        bare, tagged = _unwrap(annotation)
        if tagged is not None and item in tagged.models:
            annotation = tagged.models[str(item)]
            continue
        path.append(item)
        parent, field = None, None
        if isinstance(bare, type) and issubclass(bare, BaseModel):
            parent, field = bare, fields_of(bare).get(str(item))
            annotation = field.rebuild_annotation() if field else None
        else:
            annotation = (typing.get_args(bare) or (None,))[-1]
    tagged = _unwrap(annotation)[1]
    return Place(tuple(path), parent, field, kinds=tuple(tagged.models) if tagged else ())


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a model by the name they have in the input."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def write(path: Location) -> str:
    """A path as people write it: `environments[1].strategy.maximum_percent`."""
    text = ""
    for item in path:
        if isinstance(item, int):
            text += f"[{item}]"
        elif len(item) <= _LONGEST and _PLAIN.fullmatch(item):
            text += f".{item}" if text else item
        else:
            text += f"[{show(item)}]"
    return text


def show(value: object) -> str:
    """A value in a sentence: short, on one line, and harmless to a terminal."""
    if isinstance(value, str):
        cut = value if len(value) <= _LONGEST else value[:_LONGEST] + "…"
        return '"' + "".join(_escape(character) for character in cut) + '"'
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "a very large number"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, Sequence) else f"a value of type {type(value).__name__}"


def position(data: object, path: Location, known: dict[int, dict[object, int]]) -> tuple[int, ...]:
    """A sort key that puts paths in the order of the input; what is not there comes last in its object.

    `known` keeps what was counted from one call to the next; give the same dict for the same input.
    """
    key: list[int] = []
    for item in path:
        if isinstance(data, Mapping):
            if id(data) not in known:
                known[id(data)] = {name: index for index, name in enumerate(data)}
            key.append(known[id(data)].get(item, len(data)))
            data = data.get(item)
        elif isinstance(data, Sequence) and isinstance(item, int) and item < len(data):
            key.append(item)
            data = data[item]
        else:
            break
    return tuple(key)


def _unwrap(annotation: Annotation) -> tuple[Annotation, Tagged | None]:
    """The annotation without `Annotated` and `| None`, and what tells its alternatives apart."""
    tagged = None
    while True:
        origin: Annotation = typing.get_origin(annotation)
        arguments = typing.get_args(annotation)
        if origin is Annotated:
            tagged = next((each for each in arguments[1:] if isinstance(each, Tagged)), tagged)
            annotation = arguments[0]
        elif origin in (Union, UnionType) and tagged is None:
            annotation = next(each for each in arguments if each is not type(None))
        else:
            return annotation, tagged


def _escape(character: str) -> str:
    if character == '"':
        return '\\"'
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
