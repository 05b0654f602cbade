"""A release: one set of image digests of one service on its way through the environments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from tidegate.domain.images import ImageRef
from tidegate.domain.outcome import Outcome, StopSignal

_ID = re.compile(r"^(?P<service>[a-z][a-z0-9-]{0,39})-(?P<at>\d{8}T\d{6}Z)-(?P<salt>[0-9a-f]{6})$")


@dataclass(frozen=True, slots=True)
class Release:
    """One release and how far it has come.

    Attributes:
        id: Sorts by time within a service; also the name of its root execution (at most 80 characters).
        revision: The manifest revision it was planned with; it is pinned for the life of the release.
        images: Fed container name to its image, digest included.
        newest_push: When the push was that made it a release; decides which of two releases is newer.
        trigger: ``push``, ``sweep``, ``operator`` or ``adopted``.
        requested_by: Who asked for it, as claimed by an operator's input or by a label of an image.
        pushed_by: ARNs of those who pushed its images, by CloudTrail.
        touched: Environments in which something may have been changed, in order.
        production_touched: From here on a newer push no longer supersedes it.
        point_of_no_return: A migration ran that earlier releases cannot live with.
        stop: Why it must not go on, with the sentence in ``stop_reason``.
        attempt: 1 for the first execution; an operator's retry counts up.
    """

    id: str
    service: str
    revision: int
    images: dict[str, ImageRef]
    created_at: datetime
    newest_push: datetime
    trigger: str
    requested_by: str | None = None
    reason: str | None = None
    execution: str | None = None
    attempt: int = 1
    touched: tuple[str, ...] = ()
    production_touched: bool = False
    point_of_no_return: bool = False
    stop: StopSignal | None = None
    stop_reason: str | None = None
    outcome: Outcome | None = None
    outcome_reason: str | None = None
    failed_environment: str | None = None
    ended_at: datetime | None = None
    pushed_by: tuple[str, ...] = ()

    @property
    def digests(self) -> dict[str, str]:
        """Container name to image digest."""
        return {name: image.digest for name, image in sorted(self.images.items())}

    @property
    def tags(self) -> dict[str, str]:
        """Container name to the tag of its image, where it has one."""
        return {name: image.tag for name, image in sorted(self.images.items()) if image.tag}

    @property
    def ended(self) -> bool:
        """Whether a terminal record exists."""
        return self.outcome is not None


def release_id(service: str, at: datetime, salt: str) -> str:
    """Mint a release id.

    Args:
        service: The service's name, at most 40 characters.
        at: When the release was minted; seconds are enough, the salt separates the rest.
        salt: Six or more hexadecimal digits; the first six are used.
    """
    return f"{service}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{salt[:6]}"


def service_of(release: str) -> str | None:
    """The service named in a release id, or None when it is no release id."""
    match = _ID.match(release)
    return match["service"] if match else None


def execution_name(release: str, attempt: int) -> str:
    """The name of the root execution of a release's attempt."""
    return release if attempt == 1 else f"{release}-a{attempt}"


def is_newer(one: Release, other: Release) -> bool:
    """Whether ``one`` carries newer images than ``other``; the id breaks a tie, so that there is an order."""
    return (one.newest_push, one.id) > (other.newest_push, other.id)


def supersedes(newer: Release, older: Release) -> bool:
    """Whether a newer release stops an older one: only while production is untouched and it still runs.

    Only pushes are superseded by pushes: what an operator asked for by hand ends by an operator's hand.
    """
    return (
        newer.service == older.service
        and newer.id != older.id
        and not older.ended
        and not older.production_touched
        and older.trigger in ("push", "sweep")
        and newer.trigger in ("push", "sweep")
        and is_newer(newer, older)
    )
