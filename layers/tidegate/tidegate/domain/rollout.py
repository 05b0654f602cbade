"""How a native ECS deployment stands, read from its service deployment and never from an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from tidegate.domain.workload import ServiceDeployment, ServiceState

Evidence = Literal["start", "health", "check", "judge", "alarm"]
"""The kinds of evidence against a digest for which it is quarantined."""

CLOCK_SKEW = timedelta(seconds=2)
"""ECS stamps a service deployment with its own clock; ours may differ by this much."""

RolloutOutcome = Literal["in_progress", "succeeded", "rolled_back", "failed"]


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a deployment has come to, a sentence, and the evidence against the image, if there is any."""

    outcome: RolloutOutcome
    reason: str
    evidence: Evidence | None = None
    deployment: ServiceDeployment | None = None


def assess(
    service: ServiceState | None,
    deployments: Sequence[ServiceDeployment],
    *,
    task_definition: str,
    since: datetime,
    now: datetime,
    deadline: datetime,
) -> Rollout:
    """Judge the deployment of a task definition.

    Args:
        service: The service as it is, None when it is gone.
        deployments: Its service deployments, newest first.
        task_definition: The ARN that was deployed.
        since: When we started: older service deployments of the same task definition are history.
        now: The time of the reading.
        deadline: From then on a deployment that is not through has failed.

    Returns:
        Success only for a service deployment that ECS calls SUCCESSFUL while the service runs this task
        definition and nothing else. A status that this version does not know is never success.
    """
    if service is None:
        return Rollout("failed", "The ECS service, or its cluster, is gone.")
    ours = _ours(deployments, task_definition, since)
    if ours is None:
        if service.task_definition == task_definition and service.settled and service.pending == 0:
            return Rollout("succeeded", "The service runs this task definition already.")
        return _wait(None, now, deadline, "ECS has not started the deployment")
    newer = next((each for each in deployments if each.created_at > ours.created_at), None)
    if newer is not None and newer.task_definition is not None and not _went_back(ours):
        return Rollout("failed", f"Somebody else deployed {newer.task_definition} meanwhile.", None, ours)
    return _by_status(service, ours, task_definition, now, deadline)


def _by_status(
    service: ServiceState, ours: ServiceDeployment, task_definition: str, now: datetime, deadline: datetime
) -> Rollout:
    if ours.status == "SUCCESSFUL":
        if service.task_definition != task_definition:
            return Rollout("failed", f"The service runs {service.task_definition} instead.", None, ours)
        if service.settled:
            return Rollout("succeeded", "ECS reports the deployment as SUCCESSFUL.", None, ours)
        return _wait(ours, now, deadline, "ECS has not retired the old deployment")
    if ours.status == "ROLLBACK_SUCCESSFUL":
        return Rollout(
            "rolled_back", f"ECS rolled the deployment back: {_why(ours)}", evidence_of(ours), ours
        )
    if ours.status in ("ROLLBACK_FAILED", "STOPPED"):
        return Rollout(
            "failed", f"ECS ended the deployment as {ours.status}: {_why(ours)}", evidence_of(ours), ours
        )
    return _wait(
        ours, now, deadline, f"The deployment is {ours.status}, {ours.running} of {ours.requested} tasks run"
    )


def evidence_of(deployment: ServiceDeployment) -> Evidence | None:
    """What a failed service deployment says against the image; a stop on request says nothing."""
    if deployment.alarms:
        return "alarm"
    if deployment.breaker == "TRIGGERED":
        return "start"
    return None


def _ours(
    deployments: Sequence[ServiceDeployment], task_definition: str, since: datetime
) -> ServiceDeployment | None:
    """The newest deployment of the task definition that is not history.

    One from before we started still counts when it is the newest of all and was successful: then the service
    runs what was asked for and ECS had nothing to deploy.
    """
    newest = max(deployments, key=lambda each: each.created_at, default=None)
    matching = [each for each in deployments if each.task_definition == task_definition]
    ours = max(matching, key=lambda each: each.created_at, default=None)
    if ours is None or ours.created_at >= since - CLOCK_SKEW:
        return ours
    return ours if ours is newest and ours.status == "SUCCESSFUL" else None


def _went_back(deployment: ServiceDeployment) -> bool:
    return "ROLLBACK" in deployment.status or deployment.status in ("STOPPED", "STOP_REQUESTED")


def _wait(ours: ServiceDeployment | None, now: datetime, deadline: datetime, what: str) -> Rollout:
    if now < deadline:
        return Rollout("in_progress", f"{what}.", None, ours)
    evidence: Evidence | None = "health" if ours is not None and ours.failed > 0 else None
    return Rollout("failed", f"{what}, and the time allowed for it is over.", evidence, ours)


def _why(deployment: ServiceDeployment) -> str:
    if deployment.alarms:
        return f"alarm {', '.join(deployment.alarms)} went off."
    text = deployment.rollback_reason or deployment.status_reason or "no reason given"
    return text if text.endswith(".") else f"{text}."
