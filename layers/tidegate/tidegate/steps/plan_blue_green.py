"""See that a blue/green deployment can begin, and open the record of its bake; nothing is deployed yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.bake import dispersion_of, figures_of_group, first_bake
from tidegate.domain.canary import Canary
from tidegate.domain.deployment import Deployment
from tidegate.domain.workload import ServiceState
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.blue_green import obstacle, settings_of, sides
from tidegate.steps.canaries import canary_of, close, ensure_pulse
from tidegate.steps.guard import check_owner, stopped_here
from tidegate.steps.scope import Scope, current_deployment, scope_of

HISTORY = timedelta(hours=3)
"""How far back the bursts in which blue's bad responses come are measured."""


class Command(BaseModel):
    """``task_definition`` is the ARN to deploy."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Check, open the record and start the pulse: from then on somebody sees when nobody is left to answer.

    Idempotent: the record's id is that of the ledger's deployment.

    Returns:
        ``outcome`` ``ready``, ``failed``, or the word of a stop signal.
    """
    scope = scope_of(ports, command.release, command.environment)
    stopped = stopped_here(scope)
    if stopped is not None:
        return {**stopped, "evidence": None}
    deployment, environment = current_deployment(ports, scope), scope.environment
    if deployment is None or deployment.outcome is not None:
        raise Terminal(f"{scope.release.id} has no open deployment in {environment.name}.")
    known = canary_of(ports, scope)
    if known is not None and known.id == deployment.id:
        ensure_pulse(ports, known)
        return _ready(scope)
    state = ports.services.describe(environment.target, environment.cluster, environment.service)
    if state is None:
        where = f"service {environment.service} in cluster {environment.cluster}"
        return _result("failed", f"There is no active {where}.")
    if state.task_definition == command.task_definition:
        return _ready(scope)  # It runs already: ECS has nothing to deploy, so there is nothing to judge.
    sentence = _leftover(ports, command) or obstacle(ports, scope, state)
    if sentence is not None:
        return _result("failed", sentence)
    canary = _canary(command, ports, scope, deployment, state)
    check_owner(ports, command.service, command.environment, command.root)
    ensure_pulse(ports, ports.canaries.open(canary))
    return _ready(scope)


def _leftover(ports: Ports, command: Command) -> str | None:
    """End the record of a bake that nobody has ended; the lock is ours, so nobody needs it any more.

    What is left of a canary, from when the environment had that strategy, is not ours to take back.
    """
    before = ports.canaries.get(command.service, command.environment)
    if before is None or before.phase == "ended":
        return None
    if before.strategy != "blue_green":
        return f"The canary of {before.release} has not gone yet; its pulse is seeing to that."
    now = ports.clock.now()
    close(ports, before, lambda each: replace(each, phase="ended", ended_at=now))
    return None


def _canary(
    command: Command, ports: Ports, scope: Scope, deployment: Deployment, state: ServiceState
) -> Canary:
    settings, now = settings_of(scope), ports.clock.now()
    found = sides(ports, scope)
    if found is None:
        raise Terminal(f"{settings.production_rule} no longer gives all traffic to one target group.")
    blue, green = found
    figures = figures_of_group(settings, blue)
    series = ports.metrics.read(scope.environment.target, figures.queries, since=now - HISTORY, until=now)
    bake = first_bake(settings.bake, blue, green, dispersion_of(figures, series))
    return Canary(
        id=deployment.id,
        release=scope.release.id,
        service=command.service,
        environment=command.environment,
        attempt=scope.release.attempt,
        root=command.root,
        task_definition=command.task_definition,
        stable_task_definition=state.task_definition,
        opened_at=now,
        strategy="blue_green",
        judge=bake.to_json(),
    )


def _ready(scope: Scope) -> dict[str, Any]:
    return _result("ready", f"{scope.environment.name} is ready to switch to {scope.release.id}.")


def _result(outcome: str, reason: str) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason, "evidence": None}
