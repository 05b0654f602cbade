"""Whether the tasks for the next step of a canary are there, healthy and warm, or will never be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from tidegate.domain import losses
from tidegate.domain.canary import Canary, canary_service, next_weight, tasks_for, tells
from tidegate.domain.rollout import CLOCK_SKEW, Evidence, evidence_of
from tidegate.domain.workload import ServiceDeployment, ServiceState
from tidegate.ports import Ports
from tidegate.steps.canaries import settings_of
from tidegate.steps.scope import Scope

BROKEN = ("STOPPED", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL",
          "ROLLBACK_FAILED")  # fmt: skip
"""States of a service deployment that will not bring the tasks any more."""
MOST_LOST = 1
"""A task that does not start, or does not live, may be one of a kind; a second one is none."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """The record after a look at the canary's capacity; `ready` once it is there, and warm."""

    canary: Canary
    ready: bool
    reason: str


def look(ports: Ports, scope: Scope, canary: Canary) -> Capacity:
    """Look at the tasks for the next step; the record says since when they are healthy.

    Tasks that served the present step need no further warm-up where the next one needs no more of them.
    """
    environment, settings = scope.environment, settings_of(scope)
    place, name = (environment.target, environment.cluster), canary_service(environment.service)
    stable = ports.services.describe(*place, environment.service)
    if stable is None:
        reason = f"The service {environment.service} is gone."
        return Capacity(tells(canary, "fail", reason), ready=False, reason=reason)
    needed = tasks_for(stable.desired, next_weight(canary, settings.steps))
    state = ports.services.describe(*place, name)
    healthy = _healthy(ports, scope, canary, state)
    if healthy >= needed:
        return _warm(ports, canary, timedelta(seconds=settings.warm_up_seconds), needed)
    canary = replace(canary, capacity_since=None)
    reason = f"{healthy} of {needed} tasks for the next step are healthy."
    return Capacity(_failing(ports, scope, canary, state, reason), ready=False, reason=reason)


def _healthy(ports: Ports, scope: Scope, canary: Canary, state: ServiceState | None) -> int:
    """How many tasks of the new version can take traffic."""
    if state is None or state.task_definition != canary.task_definition or not state.running:
        return 0
    group = settings_of(scope).canary_target_group
    targets = ports.target_groups.health(scope.environment.target, group)
    return min(state.running, sum(target.state == "healthy" for target in targets))


def _warm(ports: Ports, canary: Canary, warm_up: timedelta, needed: int) -> Capacity:
    now = ports.clock.now()
    canary = replace(canary, capacity_since=canary.capacity_since or now)
    since = canary.capacity_since or now
    reason = f"{needed} healthy tasks are there for the next step."
    return Capacity(canary, ready=now - since >= warm_up, reason=reason)


def _failing(ports: Ports, scope: Scope, canary: Canary, state: ServiceState | None, short: str) -> Canary:
    """The record with the decision to leave where the tasks will not come any more."""
    environment = scope.environment
    place, name = (environment.target, environment.cluster), canary_service(environment.service)
    if state is not None:
        broken = _broken(canary, ports.services.deployments(*place, name))
        if broken is not None:
            why = broken.rollback_reason or broken.status_reason or "no reason given"
            reason = f"ECS ended the canary's deployment as {broken.status}: {why.rstrip('.')}."
            return tells(canary, "fail", reason, _evidence(broken))
        stopped = ports.services.tasks(*place, name, stopped=True)
        gone = losses.lost(stopped, canary.task_definition, canary.opened_at, starting=True)
        if len(gone) > MOST_LOST:
            reason = f"The canary lost {len(gone)} tasks before it had its capacity.{losses.words(gone)}"
            return tells(canary, "fail", reason, "start")
    waited = ports.clock.now() - (canary.preparing_since or canary.opened_at)
    if waited < timedelta(seconds=settings_of(scope).timeout_seconds):
        return canary
    failed = state is not None and any(each.failed > 0 for each in state.deployments)
    return tells(canary, "fail", f"{short} The time for that is over.", "start" if failed else None)


def _broken(canary: Canary, deployments: tuple[ServiceDeployment, ...]) -> ServiceDeployment | None:
    """The deployment of the new version, where ECS has given it up."""
    for each in deployments:
        ours = each.task_definition == canary.task_definition
        if ours and each.created_at >= canary.opened_at - CLOCK_SKEW:
            return each if each.status in BROKEN or each.breaker == "TRIGGERED" else None
    return None


def _evidence(deployment: ServiceDeployment) -> Evidence | None:
    return evidence_of(deployment) or ("start" if deployment.failed > 0 else None)
