"""Mint releases: the one place where they come into being, for pushes, for the sweep and for people.

Everything here may be repeated. Who mints claims a key first, so that a repetition finds the release that the
first try made, and finishes what it left undone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tidegate.domain import intake
from tidegate.domain.images import ImageRef
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import Release, execution_name, is_newer, release_id, supersedes
from tidegate.errors import Transient
from tidegate.ports import Ports
from tidegate.steps.resume import wake_release


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A release before it has an id.

    Attributes:
        images: Fed container name to its image.
        pushed_at: When the image was pushed that made this a release; of two releases the later one wins.
        trigger: ``push``, ``sweep``, ``operator`` or ``adopted``.
    """

    service: str
    revision: int
    images: dict[str, ImageRef]
    pushed_at: datetime
    trigger: str
    requested_by: str | None = None
    reason: str | None = None

    @property
    def digests(self) -> dict[str, str]:
        """Container name to image digest."""
        return {name: image.digest for name, image in sorted(self.images.items())}


@dataclass(frozen=True, slots=True)
class Minted:
    """A release that was pushed, and what this call did for it.

    Attributes:
        started: This call started its execution.
        overtaken: This call ended it, because a newer push had been taken in before.
    """

    release: Release
    started: bool = False
    overtaken: bool = False


def by_push(ports: Ports, draft: Draft, *, event: str | None) -> Minted:
    """Mint, supersede what is older, and start: once per event, and once for all events of one push.

    Args:
        ports: The world.
        draft: What was pushed.
        event: The id of the event that told of it; None when the sweep found it.
    """
    now = ports.clock.now()
    known = ports.intake.seen(intake.event_key(event, draft.service)) if event else None
    if known is not None:
        return launch(ports, _create(ports, known[0], draft, now))
    release = _claim(ports, draft, release_id(draft.service, now, ports.clock.salt()))
    if event:
        release = ports.intake.first(
            intake.event_key(event, draft.service), at=draft.pushed_at, value=release
        )
    return launch(ports, _create(ports, release, draft, now))


def by_hand(ports: Ports, draft: Draft, execution: str) -> Release:
    """Mint the release of a root execution that somebody started by hand: one, however often it is asked."""
    now = ports.clock.now()
    mine = release_id(draft.service, now, ports.clock.salt())
    release = ports.intake.first(intake.execution_key(execution), at=now, value=mine)
    return _create(ports, release, draft, now)


def of_execution(ports: Ports, execution: str) -> Release | None:
    """The release that a root execution is named after, or that was minted for it; None when it has none."""
    named = intake.release_of_execution(execution.rpartition(":")[2])
    release = ports.releases.get(named) if named else None
    if release is not None:
        return release
    minted = ports.intake.seen(intake.execution_key(execution))
    return ports.releases.get(minted[0]) if minted else None


def launch(ports: Ports, release: Release) -> Minted:
    """Start a pushed release that has not been started, unless a newer push was taken in before it.

    An older push that comes late is kept in the ledger, superseded at birth: whoever pushed it finds out
    there what became of it. Of two pushes at once, each sees the other or is seen by it, because each stores
    its own release before it looks.
    """
    if release.ended or release.execution is not None:
        return Minted(release)
    others = ports.releases.newest(release.service)
    newest = intake.newest_pushed(others)
    if newest is not None and is_newer(newest, release):
        return _overtaken(ports, release, newest)
    supersede_older(ports, release, others)
    name = execution_name(release.id, release.attempt)
    ports.machines.start("normal_deployment", name, {"release": release.id})
    return Minted(release, started=True)


def supersede_older(ports: Ports, release: Release, others: Iterable[Release]) -> tuple[str, ...]:
    """Tell older releases of the service to stop at their next gate; returns those that have been told."""
    told = []
    for older in others:
        reason = f"Superseded by the newer release {release.id}."
        if supersedes(release, older) and ports.releases.stop(
            older.id, StopSignal.SUPERSEDED, reason, unless_production=True
        ):
            wake_release(ports, older.id, StopSignal.SUPERSEDED.value)
            told.append(older.id)
    return tuple(told)


def _claim(ports: Ports, draft: Draft, mine: str) -> str:
    """The id that stands for this push: one's own, or that of the event which told of it first."""
    key = intake.push_key(draft.service, draft.digests)
    standing = ports.intake.first(
        key, at=draft.pushed_at, value=mine, again_after_seconds=intake.AGAIN_AFTER_SECONDS
    )
    if standing == mine:
        return mine
    newest = intake.newest_pushed(ports.releases.newest(draft.service))
    before = ports.releases.get(standing)
    if newest is None or not intake.is_moved_back(draft.pushed_at, standing=before, newest=newest):
        return standing
    again = intake.moved_back_key(draft.service, draft.digests, newest.id)
    return ports.intake.first(again, at=draft.pushed_at, value=mine)


def _create(ports: Ports, release: str, draft: Draft, now: datetime) -> Release:
    """Store the release, or find it stored."""
    stored = ports.releases.get(release)
    if stored is not None:
        return stored
    new = Release(
        id=release,
        service=draft.service,
        revision=draft.revision,
        images=draft.images,
        created_at=now,
        newest_push=draft.pushed_at,
        trigger=draft.trigger,
        requested_by=draft.requested_by,
        reason=draft.reason,
    )
    # First the entry: a release that is found stored is taken to have one.
    images = {
        name: f"{image.repository}{f':{image.tag}' if image.tag else ''}@{image.digest}"
        for name, image in sorted(draft.images.items())
    }
    entry = {"trigger": draft.trigger, "revision": draft.revision, "images": images}
    entry |= {"requested_by": draft.requested_by, "reason": draft.reason}
    ports.journal.append(release, "release.created", entry, at=now, key="created")
    if not ports.releases.create(new):
        stored = ports.releases.get(release)
        if stored is None:
            raise Transient(f"Release {release} exists but cannot be read yet.")
        return stored
    return new


def _overtaken(ports: Ports, release: Release, newer: Release) -> Minted:
    """End a release that was never started, as far as we know: should it run after all, the stop ends it."""
    reason = f"The newer release {newer.id} had been taken in before it."
    ports.releases.stop(release.id, StopSignal.SUPERSEDED, reason, unless_production=True)
    now = ports.clock.now()
    ports.releases.end(release.id, Outcome.SUPERSEDED, reason, at=now, environment=None)
    ports.journal.append(release.id, "release.superseded", {"reason": reason}, at=now, key="overtaken")
    return Minted(ports.releases.get(release.id) or release, overtaken=True)
