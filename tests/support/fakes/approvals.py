"""The fake of the requests for a decision."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from tests.support.fakes.fake import Fake
from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.deployment import Deployment
from tidegate.domain.release import Release
from tidegate.domain.service import Service
from tidegate.errors import Terminal
from tidegate.ports import Linked

if TYPE_CHECKING:
    from tests.support.fakes.ledger import FakeCatalogue, FakeDeployments, FakeReleases

MOST_FORMS = 20
MOST_VISITS = 60


class FakeApprovals(Fake):
    """`stored` maps ids to requests, `links` link hashes to (id, approver).

    `linked` reads what lies beside it in the tables, which `lies_beside` names.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[str, Approval] = {}
        self.links: dict[str, tuple[str, str]] = {}
        self._visits: Counter[tuple[str, str]] = Counter()
        self._forms: Counter[tuple[str, str]] = Counter()
        self._releases: dict[str, Release] = {}
        self._catalogue: dict[str, list[Service]] = {}
        self._deployments: dict[tuple[str, str, str], Deployment] = {}

    def _lies_beside(
        self, releases: FakeReleases, catalogue: FakeCatalogue, deployments: FakeDeployments
    ) -> None:
        self._releases, self._catalogue = releases.stored, catalogue.revisions
        self._deployments = deployments.stored

    def create(self, approval: Approval, links: Mapping[str, str]) -> bool:
        wanted = {link: (approval.id, approver) for link, approver in links.items()}
        if approval.id in self.stored:
            return all(self.links.get(link) == owner for link, owner in wanted.items())
        self.stored[approval.id] = approval
        self.links.update(wanted)
        return True

    def add_links(self, approval: str, links: Mapping[str, str]) -> None:
        if approval not in self.stored:
            raise Terminal(f"There is no approval {approval} to which a link could lead.")
        self.links.update({link: (approval, approver) for link, approver in links.items()})

    def get(self, approval: str) -> Approval | None:
        return self.stored.get(approval)

    def by_link(self, link_hash: str) -> tuple[Approval, str] | None:
        if link_hash not in self.links:
            return None
        approval, approver = self.links[link_hash]
        return self.stored[approval], approver

    def linked(self, link_hash: str) -> Linked | None:
        if link_hash not in self.links:
            return None
        name, approver = self.links[link_hash]
        approval = self.stored[name]
        release = self._releases.get(approval.release)
        revision = approval.revision or (release.revision if release else 0)
        known = self._catalogue.get(approval.service, [])
        service = known[revision - 1] if 0 < revision <= len(known) else None
        results = [
            each
            for each in self._deployments.values()
            if approval.results.get(each.environment) == each.id and each.service == approval.service
        ]
        return Linked(approval, approver, release, service, tuple(sorted(results, key=lambda each: each.id)))

    def admit(self, link_hash: str, *, at: datetime, deciding: bool) -> bool:
        minute = (link_hash, f"{at:%H:%M}")
        self._visits[minute] += 1
        self._forms[minute] += deciding and link_hash in self.links
        return self._visits[minute] <= MOST_VISITS and self._forms[minute] <= MOST_FORMS

    def decide(
        self, approval: str, status: ApprovalStatus, *, by: str | None, comment: str | None, at: datetime
    ) -> bool:
        stored = self.stored.get(approval)
        if stored is None:
            return False
        if stored.status is not ApprovalStatus.PENDING:
            return (stored.status, stored.decided_by, stored.comment) == (status, by, comment)
        if status in (ApprovalStatus.APPROVED, ApprovalStatus.REJECTED) and not stored.open_at(at):
            return False
        self.stored[approval] = replace(stored, status=status, decided_by=by, comment=comment, decided_at=at)
        return True

    def vote(self, before: Approval, after: Approval, *, at: datetime) -> bool:
        stored = self.stored.get(before.id)
        if stored is None or not stored.open_at(at) or len(stored.votes) != len(before.votes):
            return stored is not None and (stored.votes, stored.status) == (after.votes, after.status)
        self.stored[before.id] = replace(
            stored,
            votes=after.votes,
            status=after.status,
            decided_by=after.decided_by,
            decided_at=after.decided_at,
            comment=after.comment,
        )
        return True

    def pending_of(self, release: str) -> tuple[Approval, ...]:
        return tuple(
            approval
            for _, approval in sorted(self.stored.items())
            if approval.release == release and approval.status is ApprovalStatus.PENDING
        )
