"""From CloudFormation properties to the parameters of an API call, by the shapes of botocore.

CloudFormation writes numbers and booleans as text and policies as objects, and begins every name with a
capital. A property that the API does not know is an error, as it is for CloudFormation.
"""

from __future__ import annotations

import json

from botocore.model import ListShape, MapShape, Shape, StructureShape

from local.cfn.template import Json
from local.mends.service_models import operation

_TRUE = {"true": True, "false": False}


class PropertyError(ValueError):
    """A property that the type does not have, or whose value it cannot have."""


def arguments(service: str, method: str, properties: dict[str, Json]) -> dict[str, Json]:
    """The arguments of a client method from properties of the same names.

    Raises:
        PropertyError: A property has no counterpart, or the wrong type.
    """
    shape = _input(service, method)
    if shape is None:
        return {}
    return _structure(properties, shape, "Properties")


def members(service: str, method: str) -> set[str]:
    """The names of a method's arguments, each with a capital first letter as CloudFormation has it."""
    shape = _input(service, method)
    return {_capital(name) for name in shape.members} if shape else set()


def _input(service: str, method: str) -> StructureShape | None:
    model = operation(service, method)
    if model is None:
        raise PropertyError(f"boto3 has no method {method} of {service}")
    return model.input_shape


def _structure(value: Json, shape: StructureShape, path: str) -> dict[str, Json]:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = json.loads(value)
    if not isinstance(value, dict):
        raise PropertyError(f"{path}: expected an object, not {value!r}")
    known = {_capital(name): name for name in shape.members} | {name: name for name in shape.members}
    converted = {}
    for key, item in value.items():
        if key not in known:
            raise PropertyError(f"{path}: Encountered unsupported property {key}")
        converted[known[key]] = convert(item, shape.members[known[key]], f"{path}/{key}")
    return converted


def convert(value: Json, shape: Shape, path: str) -> Json:
    """One value as the shape wants it."""
    if isinstance(shape, StructureShape):
        return _structure(value, shape, path)
    if isinstance(shape, ListShape):
        items = value if isinstance(value, list) else [value]
        return [convert(item, shape.member, f"{path}/{index}") for index, item in enumerate(items)]
    if isinstance(shape, MapShape):
        if isinstance(value, list):
            value = {item["Key"]: item["Value"] for item in value}  # tags, where the API has a map
        if not isinstance(value, dict):
            raise PropertyError(f"{path}: expected an object, not {value!r}")
        return {key: convert(item, shape.value, f"{path}/{key}") for key, item in value.items()}
    return _plain(value, shape.type_name, path)


def _plain(value: Json, kind: str, path: str) -> Json:
    try:
        if kind in {"integer", "long"}:
            return int(value)
        if kind in {"float", "double"}:
            return float(value)
    except (TypeError, ValueError) as error:
        raise PropertyError(f"{path}: expected a number, not {value!r}") from error
    if kind == "boolean" and not isinstance(value, bool):
        if str(value).lower() not in _TRUE:
            raise PropertyError(f"{path}: expected true or false, not {value!r}")
        return _TRUE[str(value).lower()]
    if kind == "string" and not isinstance(value, str):
        return _text(value)
    return value


def _text(value: Json) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
