"""Fakes of the catalogue and of the ledger's records."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.support.fakes.fake import Fake
from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.plain import time_text, to_plain
from tidegate.domain.release import Release
from tidegate.domain.service import Service
from tidegate.errors import Terminal


class FakeCatalogue(Fake):
    """`revisions` holds every revision of each service, oldest first."""

    def __init__(self) -> None:
        super().__init__()
        self.revisions: dict[str, list[Service]] = {}

    def get(self, service: str, revision: int | None = None) -> tuple[int, Service] | None:
        revisions = self.revisions.get(service, [])
        number = len(revisions) if revision is None else revision
        return (number, revisions[number - 1]) if 1 <= number <= len(revisions) else None

    def put(self, service: Service, *, after: int) -> int:
        revisions = self.revisions.setdefault(service.name, [])
        if revisions[after : after + 1] == [service]:
            return after + 1
        if len(revisions) != after:
            raise Terminal(f"Revision {after + 1} of service {service.name} was stored by somebody else.")
        revisions.append(service)
        return after + 1

    def feeding(self, repository: str) -> tuple[str, ...]:
        return tuple(sorted(service.name for service in self._newest() if repository in service.repositories))

    def watching(self, alarm: str) -> tuple[tuple[str, str], ...]:
        return tuple(
            sorted(
                (service.name, environment.name)
                for service in self._newest()
                for environment in service.environments
                if alarm in environment.strategy.alarms.names
            )
        )

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(name for name, revisions in self.revisions.items() if revisions))

    def _newest(self) -> list[Service]:
        return [revisions[-1] for revisions in self.revisions.values() if revisions]


class FakeReleases(Fake):
    """`stored` maps ids to releases; a test may put one there as it needs it."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[str, Release] = {}

    def create(self, release: Release) -> bool:
        return self.stored.setdefault(release.id, release) == release

    def get(self, release: str) -> Release | None:
        return self.stored.get(release)

    def newest(self, service: str, limit: int = 20, *, before: str | None = None) -> tuple[Release, ...]:
        mine = [
            release
            for release in self.stored.values()
            if release.service == service and (before is None or release.id < before)
        ]
        return tuple(sorted(mine, key=lambda release: release.id, reverse=True)[:limit])

    def start_attempt(self, release: str, attempt: int, execution: str) -> bool:
        stored = self._existing(release)
        if stored.attempt > attempt:
            return False
        if stored.attempt == attempt:
            if stored.execution not in (None, execution):
                return False
            self.stored[release] = replace(stored, execution=execution)
            return True
        self.stored[release] = replace(
            stored,
            attempt=attempt,
            execution=execution,
            stop=None,
            stop_reason=None,
            outcome=None,
            outcome_reason=None,
            failed_environment=None,
            ended_at=None,
        )
        return True

    def touch(self, release: str, environment: str, *, production: bool) -> bool:
        stored = self._existing(release)
        if stored.stop is not None or stored.ended:
            return False
        touched = stored.touched if environment in stored.touched else (*stored.touched, environment)
        self.stored[release] = replace(
            stored, touched=touched, production_touched=stored.production_touched or production
        )
        return True

    def stop(self, release: str, signal: StopSignal, reason: str, *, unless_production: bool) -> bool:
        stored = self._existing(release)
        if stored.ended:
            return False
        if stored.stop is not None:
            return (stored.stop, stored.stop_reason) == (signal, reason)
        if unless_production and stored.production_touched:
            return False
        self.stored[release] = replace(stored, stop=signal, stop_reason=reason)
        return True

    def note_requester(self, release: str, requested_by: str) -> bool:
        stored = self._existing(release)
        if stored.requested_by is None:
            self.stored[release] = replace(stored, requested_by=requested_by)
        return self.stored[release].requested_by == requested_by

    def note_pusher(self, release: str, pusher: str) -> bool:
        stored = self._existing(release)
        if pusher in stored.pushed_by:
            return False
        self.stored[release] = replace(stored, pushed_by=(*stored.pushed_by, pusher))
        return True

    def mark_point_of_no_return(self, release: str) -> None:
        self.stored[release] = replace(self._existing(release), point_of_no_return=True)

    def end(
        self, release: str, outcome: Outcome, reason: str, *, at: datetime, environment: str | None
    ) -> bool:
        stored = self._existing(release)
        ending = (outcome, reason, environment)
        if stored.ended:
            return (stored.outcome, stored.outcome_reason, stored.failed_environment) == ending
        self.stored[release] = replace(
            stored, outcome=outcome, outcome_reason=reason, failed_environment=environment, ended_at=at
        )
        return True

    def _existing(self, release: str) -> Release:
        if release not in self.stored:
            raise Terminal(f"There is no release {release}.")
        return self.stored[release]


