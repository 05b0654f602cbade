"""What people are shown of the fleet: small projections of the ledger, each read by one query."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tidegate.domain.approval import Approval, Vote
from tidegate.domain.deployment import Deployment
from tidegate.domain.images import ImageRef
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.plain import time_text
from tidegate.domain.release import Release, service_of

OWN = "tidegate"
"""The subject of entries about Tidegate itself."""


@dataclass(frozen=True, slots=True)
class Version:
    """What one deployment brought to an environment.

    Attributes:
        id: The id of the deployment; it sorts by time.
        images: Container name to ``repository@sha256:…``.
        tags: Container name to the tag that the image was pushed with, where it had one.
        at: When it was proved to run, or when it began.
        revoked: Why it is no longer good although it was proved once.
    """

    id: str
    release: str
    images: dict[str, str]
    at: datetime
    tags: dict[str, str] = field(default_factory=dict)
    approved_by: str | None = None
    revoked: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """How the newest deployment that has ended did."""

    id: str
    release: str
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """One service in one environment.

    Attributes:
        runs: What was proved to run there last and was not rolled back since.
        deploying: The deployment that is open.
        last: The newest deployment that has ended.
        frozen: Why nothing is promoted into it, when it is frozen.
    """

    service: str
    environment: str
    runs: Version | None = None
    deploying: Version | None = None
    last: Ended | None = None
    frozen: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """A registered service and its environments.

    Attributes:
        environments: The names of the newest manifest, in the order of promotion.
        production: Those of them that are production.
        places: What is known of each environment, of dropped ones too.
    """

    name: str
    revision: int = 0
    environments: tuple[str, ...] = ()
    production: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    places: dict[str, Place] = field(default_factory=dict)

    @property
    def in_order(self) -> tuple[Place, ...]:
        """Every environment: those of the manifest in its order, then those that it no longer names."""
        dropped = [name for name in sorted(self.places) if name not in self.environments]
        return tuple(
            self.places.get(name) or Place(self.name, name) for name in (*self.environments, *dropped)
        )


@dataclass(frozen=True, slots=True)
class OpenApproval:
    """A request that nobody has decided yet."""

    id: str
    release: str
    service: str
    environment: str
    asked: tuple[str, ...]
    requested_at: datetime
    expires_at: datetime
    requested_by: str | None = None
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenRelease:
    """A release that has not ended."""

    id: str
    service: str
    images: dict[str, ImageRef]
    created_at: datetime
    trigger: str
    attempt: int = 1
    requested_by: str | None = None
    touched: tuple[str, ...] = ()
    stop: StopSignal | None = None


@dataclass(frozen=True, slots=True)
class OpenWork:
    """What is not finished: requests first, by their deadline, then releases, the oldest first.

    Attributes:
        more: Where the next page begins; None on the last one.
    """

    approvals: tuple[OpenApproval, ...] = ()
    releases: tuple[OpenRelease, ...] = ()
    more: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A machine that waits, without the token that would let it go on."""

    subject: str
    release: str
    created_at: datetime
    expires_at: datetime

    @property
    def kind(self) -> str:
        """What it waits for, in one word, such as ``lock``, ``approval`` or ``scan``."""
        return self.subject.partition("/")[0]

    @property
    def about(self) -> str:
        """The rest of the subject: which lock, or which image."""
        return self.subject.partition("/")[2]


@dataclass(frozen=True, slots=True)
class ServicesPage:
    """A page of services in the order of their names."""

    services: tuple[ServiceStatus, ...]
    more: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the journal."""

    at: datetime
    subject: str
    kind: str
    key: str
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A digest that a release has put into quarantine."""

    digest: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """Everything that the ledger has of one release, each list oldest first.

    Attributes:
        complete: False when there is more than one read gives; then the oldest part is missing.
    """

    release: Release
    deployments: tuple[Deployment, ...] = ()
    approvals: tuple[Approval, ...] = ()
    entries: tuple[Entry, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class TrailQuery:
    """Which part of the audit trail is wanted.

    Attributes:
        since: From when on.
        until: Up to when, without that moment.
        service: Only entries about this service.
        kind: Only entries whose kind begins so.
        before: Only what comes before this position, which an earlier page has named.
    """

    since: datetime
    until: datetime
    service: str | None = None
    kind: str | None = None
    before: str | None = None

    @property
    def upper(self) -> str:
        """Where reading begins, backwards; positions sort as text."""
        return min(time_text(self.until), self.before or "9")

    @property
    def lower(self) -> str:
        """Where reading ends."""
        return time_text(self.since)

    def months(self) -> Iterator[str]:
        """The months that it touches, the newest first, as ``2026-11``."""
        first = self.since.astimezone(UTC)
        last = datetime.fromisoformat(self.upper.partition("#")[0])
        if "#" not in self.upper:
            last -= timedelta(microseconds=1)
        year, month = last.year, last.month
        while (year, month) >= (first.year, first.month):
            yield f"{year:04d}-{month:02d}"
            year, month = (year, month - 1) if month > 1 else (year - 1, 12)


@dataclass(frozen=True, slots=True)
class TrailPage:
    """A part of the audit trail, newest first.

    Attributes:
        older: Where to read on; None when nothing is left. A page may be short, or empty, and have more.
    """

    entries: tuple[Entry, ...]
    older: str | None = None


def month_begins(month: str) -> str:
    """The position of a month's first moment."""
    return f"{month}-01T00:00:00.000000Z"


def service_in(subject: str) -> str | None:
    """The service that an entry of the journal is about, by its subject.

    A subject is a release id, ``service/environment``, a service, or something that tells none: the ARN of
    an execution, or Tidegate itself.
    """
    named = service_of(subject)
    if named is not None:
        return named
    return None if subject.startswith("arn:") or subject == OWN else subject.partition("/")[0] or None


def version_of(deployment: Deployment) -> Version:
    """A deployment in few words."""
    return Version(
        id=deployment.id,
        release=deployment.release,
        images=deployment.images,
        at=deployment.ended_at or deployment.opened_at,
        tags=deployment.tags,
        approved_by=deployment.approved_by,
        revoked=deployment.revoked,
    )
