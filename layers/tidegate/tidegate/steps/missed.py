"""Missed pushes, releases whose execution never started or has stopped, and endings that broke off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tidegate.domain.images import WaitingForImages, release_images
from tidegate.domain.intake import PUSH_TRIGGERS, concluded_key, newest_pushed, registered_key
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release
from tidegate.domain.service import Service
from tidegate.ports import Execution, Ports
from tidegate.steps import conclude
from tidegate.steps.mint import Draft, by_push, launch
from tidegate.steps.recover import recover

OLDEST_PUSH = timedelta(days=14)
UNKNOWN_FOR = timedelta(hours=1)
"""An execution of which Step Functions knows nothing for so long was never started, or is long gone."""

CONCLUDED_WITHIN = timedelta(hours=2)
"""So long after a release has ended it is looked whether its record is whole and people were told."""


def mint_missed_push(
    ports: Ports, revision: int, service: Service, releases: Sequence[Release], grace: timedelta
) -> bool:
    """Mint what is newest in the registry, if nothing as new has been taken in.

    Only the newest set of images is looked at: an older one would be superseded at birth. A tag that was
    moved back to an older image cannot be found like this, because ECR keeps the time of its first push.

    Args:
        ports: The world.
        revision: Number of the manifest's revision.
        service: The manifest.
        releases: The newest releases of the service.
        grace: So long after a push its event is waited for.

    Returns:
        Whether a release was minted and started.
    """
    available = {name: ports.registry.images(ports.home, name) for name in service.repositories}
    images = release_images(service.containers, service.images, available)
    if isinstance(images, WaitingForImages):
        return False
    pushed_at = max(image.pushed_at for image in images.values())
    digests = {name: image.digest for name, image in images.items()}
    newest = newest_pushed(releases)
    if newest is not None and newest.newest_push >= pushed_at:
        return False
    if any(release.digests == digests for release in releases):
        return False
    now = ports.clock.now()
    if not now - OLDEST_PUSH <= pushed_at <= now - grace:
        return False
    registered_at = _registered_at(ports, service.name, releases)
    if registered_at is None or pushed_at <= registered_at:
        return False
    draft = Draft(
        service=service.name, revision=revision, images=images, pushed_at=pushed_at, trigger="sweep"
    )
    return by_push(ports, draft, event=None).started


def mend_release(ports: Ports, release: Release, grace: timedelta) -> str | None:
    """Start a release whose start was lost, or end one whose execution has stopped.

    Args:
        ports: The world.
        release: A release without a terminal record.
        grace: What is younger is left to its event.

    Returns:
        A word for what was the matter; None when nothing was.
    """
    now = ports.clock.now()
    if now - release.created_at < grace:
        return None
    if release.execution is None:
        return _mend_unstarted(ports, release)
    execution = ports.machines.describe(release.execution)
    if execution is None:
        if now - release.created_at < UNKNOWN_FOR:
            return None
        execution = Execution(release.execution, "UNKNOWN", release.created_at)
    if execution.running or is_fresh(execution, now, grace):
        return None
    recovery = recover(ports, release, execution)
    return None if recovery.done == "in_charge" else "stopped_executions"


def mend_ending(ports: Ports, release: Release, grace: timedelta) -> str | None:
    """Finish an ending that broke off after its first word: the journal, the locks, the message.

    Args:
        ports: The world.
        release: A release with a terminal record.
        grace: What has ended more lately is left to whoever ended it.

    Returns:
        A word for what was the matter; None when nothing was.
    """
    now = ports.clock.now()
    if release.ended_at is None or not grace <= now - release.ended_at < CONCLUDED_WITHIN:
        return None
    root = release.execution or release.id
    if release.trigger == "adopted" or (release.execution is None and release.trigger in PUSH_TRIGGERS):
        return None  # No execution ended it, so none had anything else to do.
    if ports.intake.seen(concluded_key(release.id, release.attempt)) is not None:
        return None
    execution = ports.machines.describe(root) if release.execution else None
    if execution is not None and (execution.running or is_fresh(execution, now, grace)):
        return None
    recover(ports, release, execution or Execution(root, "UNKNOWN", release.created_at))
    return "broken_off_endings"


def is_fresh(execution: Execution, now: datetime, grace: timedelta) -> bool:
    """Whether an execution has stopped so lately that its event is still on its way."""
    return execution.stopped_at is not None and now - execution.stopped_at < grace


def _mend_unstarted(ports: Ports, release: Release) -> str | None:
    if release.trigger in PUSH_TRIGGERS:
        launch(ports, release)
        return "lost_starts"
    if release.trigger == "adopted" or ports.clock.now() - release.created_at < UNKNOWN_FOR:
        return None
    command = conclude.Command(
        kind="release",
        root=release.id,
        release=release.id,
        service=release.service,
        outcome=Outcome.FAILED.value,
        reason="Its execution never began.",
    )
    conclude.run(command, ports)
    return "never_started"


def _registered_at(ports: Ports, service: str, releases: Sequence[Release]) -> datetime | None:
    """When a service was registered first.

    Of one that was registered before that was claimed, it is what the journal still tells, or when its oldest
    release that we see was made; once found, it is claimed, because neither is within reach for ever.
    """
    key = registered_key(service)
    claim = ports.intake.seen(key)
    if claim is not None:
        return claim[1]
    entries = [each for each in ports.journal.entries(service) if each["kind"] == "service.registered"]
    known = [datetime.fromisoformat(each["at"]) for each in entries]
    known += [release.created_at for release in releases]
    if not known:
        return None
    ports.intake.first(key, at=min(known), value="sweep")
    return min(known)
