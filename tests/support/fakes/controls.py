"""Fakes of what holds a release back or lets it go on."""

from datetime import datetime, timedelta

from tests.support.fakes.fake import Fake
from tidegate.domain.lock import Lock
from tidegate.ports import Wait


class FakeQuarantine(Fake):
    """`held` maps service and digest to (reason, release, since)."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], tuple[str, str | None, datetime]] = {}
        self.lifted: dict[tuple[str, str, datetime], tuple[str, str | None]] = {}

    def add(self, service: str, digest: str, *, reason: str, release: str | None, at: datetime) -> bool:
        evidence = (reason, release, at)
        return self.held.setdefault((service, digest), evidence) == evidence

    def lift(self, service: str, digest: str, *, reason: str, by: str | None, at: datetime) -> bool:
        if self.held.pop((service, digest), None) is None:
            return self.lifted.get((service, digest, at)) == (reason, by)
        self.lifted[service, digest, at] = (reason, by)
        return True

    def digests(self, service: str) -> dict[str, str]:
        return {digest: held[0] for (owner, digest), held in sorted(self.held.items()) if owner == service}


class FakeFreezes(Fake):
    """`frozen` maps service and environment to (reason, by, since)."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen: dict[tuple[str, str], tuple[str, str | None, datetime]] = {}

    def set(self, service: str, environment: str, *, reason: str, by: str | None, at: datetime) -> bool:
        freeze = (reason, by, at)
        return self.frozen.setdefault((service, environment), freeze) == freeze

    def lift(self, service: str, environment: str) -> bool:
        return self.frozen.pop((service, environment), None) is not None

    def reason(self, service: str, environment: str) -> str | None:
        freeze = self.frozen.get((service, environment))
        return freeze[0] if freeze else None


class FakeLocks(Fake):
    """`held` maps service and environment to the lock; fences count on when it is given back."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], Lock] = {}
        self.fences: dict[tuple[str, str], int] = {}
        self.last_owners: dict[tuple[str, str], str] = {}

    def acquire(
        self, service: str, environment: str, *, owner: str, release: str, at: datetime
    ) -> Lock | None:
        held = self.held.get((service, environment))
        if held is None:
            return self._give(service, environment, owner, release, at)
        return held if held.owner == owner else None

    def take_over(
        self, service: str, environment: str, *, owner: str, release: str, at: datetime, from_owner: str
    ) -> Lock | None:
        held = self.held.get((service, environment))
        if held is not None and held.owner == from_owner:
            return self._give(service, environment, owner, release, at)
        return held if held is not None and held.owner == owner else None

    def holder(self, service: str, environment: str) -> Lock | None:
        return self.held.get((service, environment))

    def release(self, service: str, environment: str, *, owner: str) -> bool:
        held = self.held.get((service, environment))
        if held is None:
            return self.last_owners.get((service, environment)) == owner
        if held.owner != owner:
            return False
        del self.held[service, environment]
        self.last_owners[service, environment] = owner
        return True

    def all(self) -> tuple[Lock, ...]:
        return tuple(lock for _, lock in sorted(self.held.items()))

    def _give(self, service: str, environment: str, owner: str, release: str, at: datetime) -> Lock:
        fence = self.fences.get((service, environment), 0) + 1
        lock = Lock(service, environment, owner, release, fence, at)
        self.fences[service, environment] = fence
        self.held[service, environment] = lock
        return lock


class FakeWaits(Fake):
    """`stored` maps subject and name to the wait."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[tuple[str, str], Wait] = {}

    def put(self, wait: Wait) -> None:
        self.stored[wait.subject, wait.name] = wait

    def on(self, subject: str) -> tuple[Wait, ...]:
        return self._oldest_first(wait for wait in self.stored.values() if wait.subject == subject)

    def of_release(self, release: str) -> tuple[Wait, ...]:
        return self._oldest_first(wait for wait in self.stored.values() if wait.release == release)

    def remove(self, wait: Wait) -> None:
        stored = self.stored.get((wait.subject, wait.name))
        if stored is not None and stored.token == wait.token:
            del self.stored[wait.subject, wait.name]

    @staticmethod
    def _oldest_first(waits) -> tuple[Wait, ...]:
        return tuple(sorted(waits, key=lambda wait: (wait.created_at, wait.subject, wait.name)))


class FakeIntake(Fake):
    """`claims` maps keys to (value, at)."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: dict[str, tuple[str, datetime]] = {}

    def first(self, key: str, *, at: datetime, value: str, again_after_seconds: int | None = None) -> str:
        claim = self.claims.get(key)
        if claim is None or self._no_longer_counts(claim[1], at, again_after_seconds):
            claim = self.claims[key] = (value, at)
        return claim[0]

    def seen(self, key: str) -> tuple[str, datetime] | None:
        return self.claims.get(key)

    @staticmethod
    def _no_longer_counts(claimed: datetime, at: datetime, seconds: int | None) -> bool:
        return seconds is not None and abs(at - claimed) > timedelta(seconds=seconds)
