"""What happens after: alarms in the watch period of a deployment, and executions that stopped too early."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import Release

LATE = timedelta(minutes=15)
"""How much later than it happened an alarm may be told of and still roll something back."""


def rollback_name(release: str, cause: str) -> str:
    """The name of an automatic rollback's execution: one for each cause, whoever finds it and however often.

    At most 80 characters, as Step Functions demands, for the longest release id has 64.
    """
    return f"{release}-rb-{hashlib.sha256(cause.encode()).hexdigest()[:12]}"


def is_watched(deployment: Deployment, *, happened: datetime, now: datetime) -> bool:
    """Whether an alarm that went off at ``happened`` accuses a deployment.

    One that is still being made is left to ECS and to its verification. An alarm that was red before the
    deployment began says nothing about it.
    """
    if not deployment.good or deployment.watch_until is None:
        return False
    began_before = deployment.opened_at <= happened < deployment.watch_until
    return began_before and now < deployment.watch_until + LATE


def at_risk(deployments: Iterable[Deployment]) -> str | None:
    """The environment that a stopped execution of a release may have left half changed, if there is one.

    Nothing is changed before the deployment is open, neither by a migration nor by ECS. An environment that
    the release has touched without opening one is as it was.

    Args:
        deployments: All deployments of the release, of every attempt, oldest first.
    """
    still_open = [deployment.environment for deployment in deployments if deployment.outcome is None]
    return still_open[-1] if still_open else None


def ending(release: Release, status: str, deployments: Iterable[Deployment]) -> tuple[Outcome, str]:
    """The terminal outcome, and one sentence, of a release whose execution stopped without recording one.

    Args:
        release: The release; a stop signal that it was given comes before everything else.
        status: How the execution ended: ``FAILED``, ``TIMED_OUT``, ``ABORTED``, or ``SUCCEEDED``.
        deployments: All deployments of the release; none of them is open.
    """
    if release.stop is StopSignal.SUPERSEDED:
        return Outcome.SUPERSEDED, release.stop_reason or "A newer release took its place."
    if release.stop is StopSignal.CANCELLED:
        return Outcome.CANCELLED, release.stop_reason or "It was cancelled."
    last = max((each for each in deployments if each.ended_at), key=_ended_at, default=None)
    if last is not None and last.outcome is Outcome.ROLLED_BACK:
        return Outcome.ROLLED_BACK, last.reason or f"{last.environment} was rolled back."
    if status == "ABORTED":
        return Outcome.CANCELLED, "Its execution was aborted by hand."
    how = {"FAILED": "failed", "TIMED_OUT": "timed out"}.get(status, "ended")
    return Outcome.FAILED, f"Its execution {how} before it could record an ending."


def _ended_at(deployment: Deployment) -> datetime:
    return deployment.ended_at or deployment.opened_at
