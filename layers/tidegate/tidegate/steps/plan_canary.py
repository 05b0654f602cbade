"""See that a canary can begin, and open its record; nothing of the new one is changed in the world yet."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.canary import Canary
from tidegate.domain.deployment import Deployment
from tidegate.domain.judging import outlook
from tidegate.domain.strategy import CanarySettings
from tidegate.domain.traffic import LONGEST_STICKINESS
from tidegate.domain.workload import ServiceState
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.canaries import canary_of, settings_of
from tidegate.steps.canary_preflight import obstacle, strangers
from tidegate.steps.guard import check_owner, stopped_here
from tidegate.steps.scope import Scope, current_deployment, scope_of
from tidegate.steps.sticky_clients import longest
from tidegate.steps.withdrawing import finish, withdraw

PATIENCE = timedelta(minutes=20)
"""How long the tasks of the last canary may drain: a deregistration delay of 15 minutes, and something."""
LONGEST_WAIT = PATIENCE + timedelta(seconds=LONGEST_STICKINESS)
"""The same, where cookies of the last canary's clients have to expire as well."""
SHORTEST_PAUSE, LONGEST_PAUSE = 15, 60
"""Seconds until what is left is looked at again; a stop signal is not seen before."""


class Command(BaseModel):
    """``started_at`` is when the strategy began."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    started_at: datetime


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Check, and open the record. Idempotent: the record's id is that of the ledger's deployment.

    Returns:
        ``outcome`` ``ready``; ``draining`` while what is left of the canary before goes, with
        ``wait_seconds``; ``straight`` where there is nothing to compare with, so that the service is deployed
        without a canary; ``failed``, or the word of a stop signal.
    """
    scope = scope_of(ports, command.release, command.environment)
    stopped = stopped_here(scope)
    if stopped is not None:
        return {**stopped, "evidence": None}
    settings, deployment = settings_of(scope), current_deployment(ports, scope)
    if deployment is None or deployment.outcome is not None:
        raise Terminal(f"{scope.release.id} has no open deployment in {scope.environment.name}.")
    known = canary_of(ports, scope)
    if known is not None and known.id == deployment.id:
        return _ready(scope)
    environment = scope.environment
    state = ports.services.describe(environment.target, environment.cluster, environment.service)
    if state is None:
        where = f"service {environment.service} in cluster {environment.cluster}"
        return _result("failed", f"There is no active {where}.")
    left = _leftovers(command, ports)
    if left is not None:
        return left
    straight = _nothing_to_compare(scope, state, command.task_definition)
    if straight is not None:
        return _result("straight", straight)
    sentence = obstacle(ports, scope, state) or strangers(ports, scope)
    if sentence is not None:
        return _result("failed", sentence)
    check_owner(ports, command.service, command.environment, command.root)
    ports.canaries.open(_canary(command, ports, scope, settings, deployment, state))
    return _ready(scope)


def _leftovers(command: Command, ports: Ports) -> dict[str, Any] | None:
    """See the canary before this one to its end. The lock is ours, so nobody else does."""
    before = ports.canaries.get(command.service, command.environment)
    if before is None or before.phase == "ended":
        return None
    taken = withdraw(ports, before, command.root)
    if taken.outcome == "withdrawn" and finish(ports, taken.canary):
        return None
    now, until = ports.clock.now(), taken.canary.cookies_until
    waits_for_cookies = until is not None and now < until
    about = f" Its clients' cookies lead to it until {until:%H:%M:%S} UTC." if waits_for_cookies else ""
    reason = f"The canary of {before.release} has not gone yet.{about} {taken.reason}".strip()
    if now >= command.started_at + (LONGEST_WAIT if taken.canary.stickiness else PATIENCE):
        return _result("failed", reason)
    left = (until - now).total_seconds() if until is not None else 0
    pause = min(max(math.ceil(left), SHORTEST_PAUSE), LONGEST_PAUSE)
    return _result("draining", reason) | {"wait_seconds": pause}


def _nothing_to_compare(scope: Scope, state: ServiceState, task_definition: str) -> str | None:
    """Why a canary would tell nothing, or there is no way back from one; None when it makes sense."""
    if scope.past_no_return:
        return (
            "Its migration has run and nothing older can run any more: there is no stable side to compare "
            "with or to return to, so the service is deployed at once."
        )
    if state.task_definition == task_definition:
        return f"{state.name} has this task definition already."
    return None


def _canary(
    command: Command,
    ports: Ports,
    scope: Scope,
    settings: CanarySettings,
    deployment: Deployment,
    state: ServiceState,
) -> Canary:
    environment = scope.environment
    place = (environment.target, environment.cluster, environment.service)
    return Canary(
        id=deployment.id,
        release=scope.release.id,
        service=scope.service.name,
        environment=environment.name,
        attempt=scope.release.attempt,
        root=command.root,
        task_definition=command.task_definition,
        stable_task_definition=state.task_definition,
        opened_at=ports.clock.now(),
        scaling=ports.scaling.describe(*place),
        sticky_seconds=longest(ports, scope, settings),
        note=_note(ports, scope, settings),
    )


def _note(ports: Ports, scope: Scope, settings: CanarySettings) -> str:
    """What people should know of how sure the judge can be."""
    stored = ports.calibrations.get(scope.service.name, scope.environment.name)
    return outlook(settings, stored, ports.clock.now())


def _ready(scope: Scope) -> dict[str, Any]:
    return _result("ready", f"{scope.environment.name} is ready for a canary of {scope.release.id}.")


def _result(outcome: str, reason: str) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason, "evidence": None}
