"""Read how a deployment stands: the service deployment and the service, never the event."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.rollout import Rollout, assess
from tidegate.ports import Ports
from tidegate.steps.analysis import analyse
from tidegate.steps.guard import stopped_here
from tidegate.steps.scope import Scope, scope_of


class Command(BaseModel):
    """``started_at`` is when the strategy began: its timeout counts from there."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    started_at: datetime


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Decide from what ECS says now; progress goes to the journal, a failure carries its analysis."""
    scope = scope_of(ports, command.release, command.environment)
    rollout = read(ports, scope, command.task_definition, command.started_at)
    log_progress(ports, scope, rollout)
    if rollout.outcome == "in_progress":
        stopped = stopped_here(scope)
        return {**stopped, "evidence": None} if stopped else _result(rollout)
    if rollout.outcome == "succeeded":
        return _result(rollout)
    words = analyse(ports, scope, command.task_definition, since=command.started_at, name="deployment")
    result = _result(rollout)
    return {**result, "reason": f"{result['reason']}{words}"[:3000]}


def read(ports: Ports, scope: Scope, task_definition: str, started_at: datetime) -> Rollout:
    """How the deployment of a task definition stands in the environment."""
    environment = scope.environment
    place = (environment.target, environment.cluster, environment.service)
    state = ports.services.describe(*place)
    return assess(
        state,
        ports.services.deployments(*place) if state is not None else (),
        task_definition=task_definition,
        since=started_at,
        now=ports.clock.now(),
        deadline=started_at + timedelta(seconds=environment.strategy.timeout_seconds),
    )


def _result(rollout: Rollout) -> dict[str, Any]:
    return {"outcome": rollout.outcome, "reason": rollout.reason, "evidence": rollout.evidence}


def log_progress(ports: Ports, scope: Scope, rollout: Rollout) -> None:
    """The batch log: one entry whenever the counts have moved."""
    if rollout.deployment is None:
        return
    each = rollout.deployment
    figures = {
        "status": each.status,
        "requested": each.requested,
        "running": each.running,
        "pending": each.pending,
        "failed": each.failed,
    }
    key = f"rollout/{each.arn.rpartition('/')[2]}/" + "/".join(str(figure) for figure in figures.values())
    entry = {"environment": scope.environment.name, **figures}
    ports.journal.append(scope.release.id, "deployment.progress", entry, at=ports.clock.now(), key=key)
