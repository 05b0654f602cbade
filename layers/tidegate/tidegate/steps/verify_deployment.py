"""Verify that what was deployed is what runs, and that it is healthy."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain import verification
from tidegate.domain.verification import Check, Expected
from tidegate.ports import Ports
from tidegate.steps.analysis import analyse
from tidegate.steps.guard import told_to_stop
from tidegate.steps.scope import Scope, scope_of

GRACE = timedelta(seconds=180)
"""How long what is not known yet may stay unknown: target health follows registration by some intervals."""


class Command(BaseModel):
    """``started_at`` is when verifying began."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    started_at: datetime


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Passed only when every line passes; what is still pending when the grace is over has failed."""
    scope = scope_of(ports, command.release, command.environment)
    stopped = told_to_stop(scope.release)
    if stopped is not None:
        return {**stopped, "evidence": None, "checks": []}
    checks = look(ports, scope, command.task_definition, scope.release.digests)
    status = verification.outcome(checks)
    late = ports.clock.now() >= command.started_at + GRACE
    if status == "pending" and not late:
        return _result("pending", verification.sentence(checks, "pending"), checks)
    if status == "passed":
        return _result("passed", "What was deployed is what runs, and it is healthy.", checks)
    reason = verification.sentence(checks, "failed") or verification.sentence(checks, "pending")
    words = analyse(ports, scope, command.task_definition, since=command.started_at, name="verification")
    return _result("failed", f"{reason}{words}", checks)


def look(ports: Ports, scope: Scope, task_definition: str, digests: dict[str, str]) -> tuple[Check, ...]:
    """Read the world and compare it with what must run."""
    environment = scope.environment
    place = (environment.target, environment.cluster, environment.service)
    state = ports.services.describe(*place)
    alarms = environment.strategy.alarms
    names = alarms.names if alarms.when_already_in_alarm == "refuse" else ()
    found = ports.alarms.states(environment.target, names) if names else {}
    return verification.verify(
        Expected(task_definition, digests, _health_checked(ports, scope, task_definition)),
        state,
        ports.services.tasks(*place) if state else (),
        {
            group: ports.target_groups.health(environment.target, group)
            for group in (state.target_groups if state else ())
        },
        {name: found.get(name) for name in names},
    )


def _health_checked(ports: Ports, scope: Scope, task_definition: str) -> frozenset[str]:
    described = ports.task_definitions.describe(scope.environment.target, task_definition)
    return frozenset(
        str(container["name"])
        for container in described.get("containerDefinitions", [])
        if container.get("healthCheck")
    )


def _result(outcome: str, reason: str, checks: tuple[Check, ...]) -> dict[str, Any]:
    failed = [check for check in checks if check.status == "failed"]
    evidence = None
    if outcome == "failed":
        alarm = any(check.name.startswith("alarm ") for check in failed)
        evidence = "alarm" if alarm else "health"
        if any(check.name in ("service", "revision", "digests") for check in failed):
            evidence = None
    return {
        "outcome": outcome,
        "reason": reason[:2000],
        "evidence": evidence,
        "checks": [asdict(check) for check in checks],
    }
