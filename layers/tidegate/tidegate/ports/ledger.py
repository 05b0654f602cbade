"""The catalogue and the ledger: what is registered, released, deployed, and what was decided."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import Release
from tidegate.domain.service import Service


class Catalogue(Protocol):
    """The services that are registered, every revision of them."""

    def get(self, service: str, revision: int | None = None) -> tuple[int, Service] | None:
        """A revision of a service (the newest when none is named), with its number."""

    def put(self, service: Service, *, after: int) -> int:
        """Store a new revision that follows ``after`` (0 for a new service); returns its number.

        Raises:
            Terminal: somebody else stored a revision in between.
        """

    def feeding(self, repository: str) -> tuple[str, ...]:
        """Names of the services that a repository feeds."""

    def watching(self, alarm: str) -> tuple[tuple[str, str], ...]:
        """Service and environment pairs whose manifest lists a CloudWatch alarm."""

    def names(self) -> tuple[str, ...]:
        """Every registered service. Only the sweep asks; it is never in the path of a release."""


class Releases(Protocol):
    """The releases: created once, changed only by conditional writes."""

    def create(self, release: Release) -> bool:
        """Store a new release; False when one with this id exists already."""

    def get(self, release: str) -> Release | None:
        """A release by id, read consistently."""

    def newest(self, service: str, limit: int = 20, *, before: str | None = None) -> tuple[Release, ...]:
        """The releases of a service, newest id first: of all, or of those whose ids come before one."""

    def start_attempt(self, release: str, attempt: int, execution: str) -> bool:
        """Note the root execution of an attempt and clear the last attempt's ending and stop signal.

        False when that attempt, or a later one, has been noted with another execution.
        """

    def touch(self, release: str, environment: str, *, production: bool) -> bool:
        """Note that an environment is about to be changed; False when the release was told to stop, or ended.

        One conditional write: a stop and the touch of production cannot both win.
        """

    def stop(self, release: str, signal: StopSignal, reason: str, *, unless_production: bool) -> bool:
        """Tell a running release not to go on.

        False when it has ended, was stopped already, or (if so asked) has touched production.
        """

    def note_requester(self, release: str, requested_by: str) -> bool:
        """Note who claims to have asked for it; False when somebody is noted already."""

    def note_pusher(self, release: str, pusher: str) -> bool:
        """Note the ARN of somebody who pushed an image of it; False when it is noted already."""

    def mark_point_of_no_return(self, release: str) -> None:
        """Note that nothing older can run any more where this release's migration ran."""

    def end(
        self, release: str, outcome: Outcome, reason: str, *, at: datetime, environment: str | None
    ) -> bool:
        """Write the terminal record of the release; False when it has one already (the first one stands)."""


class Deployments(Protocol):
    """What was deployed where and how it ended: per service and environment."""

    def open(self, deployment: Deployment) -> Deployment:
        """Store a deployment that begins; returns the stored one when it was opened before.

        One execution opens one deployment of an attempt of a release in an environment, whatever its id says:
        a retry that comes with a later time gets the first one back.
        """

    def close(self, deployment: Deployment) -> Deployment:
        """Store its ending, once; returns what stands (the first ending wins)."""

    def revoke(self, deployment: Deployment, *, reason: str) -> None:
        """Note that a deployment that succeeded was rolled back later, so that nobody comes back to it."""

    def restored(self, service: str, environment: str, release: str) -> None:
        """Note that the last good deployment of a release runs again, for those who look at the status."""

    def latest(self, service: str, environment: str, limit: int = 20) -> tuple[Deployment, ...]:
        """Deployments newest first, open ones included."""

    def of_release(self, release: str) -> tuple[Deployment, ...]:
        """Every deployment of a release, oldest first."""


class Journal(Protocol):
    """The append-only audit trail: who, what, when, why."""

    def append(self, subject: str, kind: str, entry: Mapping[str, Any], *, at: datetime, key: str) -> bool:
        """Append an entry about a subject (a release id, or ``service/environment``).

        Args:
            subject: What it is about.
            kind: For example ``release.started`` or ``freeze.set``.
            entry: Plain JSON values.
            at: When it happened.
            key: Makes it unique within the subject; a second append of the same key is no second entry.

        Returns:
            False when the key was there already.
        """

    def entries(self, subject: str, limit: int = 200) -> tuple[dict[str, Any], ...]:
        """The newest entries of a subject, oldest first, each ``{"at", "kind", "key", "entry"}``."""


class Quarantine(Protocol):
    """Image digests that must not be deployed, per service, each with the evidence."""

    def add(self, service: str, digest: str, *, reason: str, release: str | None, at: datetime) -> bool:
        """Put a digest in quarantine; False when it was there already. Without a release a person did it."""

    def lift(self, service: str, digest: str, *, reason: str, by: str | None, at: datetime) -> bool:
        """Take it out; False when it was not in."""

    def digests(self, service: str) -> dict[str, str]:
        """Digests in quarantine and the reason for each."""


class Intake(Protocol):
    """What has been taken in: events and what they were about, so that nothing is taken in twice."""

    def first(self, key: str, *, at: datetime, value: str, again_after_seconds: int | None = None) -> str:
        """Claim a key with a value.

        Args:
            key: The event's id, or what the event is about.
            at: When the event happened.
            value: For example the release id that was minted for it.
            again_after_seconds: A claim older than this (either way) no longer counts; None: for ever.

        Returns:
            The value that stands: one's own when the claim was the first, the earlier one otherwise.
        """

    def seen(self, key: str) -> tuple[str, datetime] | None:
        """The value that stands for a key, and when it was claimed."""
