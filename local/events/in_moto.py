"""Puts our matcher and router behind moto's EventBridge API."""

from __future__ import annotations

import json
import time
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.events.exceptions import InvalidEventPatternException
from moto.events.models import EventPattern

from local.events import pattern, pattern_rules, publish
from local.events.router import iso_time, new_event, wants
from local.mends.patching import Foreign, Mends

MENDS = Mends()

MODELS = "moto.events.models"
MOST_ENTRIES = 10
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
LARGEST_REQUEST = 262_144


@MENDS.replaces(f"{MODELS}:EventsBackend.put_events", "c56f6ac1f932")
def put_events(self: Foreign, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """moto lets anybody speak in the name of AWS, and delivers while the caller waits.

    https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
    """
    if len(events) > MOST_ENTRIES:
        message = (
            "1 validation error detected: Value '[PutEventsRequestEntry]' at 'entries' failed to satisfy "
            "constraint: Member must have length less than or equal to 10"
        )
        raise JsonRESTError("ValidationException", message)
    if sum(_size(entry) for entry in events) > LARGEST_REQUEST:
        raise JsonRESTError(
            "ValidationException", "Total size of the entries in the request is over the limit."
        )
    return [_put_entry(self, entry) for entry in events]


def _put_entry(backend: Foreign, entry: dict[str, Any]) -> dict[str, Any]:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return _refused(
                "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
            )
    if entry["Source"].startswith("aws."):
        return _refused("NotAuthorizedForSource", "Not authorized for the source.")
    try:
        detail = json.loads(entry["Detail"])
    except ValueError:
        detail = None
    if not isinstance(detail, dict):
        return _refused("MalformedDetail", "Detail is malformed.")
    event = new_event(
        entry["Source"],
        entry["DetailType"],
        detail,
        list(entry.get("Resources") or []),
        backend.account_id,
        backend.region_name,
    )
    event["time"] = iso_time(_seconds(entry.get("Time")))
    bus = backend._normalize_event_bus_arn(entry.get("EventBusName"))  # noqa: SLF001
    publish.router().accept(event, bus=bus)
    return {"EventId": event["id"]}


def _refused(code: str, message: str) -> dict[str, Any]:
    return {"ErrorCode": code, "ErrorMessage": message}


def _seconds(moment: Any) -> float:
    if moment is None:
        return time.time()
    return float(moment.timestamp() if hasattr(moment, "timestamp") else moment)


def _size(entry: dict[str, Any]) -> int:
    """Size as documented: 14 bytes for a time, and the texts in UTF-8."""
    texts = [entry.get(name) or "" for name in ("Source", "DetailType", "Detail")] + list(
        entry.get("Resources") or []
    )
    return (14 if entry.get("Time") else 0) + sum(len(str(text).encode()) for text in texts)


@MENDS.replaces(f"{MODELS}:Rule.send_to_targets", "472e002e2dab")
def send_to_targets(self: Foreign, original_event: Foreign, transform_input: bool = True) -> None:  # noqa: FBT001, FBT002, ARG001
    """moto knows three kinds of target, and sends to disabled rules, and to schedules whatever happens."""
    if wants(self, original_event):
        publish.router().send(self, original_event)


@MENDS.replaces(f"{MODELS}:EventPattern.matches_event", "3e71eb7ff590")
def matches_event(self: Foreign, event: Foreign) -> bool:
    """moto lets elements of an array match together, takes 1 for true, and `exists` for objects."""
    return pattern.matches(self.get_pattern(), event)


@MENDS.replaces(f"{MODELS}:EventPatternParser.parse", "2681906d428c")
def parse(self: Foreign) -> dict[str, Any]:
    """moto accepts operators that do not exist."""
    if not self.pattern:
        return {}
    try:
        return pattern_rules.parse(self.pattern)
    except pattern.InvalidPatternError as error:
        raise InvalidEventPatternException(reason=str(error)) from error


@MENDS.replaces("moto.events.responses:EventsHandler.test_event_pattern", "945d9dc74b3a")
def test_event_pattern(self: Foreign) -> Foreign:
    """moto has no TestEventPattern."""
    event = json.loads(self._get_param("Event"))
    wanted = EventPattern.load(self._get_param("EventPattern"))
    return json.dumps({"Result": wanted.matches_event(event)})
