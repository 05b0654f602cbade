"""Verify that what was deployed is what runs, and that it is healthy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain import verification
from tidegate.domain.images import parse_image
from tidegate.domain.rollout import Evidence
from tidegate.domain.verification import Check, Expected
from tidegate.domain.workload import TargetState
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.analysis import analyse
from tidegate.steps.blue_green import TRAFFIC, carrying_groups
from tidegate.steps.guard import stopped_here
from tidegate.steps.scope import Scope, scope_of

GRACE = timedelta(seconds=180)
"""How long what is not known yet may stay unknown: target health follows registration by some intervals."""
UNREADABLE = "target group"
"""The name of a check that failed because a target group could not be read: it says nothing of the image."""
NOT_THE_IMAGE = ("service", "revision", "digests", verification.NO_TASK, UNREADABLE, TRAFFIC)
"""What fails these is not the image: then nothing else that fails is held against it either."""
THE_IMAGE = ("tasks", "containers", "container health", "targets of ")
"""How the names of those checks begin that, failed or never passed, speak against the image."""


class Command(BaseModel):
    """``started_at`` is when verifying began."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """The lines of a verification, and the alarms among them that are red."""

    checks: tuple[Check, ...]
    red: tuple[str, ...] = ()


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Passed only when every line passes; what is still pending when the grace is over has failed."""
    scope = scope_of(ports, command.release, command.environment)
    stopped = stopped_here(scope)
    if stopped is not None:
        return {**stopped, "evidence": None, "checks": []}
    seen = look(ports, scope, command.task_definition, scope.release.digests)
    status = verification.outcome(seen.checks)
    late = ports.clock.now() >= command.started_at + GRACE
    if status == "pending" and not late:
        return _result("pending", verification.sentence(seen.checks, "pending"), seen)
    if status == "passed":
        return _result("passed", "What was deployed is what runs, and it is healthy.", seen)
    reason = verification.sentence(seen.checks, "failed") or verification.sentence(seen.checks, "pending")
    words = analyse(ports, scope, command.task_definition, since=command.started_at, name="verification")
    return _result("failed", f"{reason}{words}", seen, _evidence(seen, status))


def look(ports: Ports, scope: Scope, task_definition: str, digests: Mapping[str, str]) -> Seen:
    """Read the world and compare it with what must run."""
    alarms = scope.environment.strategy.alarms
    names = alarms.names if alarms.when_already_in_alarm == "refuse" else ()
    found = ports.alarms.states(scope.environment.target, names) if names else {}
    return _look(ports, scope, task_definition, digests, {name: found.get(name) for name in names})


def look_back(ports: Ports, scope: Scope, task_definition: str, digests: Mapping[str, str]) -> Seen:
    """The same of what must run again.

    Then an alarm says nothing: the one that brought us here is still red for a while. And a service that
    wants no task has been brought back once it has its task definition.
    """
    seen = _look(ports, scope, task_definition, digests, {})
    return replace(seen, checks=tuple(each for each in seen.checks if each.name != verification.NO_TASK))


def _look(
    ports: Ports,
    scope: Scope,
    task_definition: str,
    digests: Mapping[str, str],
    alarms: Mapping[str, str | None],
) -> Seen:
    environment = scope.environment
    place = (environment.target, environment.cluster, environment.service)
    state = ports.services.describe(*place)
    groups, traffic = carrying_groups(ports, scope, state.target_groups) if state else ((), ())
    targets, unreadable = _target_health(ports, scope, groups)
    checks = verification.verify(
        _expected(ports, scope, task_definition, digests),
        state,
        ports.services.tasks(*place) if state else (),
        targets,
        alarms,
    )
    red = tuple(name for name, state in alarms.items() if state == "ALARM")
    return Seen((*checks, *traffic, *unreadable), red)


def _target_health(
    ports: Ports, scope: Scope, groups: tuple[str, ...]
) -> tuple[dict[str, tuple[TargetState, ...]], list[Check]]:
    """The targets of every group; one that is gone is a failed line, so that a restore can still say so."""
    targets: dict[str, tuple[TargetState, ...]] = {}
    unreadable: list[Check] = []
    for group in groups:
        try:
            targets[group] = ports.target_groups.health(scope.environment.target, group)
        except Terminal as error:
            unreadable.append(Check(UNREADABLE, "failed", f"{group} cannot be read: {error}"))
    return targets, unreadable


def _expected(ports: Ports, scope: Scope, task_definition: str, digests: Mapping[str, str]) -> Expected:
    described = ports.task_definitions.describe(scope.environment.target, task_definition)
    containers = described.get("containerDefinitions", [])
    pinned = {str(each["name"]): parse_image(str(each.get("image", ""))).digest for each in containers}
    return Expected(
        task_definition,
        digests,
        frozenset(str(each["name"]) for each in containers if each.get("healthCheck")),
        {name: digest for name, digest in pinned.items() if digest and name not in digests},
    )


def _evidence(seen: Seen, status: str) -> Evidence | None:
    """What the lines of the worst status say against the image, if they say anything of it."""
    if any(check.status == "failed" and check.name in NOT_THE_IMAGE for check in seen.checks):
        return None
    if seen.red:
        return "alarm"
    worst = [check.name for check in seen.checks if check.status == status]
    return "health" if any(name.startswith(THE_IMAGE) for name in worst) else None


def _result(outcome: str, reason: str, seen: Seen, evidence: Evidence | None = None) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "reason": reason[:2000],
        "evidence": evidence,
        "checks": [asdict(check) for check in seen.checks],
    }
