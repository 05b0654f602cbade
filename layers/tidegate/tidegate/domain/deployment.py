"""One environment getting one release: the record of it, and which of them one can come back to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tidegate.domain.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Deployment:
    """The record of one release in one environment.

    Attributes:
        id: ``<opened_at>#<release>#<attempt>``: sorts by time within a service and environment.
        revision: The manifest revision that described the environment.
        task_definition: ARN of what was deployed.
        images: Container name to ``repository@sha256:…``.
        from_task_definition: ARN of what ran before, None when nothing did.
        from_images: What ran before, container name to image reference.
        execution: ARN of the root execution that made it.
        outcome: None while it is open.
        watch_until: Until when an alarm still rolls it back.
        fence: The lock's fencing token under which it was opened.
        checks: The figures and sentences of every check made.
        revoked: Why it is no longer good although it succeeded: somebody rolled it back later.
        tags: Container name to the tag of its image, where it has one: for people, never to decide by.
    """

    id: str
    release: str
    service: str
    environment: str
    revision: int
    strategy: str
    task_definition: str
    images: dict[str, str]
    opened_at: datetime
    execution: str
    attempt: int = 1
    production: bool = False
    from_task_definition: str | None = None
    from_images: dict[str, str] = field(default_factory=dict)
    point_of_no_return: bool = False
    approved_by: str | None = None
    fence: int = 0
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    watch_until: datetime | None = None
    checks: tuple[dict[str, Any], ...] = ()
    revoked: str | None = None
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        """Whether one may come back to it: it was proved to run, and nobody has rolled it back since."""
        return self.outcome is Outcome.SUCCEEDED and self.revoked is None


def deployment_id(opened_at: datetime, release: str, attempt: int) -> str:
    """The sort key of a deployment within its service and environment."""
    return f"{opened_at:%Y-%m-%dT%H:%M:%S.%fZ}#{release}#{attempt}"


@dataclass(frozen=True, slots=True)
class RollbackTarget:
    """What to come back to, or the sentence that says why there is nothing."""

    deployment: Deployment | None
    reason: str


def rollback_target(
    history: Iterable[Deployment],
    *,
    bad_release: str | None,
    quarantined: frozenset[str],
    wanted: str | None = None,
) -> RollbackTarget:
    """Choose the last known good deployment to come back to.

    Args:
        history: Deployments of one service and environment, newest first.
        bad_release: The release to get away from; None means whatever runs now is not to be chosen by name.
        quarantined: Image digests that must not run again.
        wanted: A release that an operator asked for; then only that one will do.

    Returns:
        The target, or None with the reason. A deployment with a point of no return that is newer than
        every candidate blocks: people are called instead.
    """
    for deployment in history:
        if deployment.release == bad_release:
            if deployment.point_of_no_return:
                return RollbackTarget(None, _no_return(deployment))
            continue
        usable = deployment.good and (wanted is None or deployment.release == wanted)
        if usable and not _runs_quarantined(deployment, quarantined):
            return RollbackTarget(deployment, f"{deployment.release} was the last known good release.")
        if deployment.point_of_no_return:
            return RollbackTarget(None, _no_return(deployment))
    if wanted is not None:
        return RollbackTarget(
            None, f"{wanted} is no known good release of this environment, or its images are quarantined."
        )
    return RollbackTarget(None, "The ledger has no known good release to come back to.")


def _no_return(deployment: Deployment) -> str:
    return f"{deployment.release} is marked point of no return: nothing older can run any more."


def _runs_quarantined(deployment: Deployment, quarantined: frozenset[str]) -> bool:
    return any(image.rpartition("@")[2] in quarantined for image in deployment.images.values())
