"""Verify that the listener rules have the weights of the step; from then on its traffic is judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.canary import LEAVING, Canary, tells
from tidegate.domain.traffic import gives
from tidegate.errors import Transient
from tidegate.ports import Ports
from tidegate.steps.canaries import change, open_canary, rules_of, settings_of
from tidegate.steps.scope import Scope, scope_of

PATIENCE = timedelta(seconds=4)
"""How long the rules may show other weights than they were given a moment ago: well within the Retry of the
state, which has some 15 seconds, so that what is wrong is said before the retries are used up."""


class Command(BaseModel):
    """``entered_at`` is when the machine began to verify."""

    root: str
    release: str
    service: str
    environment: str
    entered_at: datetime


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Note since when the weights hold. A bad result stands in the record, where the machine finds it.

    Raises:
        Transient: they do not hold yet.
    """
    scope = scope_of(ports, command.release, command.environment)
    canary = open_canary(ports, scope)
    if canary.over or canary.decision in LEAVING:
        return {"outcome": "leaving", "reason": canary.reason}
    if canary.shifted_at is not None:
        return _verified(canary)
    wrong = _wrong(ports, scope, canary)
    now = ports.clock.now()
    if wrong is None:
        return _verified(change(ports, canary, lambda each: _analysing(each, now)))
    if now < command.entered_at + PATIENCE:
        raise Transient(wrong)
    canary = change(ports, canary, lambda each: tells(each, "fail", wrong))
    return {"outcome": "leaving", "reason": canary.reason}


def _wrong(ports: Ports, scope: Scope, canary: Canary) -> str | None:
    """The sentence on the first rule that has other weights; None when all are right."""
    settings = settings_of(scope)
    rules = rules_of(ports, scope, settings)
    for arn in settings.listener_rules:
        rule = rules.get(arn)
        if rule is None:
            return f"Listener rule {arn} is gone."
        if not gives(rule, canary.weight, settings.canary_target_group):
            share = rule.share(settings.canary_target_group)
            return (
                f"Listener rule {arn} gives the canary {share:g} %, although it was set to give "
                f"{canary.weight:g} %."
            )
    return None


def _analysing(canary: Canary, now: datetime) -> Canary:
    """The decision has been followed, unless there is another one by now."""
    if canary.over or canary.shifted_at is not None:
        return canary
    canary = replace(canary, shifted_at=now, capacity_since=None, preparing_since=None)
    return replace(canary, phase="analysing", decision="none") if canary.decision == "advance" else canary


def _verified(canary: Canary) -> dict[str, Any]:
    return {"outcome": "verified", "reason": f"The canary has {canary.weight:g} % of the traffic."}