class FakeDeployments(Fake):
    """`stored` maps service, environment and id to deployments; a test may put one there as it needs it.

    `back` maps service and environment to the deployment that runs again, and the newest one known by then.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[tuple[str, str, str], Deployment] = {}
        self.back: dict[tuple[str, str], tuple[str, str]] = {}

    def open(self, deployment: Deployment) -> Deployment:
        for other in self.stored.values():
            if _opening(other) == _opening(deployment):
                return other
        return self.stored.setdefault(_place(deployment), deployment)

    def close(self, deployment: Deployment) -> Deployment:
        stored = self.stored.get(_place(deployment))
        if stored is None:
            raise Terminal(f"There is no open deployment {deployment.id}.")
        if deployment.outcome is None:
            raise Terminal(f"Deployment {deployment.id} cannot be closed without an outcome.")
        if stored.outcome is None:
            self.stored[_place(deployment)] = deployment
        return self.stored[_place(deployment)]

    def revoke(self, deployment: Deployment, *, reason: str) -> None:
        stored = self.stored.get(_place(deployment))
        if stored is None:
            raise Terminal(f"There is no deployment {deployment.id}.")
        if stored.revoked is None:
            self.stored[_place(deployment)] = replace(stored, revoked=reason)

    def restored(self, service: str, environment: str, release: str) -> None:
        latest = self.latest(service, environment, 50)
        good = next((each for each in latest if each.good and each.release == release), None)
        if good is not None:
            self.back[service, environment] = (good.id, latest[0].id)

    def latest(self, service: str, environment: str, limit: int = 20) -> tuple[Deployment, ...]:
        here = [
            each
            for each in self.stored.values()
            if (each.service, each.environment) == (service, environment)
        ]
        return tuple(sorted(here, key=lambda each: each.id, reverse=True)[:limit])

    def of_release(self, release: str) -> tuple[Deployment, ...]:
        return tuple(
            sorted(
                (each for each in self.stored.values() if each.release == release), key=lambda each: each.id
            )
        )


def _place(deployment: Deployment) -> tuple[str, str, str]:
    return (deployment.service, deployment.environment, deployment.id)


def _opening(deployment: Deployment) -> tuple[str, str, str, int, str]:
    return (
        deployment.service,
        deployment.environment,
        deployment.release,
        deployment.attempt,
        deployment.execution,
    )


class FakeJournal(Fake):
    """`lines` holds every entry with its subject, in the order in which they were appended."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[tuple[str, dict[str, Any]]] = []

    def append(self, subject: str, kind: str, entry: Mapping[str, Any], *, at: datetime, key: str) -> bool:
        if any(other == subject and line["key"] == key for other, line in self.lines):
            return False
        self.lines.append(
            (subject, {"at": time_text(at), "kind": kind, "key": key, "entry": to_plain(entry)})
        )
        return True

    def entries(self, subject: str, limit: int = 200) -> tuple[dict[str, Any], ...]:
        mine = [line for other, line in self.lines if other == subject]
        return tuple(sorted(mine, key=lambda line: (line["at"], line["key"]))[-limit:])

    def kinds(self, subject: str) -> list[str]:
        """The kinds of a subject's entries, oldest first: what most tests want to see."""
        return [line["kind"] for line in self.entries(subject)]
