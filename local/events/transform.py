"""What a target receives: the event, a part of it, a constant, or a text made from a template.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from local.deliver import UndeliverableError

Event = dict[str, Any]
_PLACEHOLDER = re.compile(r"<([^<>]+)>")
_MISSING = object()


@dataclass(frozen=True)
class Source:
    """Where a transformation may take values from besides the event.

    Attributes:
        rule_arn: For `<aws.events.rule-arn>`.
        rule_name: For `<aws.events.rule-name>`.
        ingestion_time: For `<aws.events.event.ingestion-time>`, ISO 8601.
    """

    rule_arn: str
    rule_name: str
    ingestion_time: str


def payload_for(target: dict[str, Any], event: Event, source: Source) -> str:
    """The JSON text that a target receives.

    Raises:
        UndeliverableError: With this event the template does not become JSON.
    """
    if "Input" in target:
        return str(target["Input"])
    if path := target.get("InputPath"):
        found = at_path(path, event)
        return json.dumps(None if found is _MISSING else found)
    if transformer := target.get("InputTransformer"):
        return _transformed(transformer, event, source)
    return json.dumps(event)


def at_path(path: str, event: Event) -> Any:
    """The value at a path such as `$.detail.items[0].name`, all values for a path with `*`, or a marker."""
    if not path.startswith("$"):
        return _MISSING
    values: list[Any] = [event]
    several = False
    for name, index in re.findall(r"\.([^.\[\]]+)|\[([^\]]+)\]", path):
        step = (name or index).strip("'\"")
        several = several or step == "*"
        values = [found for value in values for found in _step(value, step, is_index=not name)]
    if several:
        return values
    return values[0] if values else _MISSING


def _step(value: Any, step: str, *, is_index: bool) -> list[Any]:
    if step == "*":
        return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if isinstance(value, list) and is_index and step.lstrip("-").isdigit():
        return value[int(step) :][:1]
    return [value[step]] if isinstance(value, dict) and step in value else []


def _transformed(transformer: dict[str, Any], event: Event, source: Source) -> str:
    values = {name: at_path(path, event) for name, path in (transformer.get("InputPathsMap") or {}).items()}
    values |= {
        "aws.events.rule-arn": source.rule_arn,
        "aws.events.rule-name": source.rule_name,
        "aws.events.event.ingestion-time": source.ingestion_time,
        "aws.events.event": {name: value for name, value in event.items() if name != "detail"},
        "aws.events.event.json": event,
    }
    template = transformer["InputTemplate"]
    if template.lstrip().startswith('"'):
        return _PLACEHOLDER.sub(lambda match: _in_sentence(values, match), template)
    text = _fill_json(template, values)
    try:
        json.loads(text)
    except ValueError as error:
        raise UndeliverableError(
            "INVALID_JSON", f"InputTemplate made no JSON: {text}", retryable=False
        ) from error
    return text


def _fill_json(template: str, values: dict[str, Any]) -> str:
    """Fill a JSON template: outside of quotes a value brings its own, inside it must not."""

    def fill(match: re.Match[str]) -> str:
        before = template[: match.start()]
        quoted = len(re.findall(r'(?<!\\)"', before)) % 2 == 1
        return _in_sentence(values, match) if quoted else _as_json(values, match)

    return _PLACEHOLDER.sub(fill, template)


def _as_json(values: dict[str, Any], match: re.Match[str]) -> str:
    if match[1] not in values:
        return match[0]
    value = values[match[1]]
    return '""' if value is _MISSING else json.dumps(value)


def _in_sentence(values: dict[str, Any], match: re.Match[str]) -> str:
    """A value between quotes: text is escaped, objects and lists lose their quotes."""
    if match[1] not in values:
        return match[0]
    value = values[match[1]]
    if value is _MISSING:
        return ""
    if isinstance(value, str):
        return json.dumps(value)[1:-1]
    if isinstance(value, list):
        return "[" + ",".join(str(one) for one in value) + "]"
    return json.dumps(value).replace('"', "")
