"""Fakes of what the status pages read, and of the sessions of those who read them."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Any

from tests.support.fakes.fake import Fake
from tidegate.domain.approval import ApprovalStatus
from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import Outcome
from tidegate.domain.plain import time_text
from tidegate.domain.session import Session
from tidegate.domain.status import (
    Ended,
    Entry,
    History,
    OpenApproval,
    OpenRelease,
    OpenWork,
    Place,
    Quarantined,
    ServicesPage,
    ServiceStatus,
    TrailPage,
    TrailQuery,
    Waiting,
    service_in,
    version_of,
)


class FakeSessions(Fake):
    """`links` and `sessions` by the hashes of their secrets."""

    def __init__(self) -> None:
        super().__init__()
        self.links: dict[str, Session] = {}
        self.sessions: dict[str, Session] = {}

    def offer(self, link_hash: str, link: Session) -> None:
        self.links[link_hash] = link

    def offered(self, link_hash: str) -> Session | None:
        return self.links.get(link_hash)

    def exchange(self, link_hash: str, session_hash: str, session: Session, *, at: datetime) -> bool:
        if link_hash not in self.links or not self.links[link_hash].open_at(at):
            return False
        del self.links[link_hash]
        self.sessions[session_hash] = session
        return True

    def get(self, session_hash: str) -> Session | None:
        return self.sessions.get(session_hash)

    def end(self, session_hash: str) -> None:
        self.sessions.pop(session_hash, None)


class FakeStatus(Fake):
    """Reads the other fakes, of which it shares what they hold."""

    def __init__(self) -> None:
        super().__init__()
        self._look_at: dict[str, Any] = {}

    def _see(self, ports: Any) -> None:
        """Share what the other fakes of a bundle hold."""
        self._look_at = {
            "services": ports.catalogue.revisions,
            "deployments": ports.deployments.stored,
            "restored": ports.deployments.back,
            "releases": ports.releases.stored,
            "approvals": ports.approvals.stored,
            "waits": ports.waits.stored,
            "lines": ports.journal.lines,
            "frozen": ports.freezes.frozen,
            "held": ports.quarantine.held,
        }

    def open_work(self, limit: int, *, after: str | None = None) -> OpenWork:
        asked = [
            (f"approval#{time_text(each.expires_at)}#{each.id}", _part(OpenApproval, each))
            for each in self._look_at["approvals"].values()
            if each.status is ApprovalStatus.PENDING
        ]
        going = [
            (f"release#{each.id[-23:]}#{each.id}", _part(OpenRelease, each))
            for each in self._look_at["releases"].values()
            if not each.ended
        ]
        every = [each for each in sorted([*asked, *going], key=_key) if each[0] > (after or "")]
        shown = [work for _, work in every[:limit]]
        return OpenWork(
            tuple(each for each in shown if isinstance(each, OpenApproval)),
            tuple(each for each in shown if isinstance(each, OpenRelease)),
            every[limit - 1][0] if len(every) > limit else None,
        )

    def waiting(self, limit: int, *, release: str | None = None) -> tuple[Waiting, ...]:
        waits = [each for each in self._look_at["waits"].values() if release in (None, each.release)]
        return tuple(_part(Waiting, each) for each in sorted(waits, key=lambda each: each.created_at)[:limit])

    def services(self, limit: int, *, prefix: str = "", after: str | None = None) -> ServicesPage:
        names = sorted(
            (name for name in self._look_at["services"] if name.startswith(prefix) and name > (after or "")),
            key=lambda name: f"{name}#",
        )
        found = [self._service(name) for name in names[:limit]]
        shown = tuple(each for each in found if each is not None)
        return ServicesPage(shown, names[limit - 1] if len(names) > limit else None)

    def service(self, name: str) -> ServiceStatus | None:
        return self._service(name)

    def _service(self, name: str) -> ServiceStatus | None:
        revisions = self._look_at["services"].get(name)
        if not revisions:
            return None
        newest = revisions[-1]
        known = {each[1] for each in self._look_at["deployments"] if each[0] == name}
        known |= {environment for service, environment in self._look_at["frozen"] if service == name}
        return ServiceStatus(
            name,
            len(revisions),
            tuple(each.name for each in newest.environments),
            tuple(each.name for each in newest.environments if each.production),
            tuple(sorted(set(newest.repositories))),
            {environment: self._place(name, environment) for environment in sorted(known)},
        )

    def history(self, release: str) -> History | None:
        stored = self._look_at["releases"].get(release)
        if stored is None:
            return None
        deployments = [each for each in self._look_at["deployments"].values() if each.release == release]
        approvals = [each for each in self._look_at["approvals"].values() if each.release == release]
        lines = [line for subject, line in self._look_at["lines"] if subject == release]
        held = self._look_at["held"].items()
        return History(
            stored,
            tuple(sorted(deployments, key=lambda each: each.id)),
            tuple(sorted(approvals, key=lambda each: each.requested_at)),
            tuple(
                _entry(release, line) for line in sorted(lines, key=lambda line: (line["at"], line["key"]))
            ),
            tuple(Quarantined(digest, why, at) for (_, digest), (why, of, at) in held if of == release),
        )

    def trail(self, query: TrailQuery, limit: int) -> TrailPage:
        found = [
            (f"{line['at']}#{line['key']}", _entry(subject, line))
            for subject, line in self._look_at["lines"]
            if query.service in (None, service_in(subject)) and line["kind"].startswith(query.kind or "")
        ]
        wanted = [
            each for each in sorted(found, key=_key, reverse=True) if query.lower <= each[0] < query.upper
        ]
        older = wanted[limit - 1][0] if len(wanted) > limit else None
        return TrailPage(tuple(entry for _, entry in wanted[:limit]), older)

    def _place(self, service: str, environment: str) -> Place:
        every = self._look_at["deployments"].values()
        here: list[Deployment] = sorted(
            (each for each in every if (each.service, each.environment) == (service, environment)),
            key=lambda each: each.id,
        )
        closed = [each for each in here if each.outcome is not None]
        good = [each for each in closed if each.outcome is Outcome.SUCCEEDED]
        last = closed[-1] if closed else None
        under_way = [each for each in here if each.outcome is None and (last is None or each.id > last.id)]
        runs = good[-1] if good else None
        back = self._look_at["restored"].get((service, environment))
        if back is not None and (last is None or last.id <= back[1]):
            runs = next(each for each in here if each.id == back[0])
        frozen = self._look_at["frozen"].get((service, environment))
        return Place(
            service,
            environment,
            runs=version_of(runs) if runs else None,
            deploying=version_of(under_way[-1]) if under_way else None,
            last=Ended(last.id, last.release, last.outcome, last.ended_at) if last else None,
            frozen=frozen[0] if frozen else None,
        )


def _key(each: tuple[str, Any]) -> str:
    return each[0]


def _part(kind: Any, of: Any) -> Any:
    return kind(**{field.name: getattr(of, field.name) for field in fields(kind)})


def _entry(subject: str, line: dict[str, Any]) -> Entry:
    return Entry(datetime.fromisoformat(line["at"]), subject, line["kind"], line["key"], line["entry"])
