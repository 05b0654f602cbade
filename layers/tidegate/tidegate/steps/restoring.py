"""How far a service is on its way back: for the step that restores it and for the one that waits for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Literal

from tidegate.domain.rollout import CLOCK_SKEW, assess
from tidegate.domain.workload import ServiceDeployment, ServiceState
from tidegate.ports import Ports
from tidegate.steps.scope import Scope

Phase = Literal["gone", "other_in_flight", "to_deploy", "under_way", "arrived", "failed"]
WAITING: frozenset[Phase] = frozenset({"other_in_flight", "under_way"})
"""The phases in which only ECS can go on."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a service is from running a task definition again.

    Attributes:
        phase: What comes next; ``other_in_flight`` while ECS works on another task definition.
        reason: The same in a sentence.
        since: When the restore had the lock: time counts from there, not from when it began to wait for it.
        newest: The newest service deployment.
    """

    phase: Phase
    reason: str
    since: datetime
    newest: ServiceDeployment | None = None


def progress(ports: Ports, scope: Scope, task_definition: str, started_at: datetime) -> Progress:
    """Read the service and judge how far it is on its way back to a task definition."""
    environment = scope.environment
    lock = ports.locks.holder(scope.service.name, environment.name)
    since = max(started_at, lock.acquired_at) if lock else started_at
    place = (environment.target, environment.cluster, environment.service)
    state = ports.services.describe(*place)
    if state is None:
        return Progress("gone", "The ECS service, or its cluster, is gone.", since)
    deployments = ports.services.deployments(*place)
    deadline = since + timedelta(seconds=environment.strategy.timeout_seconds)
    phase, reason = _judge(state, deployments, task_definition, since, ports.clock.now(), deadline)
    return Progress(phase, reason, since, deployments[0] if deployments else None)


def _judge(
    state: ServiceState,
    deployments: Sequence[ServiceDeployment],
    arn: str,
    since: datetime,
    now: datetime,
    deadline: datetime,
) -> tuple[Phase, str]:
    newest = deployments[0] if deployments else None
    if newest is not None and newest.in_flight and newest.task_definition != arn:
        if now >= deadline:
            return "failed", f"A deployment is still {newest.status}, and the time allowed is over."
        return "other_in_flight", "ECS takes the deployment in flight back."
    if state.task_definition != arn:
        return _elsewhere(state, newest, arn, since, late=now >= deadline)
    # What was deployed before somebody else's deployment is history: only what came last tells of us.
    ours = tuple(takewhile(lambda each: each.task_definition == arn, deployments))
    rollout = assess(state, ours, task_definition=arn, since=since, now=now, deadline=deadline)
    if rollout.outcome == "in_progress":
        return "under_way", rollout.reason
    return ("arrived" if rollout.outcome == "succeeded" else "failed"), rollout.reason


def _elsewhere(
    state: ServiceState, newest: ServiceDeployment | None, arn: str, since: datetime, *, late: bool
) -> tuple[Phase, str]:
    """The service has another task definition, be it the bad one or what ECS itself went back to."""
    runs = state.task_definition.rpartition("/")[2]
    if newest is not None and newest.task_definition == arn:
        if newest.in_flight:
            return "under_way", f"The deployment is {newest.status}."
        if newest.created_at >= since - CLOCK_SKEW and newest.status != "SUCCESSFUL":
            why = newest.rollback_reason or newest.status_reason or "no reason given"
            return "failed", f"ECS ended it as {newest.status}: {why.rstrip('.')}. The service runs {runs}."
    if late:
        return "failed", f"The service still runs {runs}, and the time allowed is over."
    return "to_deploy", f"The service runs {runs}."
