"""What a pulse makes of a canary: one look at everything, one record, one decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from tidegate.domain.canary import LEAVING, Canary, JudgedPeriod, tells
from tidegate.domain.pacing import pace
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports
from tidegate.steps import canary_health, canary_readiness
from tidegate.steps.canaries import settings_of
from tidegate.steps.canary_figures import Judged, judge, standing
from tidegate.steps.scope import Scope

SEEN = timedelta(seconds=30)
"""How exactly the record says when the pulse looked last."""

T = TypeVar("T")


class Attempts:
    """Tries one thing after another; what fails does not keep the others from being tried."""

    def __init__(self) -> None:
        self.failure: Transient | Terminal | None = None

    def ask(self, call: Callable[[], T], otherwise: T) -> T:
        """The result of a call, or something else when it fails; the first failure is kept."""
        try:
            return call()
        except (Transient, Terminal) as error:
            self.failure = self.failure or error
            return otherwise

    def finish(self) -> None:
        """Raise what failed first, now that everything has been tried."""
        if self.failure is not None:
            raise self.failure


@dataclass(frozen=True, slots=True)
class Looked:
    """The record as it should be now, and the periods that were judged for it."""

    canary: Canary
    periods: tuple[JudgedPeriod, ...] = ()


def look(ports: Ports, scope: Scope, canary: Canary, attempts: Attempts) -> Looked:
    """Look at all that can end a canary or let it go on, the most urgent first; nothing is changed by it.

    Whatever cannot be read is taken for unknown, which ends nothing and lets nothing pass.
    """
    canary = seen(ports, canary)
    for check in (canary_health.alarms, canary_health.workload, canary_health.rules):
        canary = attempts.ask(partial(check, ports, scope, canary), canary)
        if canary.decision in LEAVING:
            return Looked(canary)
    judged = attempts.ask(partial(judge, ports, scope, canary), Judged(canary))
    go_on = attempts.failure is None
    follow = partial(_follow, ports, scope, judged.canary, go_on=go_on)
    return Looked(attempts.ask(follow, judged.canary), judged.periods)


def seen(ports: Ports, canary: Canary) -> Canary:
    """The record with the time of this look, unless the one that it has will do."""
    now = ports.clock.now()
    if canary.seen_at is not None and now - canary.seen_at < SEEN:
        return canary
    return replace(canary, seen_at=now)


def _follow(ports: Ports, scope: Scope, canary: Canary, *, go_on: bool) -> Canary:
    """The record with what follows from the judge's verdict, the time, and the tasks that are there.

    Args:
        ports: The world.
        scope: The canary's release and environment.
        canary: The record.
        go_on: Whether all has been looked at; otherwise the canary may return, but not go on.
    """
    if canary.step < 0:
        return _first(ports, scope, canary, go_on=go_on)
    now = pace(settings_of(scope), standing(ports, scope, canary))
    if now.move == "roll_back":
        return tells(canary, "roll_back", now.reason, now.evidence)
    if canary.decision != "none" or canary.shifted_at is None:
        return canary  # People are being asked, or the machine is changing the weights.
    if now.move == "ask":
        return replace(tells(canary, "ask", now.reason), phase="asking")
    if now.move == "promote":
        return tells(canary, "promote", now.reason) if go_on else canary
    if now.move == "next" and canary.phase != "preparing":
        canary = _preparing(ports, scope, canary)
    if canary.phase != "preparing":
        return canary
    seen_now = canary_readiness.look(ports, scope, canary)
    is_over = seen_now.ready and now.move == "next" and go_on
    return tells(seen_now.canary, "advance", now.reason) if is_over else seen_now.canary


def _first(ports: Ports, scope: Scope, canary: Canary, *, go_on: bool) -> Canary:
    """The record of a canary that has had no traffic yet."""
    if canary.decision != "none":
        return canary
    seen_now = canary_readiness.look(ports, scope, canary)
    return tells(seen_now.canary, "advance", seen_now.reason) if seen_now.ready and go_on else seen_now.canary


def _preparing(ports: Ports, scope: Scope, canary: Canary) -> Canary:
    """The step is over: its traffic flows on, and is judged on, while the next one's tasks are made.

    Where the next one needs no more tasks than there are, these have served the step: they are warm.
    """
    warm_up = timedelta(seconds=settings_of(scope).warm_up_seconds)
    since = (canary.shifted_at or canary.opened_at) - warm_up
    return replace(canary, phase="preparing", preparing_since=ports.clock.now(), capacity_since=since)
