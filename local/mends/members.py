"""The names of request and response members as state machines write and read them.

The rule is that of the member names in the AWS SDK for Java, which Step Functions uses
(https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html).
"""

from __future__ import annotations

import datetime
import json
import re
from typing import TypeAlias

from botocore.model import ListShape, MapShape, Shape, StructureShape

Json: TypeAlias = object

_TEXT_FROM_JSON = {
    ("sns", "message"),
    ("sqs", "messagebody"),
    ("events", "detail"),
    ("stepfunctions", "input"),
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}
_NAMES = {"long": "LONG", "structure": "OBJECT", "map": "OBJECT", "list": "LIST"}


class UnsupportedField(ValueError):
    """A field of the arguments that the integration does not know, or of the wrong type."""


def sdk_name(member: str) -> str:
    """What Step Functions calls a member: `desiredCount` is `DesiredCount`, `DNSName` is `DnsName`.

    The rule is that of the member names in the AWS SDK for Java: capitals at the start become one word,
    capitals further on stay.
    """
    match = re.match(r"[A-Z]+(?![a-z])", member)
    head = match.group() if match else member[:1]
    return head[:1].upper() + head[1:].lower() + member[len(head) :]


def request(service: str, parameters: dict[str, Json], shape: StructureShape) -> dict[str, Json]:
    """Translate arguments into what boto3 takes.

    Raises:
        UnsupportedField: With the sentence that Step Functions gives for it.
    """
    members = {sdk_name(name): name for name in shape.members} | {
        name[:1].upper() + name[1:]: name for name in shape.members
    }
    translated: dict[str, Json] = {}
    for key, value in parameters.items():
        if key not in members:
            raise UnsupportedField(f'The field "{key}" is not supported by Step Functions')
        name = members[key]
        translated[name] = _to_boto(service, name, value, shape.members[name])
    return translated


def _to_boto(service: str, name: str, value: Json, shape: Shape) -> Json:
    if (
        shape.type_name == "string"
        and not isinstance(value, str)
        and (service, name.lower()) in _TEXT_FROM_JSON
    ):
        return json.dumps(value, separators=(",", ":"))
    _check_type(name, value, shape)
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        return request(service, value, shape)
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_to_boto(service, name, item, shape.member) for item in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {key: _to_boto(service, key, item, shape.value) for key, item in value.items()}
    if shape.type_name == "blob" and not isinstance(value, bytes):
        return (value if isinstance(value, str) else json.dumps(value)).encode()
    return value


def _check_type(name: str, value: Json, shape: Shape) -> None:
    expected = _TYPES.get(shape.type_name)
    if expected is None or getattr(shape, "is_document_type", False):
        return
    if not isinstance(value, expected) or (isinstance(value, bool) and shape.type_name != "boolean"):
        kind = _NAMES.get(shape.type_name, shape.type_name.upper())
        raise UnsupportedField(f"The value for the field '{sdk_name(name)}' must be {_article(kind)} {kind}")


def _article(word: str) -> str:
    return "an" if word[0] in "AEIOU" else "a"


def response(value: Json, shape: Shape | None, *, iso: bool) -> Json:
    """Translate what boto3 returned into what a state machine reads.

    Args:
        value: The response, or a part of it.
        shape: Its shape; without one only times and streams are translated.
        iso: Times as ISO 8601 text; otherwise milliseconds since 1970.
    """
    if isinstance(value, datetime.datetime):
        return _time(value, iso=iso)
    if isinstance(value, dict) and isinstance(shape, StructureShape):
        return {
            sdk_name(key) if key in shape.members else key: response(item, shape.members.get(key), iso=iso)
            for key, item in value.items()
            if key != "ResponseMetadata"
        }
    if isinstance(value, dict) and isinstance(shape, MapShape):
        return {key: response(item, shape.value, iso=iso) for key, item in value.items()}
    if isinstance(value, list) and isinstance(shape, ListShape):
        return [response(item, shape.member, iso=iso) for item in value]
    if hasattr(value, "read"):
        return value.read().decode()
    return value


def _time(value: datetime.datetime, *, iso: bool) -> str | int:
    if not iso:
        return int(value.timestamp() * 1000)
    utc = value.astimezone(datetime.UTC)
    return utc.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
