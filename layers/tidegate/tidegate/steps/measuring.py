"""What a step measures of its work: the entry point makes metrics of it and takes it out of the result."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release

MEASURED = "measured"
"""The key of a step's result under which the measurements lie."""

Measurement = dict[str, Any]


def measured(result: dict[str, Any], found: list[Measurement]) -> dict[str, Any]:
    """A step's result with what it has measured, if anything."""
    return {**result, MEASURED: found} if found else result


def count(metric: str, kind: str) -> Measurement:
    """One more of a kind."""
    return {"metric": metric, "kind": kind, "value": 1, "unit": "Count"}


def lasted(metric: str, kind: str, begun: datetime, ended: datetime) -> Measurement:
    """A duration in seconds; both times are recorded ones, so that a repeated step measures the same."""
    seconds = max(0.0, (ended - begun).total_seconds())
    return {"metric": metric, "kind": kind, "value": seconds, "unit": "Seconds"}


def deployed(deployment: Deployment, release: Release) -> list[Measurement]:
    """A deployment that has ended: how, after how long and, in production, how long after the push."""
    ended = deployment.ended_at
    if deployment.outcome is None or ended is None:
        return []
    found = [
        count("DeploymentsEnded", str(deployment.outcome)),
        lasted("DeploymentTime", deployment.strategy, deployment.opened_at, ended),
    ]
    if deployment.good and deployment.production and release.trigger in ("push", "sweep"):
        found.append(lasted("PushToProductionTime", "push", release.newest_push, ended))
    return found


def taken_back(deployment: Deployment, outcome: Outcome, release: Release) -> list[Measurement]:
    """A deployment that went back: closed so just now, or as good as any until somebody rolled it back."""
    if deployment.outcome is Outcome.SUCCEEDED:
        return [count("DeploymentsEnded", str(outcome))]
    return deployed(deployment, release)
