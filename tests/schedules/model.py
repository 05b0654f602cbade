"""What may become of a release, and what the world must look like when everything has come to rest.

The model knows what was pushed, what people and operators did, and what is wrong with each image. It allows
every ending for which one of these is a reason, and no other.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.schedules.at_rest import unrest
from tests.schedules.workloads import NAMES, PLACES, Image
from tests.schedules.world import World
from tidegate.domain.approval import ApprovalStatus
from tidegate.domain.intake import PUSH_TRIGGERS, newest_pushed
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release, is_newer

BY_HAND = frozenset({"rollback", "deploy", "promote", "retry", "quarantine", "alarm"})
"""What else may decide which release runs in the end."""

UNDECIDED = frozenset({"unmeasured", "silent", "declined"})
"""What keeps the judge from a conclusion, so that a canary is taken back for nothing."""


def broken(service: str, place: str | None, image: Image) -> bool:
    """Whether an image cannot be deployed to a service, in an environment or (None) on its way through all.

    A migration is run in one environment only.
    """
    stuck = image.nature == "stuck" and (service, place) in (("payments", "dev"), ("payments", None))
    unfit = image.nature == "unfit" and place != "dev"
    return image.nature in ("crashing", "failing") or stuck or unfit


def allowed(world: World, release: Release) -> set[Outcome]:
    """How a release may end."""
    images = [world.images[digest] for digest in release.digests.values()]
    watchman, done = world.watchman, world.watchman.disturbed[release.service]
    may = _by_its_images(release, images) | _by_its_canary(world, release, images)
    if any(_is_newer_push(each, release) for each in world.ports.releases.stored.values()):
        may.add(Outcome.SUPERSEDED)
    held = {digest for service, digest in watchman.quarantined if service == release.service}
    if release.id in watchman.refused or held & set(release.digests.values()):
        may.add(Outcome.REJECTED)
    if any(_expired(world, release)):
        may.add(Outcome.EXPIRED)
    if f"cancel {release.id}" in done:
        may.add(Outcome.CANCELLED)
    if watchman.stopped & {release.id, release.execution, *_began(world, release)}:
        may |= {Outcome.CANCELLED, Outcome.FAILED, Outcome.ROLLED_BACK}
    if done & {"rollback", "alarm"}:
        may |= {Outcome.ROLLED_BACK, Outcome.FAILED, Outcome.REJECTED}
    return may


def _by_its_images(release: Release, images: list[Image]) -> set[Outcome]:
    if any(image.scan != "clean" for image in images):
        faulty = any(broken(release.service, None, image) for image in images)
        return {Outcome.REJECTED, *((Outcome.ROLLED_BACK, Outcome.FAILED) if faulty else ())}
    if any(image.nature in ("crashing", "failing") for image in images):
        return {Outcome.ROLLED_BACK, Outcome.FAILED}
    if any(broken(release.service, None, image) for image in images):
        by_hand = release.trigger == "operator"  # to one environment, be it one without the migration
        return {Outcome.ROLLED_BACK, Outcome.FAILED, *((Outcome.SUCCEEDED,) if by_hand else ())}
    return {Outcome.SUCCEEDED}


def _by_its_canary(world: World, release: Release, images: list[Image]) -> set[Outcome]:
    """How a release may end that is judged in production, if nothing else is wrong with it.

    A harmful one cannot succeed (see `at_rest`), unless it did not get as far as that or nothing judged it.
    What ECS asks about, and nobody answers in time, goes back.
    """
    if not world.is_judged(release):
        return set()
    done = world.watchman.disturbed[release.service]
    harmful = any(image.nature == "harmful" for image in images)
    expired = world.ports.services._expired["prod", release.service]
    if harmful or expired or done & UNDECIDED:
        return {Outcome.ROLLED_BACK, Outcome.FAILED}
    return set()


def _began(world: World, release: Release) -> Iterator[str]:
    """The executions for which a release was minted by hand, be they stopped before they took it."""
    for key, (value, _) in world.ports.intake.claims.items():
        if value == release.id and key.startswith("execution/"):
            yield key.removeprefix("execution/")


def _is_newer_push(other: Release, release: Release) -> bool:
    both = other.trigger in PUSH_TRIGGERS and release.trigger in PUSH_TRIGGERS
    return both and other.service == release.service and is_newer(other, release)


def _expired(world: World, release: Release) -> Iterator[bool]:
    for approval in world.ports.approvals.stored.values():
        if approval.release == release.id and approval.status is ApprovalStatus.EXPIRED:
            assert approval.decided_at is not None
            assert approval.decided_at >= approval.expires_at
            yield True


def violations(world: World) -> Iterator[str]:
    """Everything that is not as it must be, now that nothing moves any more."""
    ports = world.ports
    yield from (f"held: {lock}" for lock in ports.locks.held.values())
    yield from (f"waits: {wait}" for wait in ports.waits.stored.values() if not _outlived(world, wait.name))
    yield from (f"token of {task.execution.arn} {task.state}" for task in world.runs.waiting_tokens())
    yield from (f"asked: {approval.id}" for approval in ports.approvals.stored.values() if _asks(approval))
    for deployment in ports.deployments.stored.values():
        if deployment.outcome is None:
            yield f"open: {deployment.id} in {deployment.environment}"
    for release in ports.releases.stored.values():
        if release.trigger != "adopted":
            yield from _of_release(world, release)
    for service in NAMES:
        yield from _newest_wins(world, service)
    for service, place in PLACES:
        yield from _record_is_true(world, service, place)
    yield from unrest(world)


def _outlived(world: World, waiter: str) -> bool:
    """Whether a wait is one that nobody forgets before it expires, and nobody waits for any more.

    A function that outlived its execution may store one; a rollback leaves one when its event was lost, for
    only what belongs to the release itself is forgotten with it.
    """
    execution = world.runs.executions.get(waiter.rpartition("/")[0])
    assert execution is not None
    return execution.machine == "restore" or execution.status in ("ABORTED", "TIMED_OUT")


def _asks(approval: object) -> bool:
    return getattr(approval, "status", None) is ApprovalStatus.PENDING


def _of_release(world: World, release: Release) -> Iterator[str]:
    if release.outcome is None:
        yield f"{release.id} has no terminal record"
        return
    may = allowed(world, release)
    if release.outcome not in may:
        how = f"{release.outcome} ({release.outcome_reason})"
        yield f"{release.id} ended as {how}; nothing allows more than {sorted(may)}"
    if not release.outcome_reason:
        yield f"{release.id} ended as {release.outcome} for no reason"
    yield from _told(world, release)


def _told(world: World, release: Release) -> Iterator[str]:
    """One terminal record of each attempt, be it that of a rollback, and a message about the last one."""
    entries = world.ports.journal.entries(release.id)
    if any(each["key"] == "overtaken" for each in entries):
        return  # It never began; whoever pushed it finds out in the ledger.
    records = [each for each in entries if each["key"].startswith("ended/")]
    for place in release.touched:
        there = world.ports.journal.entries(f"{release.service}/{place}")
        records += [each for each in there if each["entry"].get("release") == release.id]
    if not records:
        yield f"{release.id} has no terminal record in the journal"
    mine = [each for each in entries if each["key"].startswith("ended/")]
    if len(mine) > release.attempt:
        yield f"{release.id} has {len(mine)} terminal records in {release.attempt} attempts"
    about = [each for each in world.ports.notifier.messages if release.id in each.body]
    rolled_back = release.outcome in (Outcome.ROLLED_BACK, Outcome.FAILED)
    told = [
        each
        for each in about
        if each.attributes["kind"] == str(release.outcome) or (rolled_back and "rollback" in each.subject)
    ]
    given_up = world.ports.journal.entries(release.service)
    if not told and not any(entry["kind"] == "notice.failed" for entry in given_up):
        yield f"nobody was told that {release.id} ended as {release.outcome}"


def _newest_wins(world: World, service: str) -> Iterator[str]:
    """The newest images are those of the newest release, and they run, if nothing speaks against them."""
    if world.watchman.disturbed[service] & BY_HAND:
        return
    wanted = world.newest(service)
    newest = newest_pushed(world.ports.releases.newest(service))
    if newest is None:
        if any(image.tag != "1.0.0" for image in wanted):
            yield f"{service}: {[image.tag for image in wanted]} was never released"
        return
    digests = frozenset(image.digest for image in wanted)
    if frozenset(newest.digests.values()) != digests:
        yield f"{service}: {newest.id} is not made of the newest images, {[image.tag for image in wanted]}"
        return
    if allowed(world, newest) != {Outcome.SUCCEEDED}:
        return
    for name, place in PLACES:
        if name == service and world.runs_in(service, place) != digests:
            yield f"{service}: {newest.id} is the newest, but does not run in {place}"


def _record_is_true(world: World, service: str, place: str) -> Iterator[str]:
    state = world.ports.services.described[place, service]
    runs = world.runs_in(service, place)
    if not state.settled:
        yield f"{service} in {place} is not settled: {state.deployments}"
    bad = [
        world.images[digest].tag for digest in sorted(runs) if broken(service, place, world.images[digest])
    ]
    if bad:
        yield f"{service} in {place} runs what does not work: {bad}"
    status = world.ports.status.service(service)
    recorded = status.places[place].runs if status else None
    images = recorded.images.values() if recorded else ()
    if frozenset(image.rpartition("@")[2] for image in images) != runs:
        yield f"{service} in {place} runs {sorted(runs)}, the record says {recorded}"
