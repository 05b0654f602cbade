"""Requests for a decision, in DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tidegate.aws.admission import Visits, count_form
from tidegate.aws.catalogue import read_revision, revision_key
from tidegate.aws.items import Item
from tidegate.aws.table import ABSENT, ConditionFailed, Table
from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.deployment import Deployment
from tidegate.domain.plain import from_plain, time_text, to_plain
from tidegate.domain.release import Release, service_of
from tidegate.errors import Terminal
from tidegate.ports import Approvals, Linked

_REQUEST = "APPROVAL"
_LINK = "LINK"
_DECISIONS = (ApprovalStatus.APPROVED, ApprovalStatus.REJECTED)
"""What people decide; these alone are bound to the time limit."""
_BELONGS_TO = "of"
"""The release, not under its usual name: the index of all that a release has must not list links."""


class DynamoApprovals(Approvals):
    """The hash of a link leads to the request; the link itself is nowhere.

    A link's item names all that its page shows, so that the rest is read in one batch.
    """

    def __init__(self, ledger: Table, catalogue: Table) -> None:
        self._table = ledger
        self._catalogue = catalogue
        self._visits = Visits()

    def create(self, approval: Approval, links: Mapping[str, str]) -> bool:
        link_items = [_link_item(link, approval, approver) for link, approver in links.items()]
        request = {"pk": _request(approval.id), "sk": _REQUEST, **to_plain(approval), **_open(approval)}
        pointer = {"pk": f"RELEASE#{approval.release}", "sk": _request(approval.id), "approval": approval.id}
        writes = [self._table.putting(item, ABSENT) for item in (request, pointer, *link_items)]
        try:
            self._table.transact(*writes)
        except ConditionFailed:
            stored = self._table.get_all([(item["pk"], _LINK) for item in link_items])
            return self.get(approval.id) is not None and stored == link_items
        return True

    def add_links(self, approval: str, links: Mapping[str, str]) -> None:
        stored = self.get(approval)
        if stored is None:
            raise Terminal(f"There is no approval {approval} to which a link could lead.")
        for link, approver in links.items():
            self._table.put(_link_item(link, stored, approver))

    def get(self, approval: str) -> Approval | None:
        item = self._table.get(_request(approval), _REQUEST)
        return _read(item) if item else None

    def by_link(self, link_hash: str) -> tuple[Approval, str] | None:
        link = self._table.get(_link(link_hash), _LINK)
        approval = self.get(link["approval"]) if link else None
        return (approval, link["approver"]) if link and approval else None

    def linked(self, link_hash: str) -> Linked | None:
        link = self._table.get(_link(link_hash), _LINK)
        if link is None:
            return None
        if _BELONGS_TO not in link:  # of an earlier version: it has to be looked up what belongs to it
            approval = self.get(link["approval"])
            release = self._release(approval.release) if approval else None
            if approval is None or release is None:
                return Linked(approval, link["approver"], release, None) if approval else None
            link = {**link, **_belonging(approval), "revision": release.revision}
        return self._gathered(link)

    def _gathered(self, link: Item) -> Linked | None:
        """Everything that a link's item names, in one round trip."""
        table, service = self._table, service_of(link[_BELONGS_TO]) or ""
        results = [(f"DEPLOYMENTS#{service}/{place}", name) for place, name in link["results"].items()]
        items = table.get_batch(
            [
                table.reading(_request(link["approval"]), _REQUEST),
                table.reading(f"SERVICE#{service}", f"RELEASE#{link[_BELONGS_TO]}"),
                self._catalogue.reading(*revision_key(service, link["revision"])),
                *(table.reading(*key) for key in results),
            ]
        )
        approval, release, revision, *deployments = items
        if approval is None:
            return None
        return Linked(
            approval=_read(approval),
            approver=link["approver"],
            release=from_plain(Release, release) if release else None,
            service=read_revision(revision)[1] if revision else None,
            deployments=tuple(from_plain(Deployment, each) for each in deployments if each),
        )

    def admit(self, link_hash: str, *, at: datetime, deciding: bool) -> bool:
        if not self._visits.admit(link_hash, at):
            return False
        return not deciding or count_form(self._table, (_link(link_hash), _LINK), at)

    def decide(
        self, approval: str, status: ApprovalStatus, *, by: str | None, comment: str | None, at: datetime
    ) -> bool:
        decision: dict[str, Any] = {"status": status.value, "by": by, "comment": comment, "at": time_text(at)}
        update = "SET #status = :status, #decided_by = :by, #comment = :comment, #decided_at = :at"
        update += " REMOVE #open, #open_since"
        condition = "#status = :pending"
        if status in _DECISIONS:
            condition += " AND #expires_at > :at"
        pending = ApprovalStatus.PENDING.value
        try:
            self._table.update(_request(approval), _REQUEST, update, condition, pending=pending, **decision)
        except ConditionFailed as failed:
            stored = _read(failed.item) if failed.item else None
            return stored is not None and _decided(stored) == (status, by, comment)
        return True

    def vote(self, before: Approval, after: Approval, *, at: datetime) -> bool:
        changed: dict[str, Any] = to_plain(after)
        names = ("votes", "status", "decided_by", "decided_at", "comment")
        update = f"SET {', '.join(f'#{name} = :{name}' for name in names)}"
        if after.status is not ApprovalStatus.PENDING:
            update += " REMOVE #open, #open_since"
        unchanged = "attribute_not_exists(#votes) OR size(#votes) = :before"
        condition = f"#status = :pending AND #expires_at > :at AND ({unchanged})"
        values: dict[str, Any] = {name: changed[name] for name in names}
        values |= {"pending": ApprovalStatus.PENDING.value, "before": len(before.votes), "at": time_text(at)}
        try:
            self._table.update(_request(before.id), _REQUEST, update, condition, **values)
        except ConditionFailed as failed:
            stored = _read(failed.item) if failed.item else None
            return stored is not None and (stored.votes, stored.status) == (after.votes, after.status)
        return True

    def pending_of(self, release: str) -> tuple[Approval, ...]:
        pointers = self._table.query(f"RELEASE#{release}", prefix=_request(""))
        items = self._table.get_all([(_request(pointer["approval"]), _REQUEST) for pointer in pointers])
        approvals = [_read(item) for item in items]
        return tuple(approval for approval in approvals if approval.status is ApprovalStatus.PENDING)

    def _release(self, release: str) -> Release | None:
        item = self._table.get(f"SERVICE#{service_of(release) or ''}", f"RELEASE#{release}")
        return from_plain(Release, item) if item else None


def _request(approval: str) -> str:
    return f"APPROVAL#{approval}"


def _link(link_hash: str) -> str:
    return f"LINK#{link_hash}"


def _link_item(link_hash: str, approval: Approval, approver: str) -> Item:
    named = {"approval": approval.id, "approver": approver}
    known = _belonging(approval) if approval.revision is not None else {}
    return {"pk": _link(link_hash), "sk": _LINK, **named, **known}


def _belonging(approval: Approval) -> Item:
    """What else belongs to a request, by name."""
    return {_BELONGS_TO: approval.release, "revision": approval.revision, "results": dict(approval.results)}


def _open(approval: Approval) -> Item:
    """What lists it among the open work until it is final."""
    if approval.status is not ApprovalStatus.PENDING:
        return {}
    return {"open": "yes", "open_since": f"approval#{time_text(approval.expires_at)}#{approval.id}"}


def _decided(approval: Approval) -> tuple[ApprovalStatus, str | None, str | None]:
    return approval.status, approval.decided_by, approval.comment


def _read(item: Item) -> Approval:
    return from_plain(Approval, item)
