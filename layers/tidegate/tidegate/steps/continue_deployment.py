"""Answer the pause of a blue/green deployment: green gets the traffic, or ECS takes it back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from tidegate.domain.canary import LEAVING, Canary, tells
from tidegate.domain.rollout import Evidence
from tidegate.errors import Transient
from tidegate.ports import Ports
from tidegate.steps.bake_record import bake_of
from tidegate.steps.blue_green import settings_of, sides
from tidegate.steps.canaries import change, open_canary
from tidegate.steps.guard import check_owner, stopped_here
from tidegate.steps.read_deployment import read
from tidegate.steps.scope import Scope, scope_of


class Command(BaseModel):
    """``outcome``, ``reason`` and ``evidence`` are those of the test checks."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    started_at: datetime
    outcome: str
    reason: str
    evidence: Evidence | None = None


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Decide, note the decision, then answer with an explicit action: without one ECS would go on.

    Everything that may have changed while the checks ran is looked at again. An answer that comes too late
    changes nothing: then ECS has rolled back by itself.

    Returns:
        ``outcome`` ``continued`` or ``returned``.

    Raises:
        Transient: ECS does not tell of the deployment for now.
    """
    scope = scope_of(ports, command.release, command.environment)
    canary = open_canary(ports, scope)
    if canary.shifted_at is None and canary.decision not in LEAVING:
        canary = _decide(command, ports, scope, canary)
    go_on = canary.decision not in LEAVING
    deployment = read(ports, scope, command.task_definition, command.started_at).deployment
    if deployment is None:
        # Going on as if it had been answered would test green again and again until ECS gives up.
        raise Transient(f"ECS tells of no deployment of {command.task_definition} that could be answered.")
    for hook in deployment.hooks:
        if hook.waits:
            check_owner(ports, command.service, command.environment, command.root)
            target = scope.environment.target
            ports.services.continue_deployment(target, deployment.arn, hook.id, go_on=go_on)
    if go_on:
        return {"outcome": "continued", "reason": "ECS switches the traffic to green."}
    return {"outcome": "returned", "reason": canary.reason[:2000]}


def _decide(command: Command, ports: Ports, scope: Scope, canary: Canary) -> Canary:
    """The record with the decision; what begins after this moment is judged."""
    stopped = stopped_here(scope)
    if stopped is not None:
        return change(ports, canary, lambda each: tells(each, "cancel", stopped["reason"]))
    if command.outcome != "passed":
        evidence = command.evidence
        return change(ports, canary, lambda each: tells(each, "roll_back", command.reason, evidence))
    red = _red_alarms(ports, scope)
    if red:
        reason = f"Alarm {', '.join(red)} is in ALARM before the switch."
        return change(ports, canary, lambda each: tells(each, "fail", reason))
    bake = bake_of(canary)
    if sides(ports, scope) != (bake.blue, bake.green):
        rule = settings_of(scope).production_rule
        reason = (
            f"Somebody else has changed listener rule {rule}: it no longer gives blue all of the traffic."
        )
        return change(ports, canary, lambda each: tells(each, "fail", reason))
    now = ports.clock.now()
    return change(ports, canary, lambda each: _switching(each, now))


def _switching(canary: Canary, now: datetime) -> Canary:
    if canary.over or canary.decision in LEAVING:
        return canary
    return replace(canary, phase="analysing", step=0, weight=100.0, shifted_at=now)


def _red_alarms(ports: Ports, scope: Scope) -> list[str]:
    """ECS ignores alarms that were red when its deployment began, so they are looked at here."""
    settings = scope.environment.strategy.alarms
    if not settings.names or settings.when_already_in_alarm == "accept":
        return []
    states = ports.alarms.states(scope.environment.target, settings.names)
    return [name for name in settings.names if states.get(name) == "ALARM"]
