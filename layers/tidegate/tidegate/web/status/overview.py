"""What the home page and the pages of services show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tidegate.domain.release import Release
from tidegate.domain.status import OpenApproval, OpenRelease, OpenWork, Place, ServiceStatus, Version, Waiting
from tidegate.web.status.wording import images_words, outcome_words, tone, version_words, wait_words

GATES = ("lock", "freeze", "scan")
"""What holds a release up; the other waits are part of its way."""


@dataclass(frozen=True, slots=True)
class GateRow:
    """A release that is held up."""

    words: str
    release: str
    since: datetime


@dataclass(frozen=True, slots=True)
class RunningRow:
    """A release on its way."""

    release: OpenRelease
    version: str
    by: str
    state: str


@dataclass(frozen=True, slots=True)
class HomeView:
    """What is waiting and what runs now.

    Attributes:
        more: Where the next page begins; None on the last one.
        all_waits: Whether every wait was read.
    """

    approvals: tuple[OpenApproval, ...]
    gates: tuple[GateRow, ...]
    running: tuple[RunningRow, ...]
    more: str | None
    all_waits: bool


def home_view(work: OpenWork, waits: Sequence[Waiting], most_waits: int, now: datetime) -> HomeView:
    """Join open work with what it waits for."""
    live = [wait for wait in waits if wait.expires_at > now]
    states: dict[str, str] = {}
    for wait in live:
        states.setdefault(wait.release, f"waits {wait_words(wait)}")
    return HomeView(
        approvals=work.approvals,
        gates=tuple(
            GateRow(wait_words(wait), wait.release, wait.created_at) for wait in live if wait.kind in GATES
        ),
        running=tuple(_running(each, states.get(each.id)) for each in work.releases),
        more=work.more,
        all_waits=len(waits) < most_waits,
    )


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One environment of a service.

    Attributes:
        digests: Container and image reference, for who wants to see the whole digest.
        note: What is special: frozen, being deployed, the last one failed.
    """

    environment: str
    production: bool
    dropped: bool
    runs: Version | None
    version: str
    digests: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, str, str | None], ...]


@dataclass(frozen=True, slots=True)
class ServiceView:
    """One service and its environments."""

    name: str
    revision: int
    repositories: tuple[str, ...]
    places: tuple[PlaceRow, ...]


def service_view(service: ServiceStatus) -> ServiceView:
    """What runs where, in the order of promotion."""
    return ServiceView(
        service.name,
        service.revision,
        service.repositories,
        tuple(_place(service, place) for place in service.in_order),
    )


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """One release of a service in a list."""

    release: Release
    version: str
    state: str
    tone: str


def release_row(release: Release) -> ReleaseRow:
    """A release in one line."""
    state = outcome_words(release.outcome) if release.outcome else "running"
    return ReleaseRow(
        release, images_words(release.tags, release.digests), state, tone(str(release.outcome or ""))
    )


def _running(release: OpenRelease, state: str | None) -> RunningRow:
    tags = {name: image.tag for name, image in release.images.items()}
    digests = {name: image.digest for name, image in release.images.items()}
    by = release.requested_by or {"push": "a push", "sweep": "the sweep"}.get(
        release.trigger, release.trigger
    )
    if release.stop is not None:
        state = f"stops: {outcome_words(release.stop)}"
    return RunningRow(release, images_words(tags, digests), by, state or "works")


def _place(service: ServiceStatus, place: Place) -> PlaceRow:
    runs = place.runs
    notes: list[tuple[str, str, str | None]] = []
    if place.deploying is not None:
        notes.append(("", f"{version_words(place.deploying)} is being deployed", place.deploying.release))
    if place.last is not None and place.last.outcome.ends_red:
        notes.append(("bad", f"the last deployment {_ended(place.last.outcome)}", place.last.release))
    if runs is not None and runs.revoked is not None:
        notes.append(("bad", f"not good any more: {runs.revoked}", None))
    if place.frozen is not None:
        notes.append(("bad", f"frozen: {place.frozen}", None))
    return PlaceRow(
        place.environment,
        place.environment in service.production,
        place.environment not in service.environments,
        runs,
        version_words(runs) if runs else "nothing yet",
        tuple(sorted(runs.images.items())) if runs else (),
        tuple(notes),
    )


def _ended(outcome: str) -> str:
    return "was rolled back" if outcome == "rolled_back" else "failed"
