"""What the page of one release shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tidegate.domain.approval import Approval, Vote
from tidegate.domain.deployment import Deployment
from tidegate.domain.release import Release
from tidegate.domain.status import History, Quarantined, Waiting
from tidegate.web.status.console import Link
from tidegate.web.status.judged import JudgedEvidence
from tidegate.web.status.timeline import Event, checks_of, timeline
from tidegate.web.status.wording import digest_in, images_words, outcome_words, tone, wait_words
from tidegate.web.view import duration


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image of the release: container, repository, tag and digest."""

    container: str
    repository: str
    tag: str
    digest: str


@dataclass(frozen=True, slots=True)
class DeploymentView:
    """One environment getting the release.

    Attributes:
        changes: Container, what ran before, what was brought.
        judged: The evidence, where the deployment was judged.
    """

    environment: str
    production: bool
    attempt: int
    strategy: str
    outcome: str
    tone: str
    opened_at: datetime
    ended_at: datetime | None
    took: str
    approved_by: str | None
    reason: str | None
    revoked: str | None
    changes: tuple[tuple[str, str, str], ...]
    checks: tuple[tuple[str, str, str], ...]
    judged: JudgedEvidence | None = None


@dataclass(frozen=True, slots=True)
class DecisionView:
    """One request for a decision, and what became of it."""

    environment: str
    status: str
    tone: str
    requested_at: datetime
    waited: str
    asked: str
    decided_by: str | None
    comment: str | None
    expires_at: datetime
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseView:
    """Everything on the page."""

    release: Release
    state: str
    tone: str
    title: str
    took: str
    images: tuple[ImageRow, ...]
    waits: tuple[tuple[str, datetime], ...]
    deployments: tuple[DeploymentView, ...]
    decisions: tuple[DecisionView, ...]
    events: tuple[Event, ...]
    quarantined: tuple[Quarantined, ...]
    links: tuple[Link, ...]
    complete: bool


def release_view(
    history: History, waits: Sequence[Waiting], links: tuple[Link, ...], now: datetime
) -> ReleaseView:
    """Put the page together."""
    release = history.release
    state = _state(release)
    return ReleaseView(
        release=release,
        state=state,
        tone=tone(str(release.outcome or "")),
        title=images_words(release.tags, release.digests),
        took=duration(((release.ended_at or now) - release.created_at).total_seconds()),
        images=tuple(
            ImageRow(name, image.repository, image.tag or "no tag", image.digest)
            for name, image in sorted(release.images.items())
        ),
        waits=tuple((wait_words(wait), wait.created_at) for wait in waits if wait.expires_at > now),
        deployments=tuple(_deployment(each, now) for each in history.deployments),
        decisions=tuple(_decision(each, now) for each in history.approvals),
        events=timeline(history),
        quarantined=history.quarantined,
        links=links,
        complete=history.complete,
    )


def with_evidence(view: ReleaseView, found: Sequence[JudgedEvidence]) -> ReleaseView:
    """The same page with the evidence of what was judged in its place."""
    evidence = {(each.environment, each.attempt): each for each in found}
    return replace(
        view,
        deployments=tuple(
            replace(each, judged=evidence.get((each.environment, each.attempt))) for each in view.deployments
        ),
    )


def _state(release: Release) -> str:
    if release.outcome is not None:
        return outcome_words(release.outcome)
    return f"stopping: {outcome_words(release.stop)}" if release.stop else "running"


def _deployment(deployment: Deployment, now: datetime) -> DeploymentView:
    outcome = str(deployment.outcome or "")
    before = deployment.from_images
    return DeploymentView(
        environment=deployment.environment,
        production=deployment.production,
        attempt=deployment.attempt,
        strategy=deployment.strategy.replace("_", "/"),
        outcome=outcome_words(outcome) or "under way",
        tone="bad" if deployment.revoked else tone(outcome),
        opened_at=deployment.opened_at,
        ended_at=deployment.ended_at,
        took=duration(((deployment.ended_at or now) - deployment.opened_at).total_seconds()),
        approved_by=deployment.approved_by,
        reason=deployment.reason,
        revoked=deployment.revoked,
        changes=tuple(
            (name, digest_in(before[name]) if before.get(name) else "nothing", digest_in(image))
            for name, image in sorted(deployment.images.items())
        ),
        checks=checks_of(deployment.checks),
    )


def _decision(approval: Approval, now: datetime) -> DecisionView:
    until = approval.decided_at or min(now, approval.expires_at)
    waited: timedelta = until - approval.requested_at
    return DecisionView(
        environment=approval.environment,
        status=str(approval.status),
        tone=tone(str(approval.status)),
        requested_at=approval.requested_at,
        waited=duration(waited.total_seconds()),
        asked=", ".join(approval.asked),
        decided_by=approval.decided_by,
        comment=approval.comment,
        expires_at=approval.expires_at,
        votes=approval.votes,
    )
