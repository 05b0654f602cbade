"""Find and mend what no event told of: missed pushes and scans, lost starts, stale locks, canaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel

from tidegate.domain.arns import machine_of
from tidegate.domain.canary import Canary
from tidegate.domain.lock import Lock
from tidegate.domain.release import Release
from tidegate.domain.service import Service
from tidegate.errors import Terminal, Transient
from tidegate.ports import Execution, Ports
from tidegate.steps.acquire_lock import lock_subject
from tidegate.steps.forgotten_canaries import mend_canary
from tidegate.steps.missed import is_fresh, mend_ending, mend_release, mint_missed_push
from tidegate.steps.overdue import wake_overdue
from tidegate.steps.recover import recover, recover_rollback
from tidegate.steps.resume import wake
from tidegate.steps.watching import roll_back_if_accused

CURSOR = "sweep/cursor"
MOST_REASONS = 5
LOOK_BACK = timedelta(days=30)
"""How old a release may be that is looked at for hanging, however many came after it."""
PAGE = 20
MOST_RELEASES = 1000
"""Of one service in one run: more than one every 45 minutes for a month."""


class Command(BaseModel):
    """How much one run may do within the timeout of its function, and how long events are waited for."""

    services: int = 500
    seconds: int = 40
    grace_seconds: int = 300

    @property
    def grace(self) -> timedelta:
        """`grace_seconds` as a duration."""
        return timedelta(seconds=self.grace_seconds)


class _Run:
    """What one run has found, and the errors that it went on after."""

    def __init__(self, ports: Ports, grace: timedelta) -> None:
        self.ports = ports
        self.grace = grace
        self.found: Counter[str] = Counter()
        self.reasons: list[str] = []

    def guard(self, what: str, mend: Callable[[], None]) -> None:
        """Let one thing fail without keeping the others from being looked at."""
        try:
            mend()
        except (Transient, Terminal) as error:
            self.found["errors"] += 1
            self.reasons.append(f"{what}: {error}")


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Look at every lock that is held, every canary, and as many services as fit; mend, and count.

    Everything that is found is mended as its event would have done it, so a run may be repeated, or overlap
    another one. The next run goes on with the service after the last.

    Returns:
        ``found``: kind to number; ``services``: how many were looked at; ``reason``: the first errors.
    """
    this = _Run(ports, command.grace)
    locks = ports.locks.all()
    for lock in locks:
        this.guard(f"lock {lock.service}/{lock.environment}", partial(_lock, this, lock))
    swept = _services(command, this, locks)
    for canary in ports.canaries.active():
        where = f"canary {canary.service}/{canary.environment}"
        this.guard(where, partial(_canary, this, canary))
    result = {"found": dict(sorted(this.found.items())), "services": swept}
    return result | ({"reason": " ".join(this.reasons[:MOST_REASONS])} if this.reasons else {})


def _services(command: Command, this: _Run, locks: Sequence[Lock]) -> int:
    """Look at services until there are enough of them, or it has taken long enough; returns how many."""
    ports = this.ports
    started = ports.clock.now()
    swept: list[str] = []
    try:
        for name in _next_services(ports, command.services):
            if ports.clock.now() - started >= timedelta(seconds=command.seconds):
                break
            swept.append(name)
            held = [lock.release for lock in locks if lock.service == name]
            this.guard(f"service {name}", partial(_service, this, name, held))
    finally:
        # Also when it breaks off: one service must not keep the later ones from ever being looked at.
        if swept:
            ports.intake.first(CURSOR, at=ports.clock.now(), value=swept[-1], again_after_seconds=0)
    return len(swept)


def _next_services(ports: Ports, most: int) -> list[str]:
    """The services after the last one that was looked at, and from the first one again."""
    names = sorted(ports.catalogue.names())
    seen = ports.intake.seen(CURSOR)
    last = seen[0] if seen else ""
    return [*(name for name in names if name > last), *(name for name in names if name <= last)][:most]


def _service(this: _Run, name: str, held: Sequence[str]) -> None:
    """One service: its unfinished releases and what they wait for, its alarms, the newest push."""
    ports = this.ports
    known = ports.catalogue.get(name)
    if known is None:
        return
    revision, service = known
    releases = _recent(ports, name)
    for release in releases:
        this.guard(release.id, partial(_mend, this, release))
    for release in _waiting(ports, releases, held):
        this.guard(release.id, partial(_wake, this, release))
    this.guard(name, partial(_alarms, this, service))
    if mint_missed_push(ports, revision, service, releases, this.grace):
        this.found["missed_pushes"] += 1


def _recent(ports: Ports, service: str) -> tuple[Release, ...]:
    """The releases of a service, page after page, as far back as one may still run."""
    since = ports.clock.now() - LOOK_BACK
    found = page = ports.releases.newest(service, PAGE)
    while len(page) == PAGE and len(found) < MOST_RELEASES and page[-1].created_at >= since:
        page = ports.releases.newest(service, PAGE, before=page[-1].id)
        found += page
    return found


def _mend(this: _Run, release: Release) -> None:
    mend = mend_ending if release.ended else mend_release
    what = mend(this.ports, release, this.grace)
    if what is not None:
        this.found[what] += 1


def _wake(this: _Run, release: Release) -> None:
    this.found.update(wake_overdue(this.ports, release, this.grace))


def _waiting(ports: Ports, releases: Sequence[Release], held: Sequence[str]) -> list[Release]:
    """Releases that may wait: the unfinished, and those for which a lock is held, be it by a rollback."""
    unfinished = [release for release in releases if not release.ended]
    known = {release.id for release in unfinished}
    others = [ports.releases.get(release) for release in sorted(set(held) - known)]
    return [*unfinished, *(release for release in others if release is not None)]


def _alarms(this: _Run, service: Service) -> None:
    """Alarms that went off while a deployment was being recorded: their events came too soon to accuse it.

    Where a red alarm is accepted from the start, its being red says nothing new.
    """
    for environment in service.environments:
        alarms = environment.strategy.alarms
        if not alarms.names or alarms.when_already_in_alarm == "accept":
            continue
        now = this.ports.clock.now()
        if roll_back_if_accused(this.ports, service.name, environment, alarms.names, now):
            this.found["accused"] += 1


def _canary(this: _Run, canary: Canary) -> None:
    what = mend_canary(this.ports, canary)
    if what is not None:
        this.found[what] += 1


def _lock(this: _Run, lock: Lock) -> None:
    """A lock is stale only when Step Functions says that its owner has stopped."""
    ports = this.ports
    now = ports.clock.now()
    owner = ports.machines.describe(lock.owner)
    if owner is None:
        if now - lock.acquired_at < this.grace:
            return
        owner = Execution(lock.owner, "UNKNOWN", lock.acquired_at)
    if owner.running or is_fresh(owner, now, this.grace):
        return
    release = ports.releases.get(lock.release)
    if release is None:
        ports.locks.release(lock.service, lock.environment, owner=lock.owner)
        wake(ports, lock_subject(lock.service, lock.environment), "released")
    elif machine_of(lock.owner) == f"{ports.stack}-rollback":
        recover_rollback(ports, release, lock.environment, lock.owner)
    elif recover(ports, release, owner).done == "in_charge":
        return
    this.found["stale_locks"] += 1
