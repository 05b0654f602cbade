"""The way of an event from a bus, through the rules that match, to their targets."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections import deque
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from moto.events.models import events_backends

from local.events.habits import deliveries
from local.events.retries import Attempt, Retries
from local.events.targets import deliver_to_target

if TYPE_CHECKING:
    from moto.events.models import Rule

    from local.timers import Timers

log = logging.getLogger(__name__)

Event = dict[str, Any]
MOST_KEPT = 5000


@dataclass
class Passage:
    """What became of one event: which rules matched, and what their targets said."""

    event: Event
    bus: str
    rules: list[str] = field(default_factory=list)
    delivered: list[str] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)

    def public(self) -> dict[str, Any]:
        """The passage as JSON."""
        return asdict(self)


class Router:
    """Hands events to the targets of matching rules, in the background."""

    def __init__(self, timers: Timers, time_scale: float) -> None:
        self._timers = timers
        self._retries = Retries(timers, time_scale)
        self._passages: deque[Passage] = deque(maxlen=MOST_KEPT)

    def accept(self, event: Event, *, bus: str = "default") -> None:
        """Take an event in; the targets get it later."""
        passage = Passage(event, bus)
        self._passages.append(passage)
        buses = events_backends[event["account"]][event["region"]].event_buses
        if bus not in buses:
            return
        for rule in list(buses[bus].rules.values()):
            if wants(rule, event):
                passage.rules.append(rule.name)
                self.send(rule, event, passage)

    def send(self, rule: Rule, event: Event, passage: Passage | None = None) -> None:
        """Send an event to all targets of a rule, whether or not it matches."""
        passage = passage or Passage(event, rule.event_bus_name, [rule.name])
        for target in list(rule.targets):
            for delay in deliveries.delays():
                self._timers.after(delay, partial(self._deliver, rule, target, event, passage))

    def make_attempt(self, attempt: Attempt, *, after_s: float = 0.0) -> None:
        """Make a delivery of another service, with the same retries and dead letters."""
        self._timers.after(after_s, lambda: self._retries.attempt(attempt))

    def close(self) -> None:
        """Deliver nothing more."""
        self._timers.close()

    def passages(self) -> list[Passage]:
        """The events of late, oldest first."""
        return list(self._passages)

    def forget(self) -> None:
        """Forget the events of late."""
        self._passages.clear()

    def _deliver(self, rule: Rule, target: dict[str, Any], event: Event, passage: Passage) -> None:
        def failed(code: str, message: str) -> None:
            log.warning("Rule %s could not reach %s: %s: %s", rule.name, target["Arn"], code, message)
            passage.failed.append({"target": target["Arn"], "code": code, "message": message})

        self._retries.attempt(
            Attempt(
                deliver=lambda: deliver_to_target(rule, target, event),
                delivered=lambda: passage.delivered.append(target["Arn"]),
                failed=failed,
                policy=target.get("RetryPolicy") or {},
                dead_letter_arn=(target.get("DeadLetterConfig") or {}).get("Arn"),
                letter=json.dumps(event),
                source_arn=rule.arn,
                target_arn=target["Arn"],
            )
        )


def wants(rule: Rule, event: Any) -> bool:
    """Whether the event is for this rule; one with a schedule only has no pattern, and matches nothing."""
    return (
        rule.state.startswith("ENABLED")
        and rule.event_pattern.dump() is not None
        and rule.event_pattern.matches_event(event)
    )


def new_event(
    source: str, detail_type: str, detail: dict[str, Any], resources: list[str], account: str, region: str
) -> Event:
    """An event with the fields that EventBridge adds.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html
    """
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": detail_type,
        "source": source,
        "account": account,
        "time": iso_time(time.time()),
        "region": region,
        "resources": resources,
        "detail": detail,
    }


def iso_time(moment: float) -> str:
    """A time as events carry it: whole seconds, UTC."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
