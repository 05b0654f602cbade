"""Requests for a decision, in DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tidegate.aws.items import Item
from tidegate.aws.table import ABSENT, ConditionFailed, Table
from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.plain import from_plain, time_text, to_plain
from tidegate.errors import Terminal
from tidegate.ports import Approvals

_REQUEST = "APPROVAL"
_LINK = "LINK"
_DECISIONS = (ApprovalStatus.APPROVED, ApprovalStatus.REJECTED)
"""What people decide; these alone are bound to the time limit."""


class DynamoApprovals(Approvals):
    """The hash of a link leads to the request; the link itself is nowhere."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, approval: Approval, links: Mapping[str, str]) -> bool:
        link_items = [_link_item(link, approval.id, approver) for link, approver in links.items()]
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
        if self.get(approval) is None:
            raise Terminal(f"There is no approval {approval} to which a link could lead.")
        for link, approver in links.items():
            self._table.put(_link_item(link, approval, approver))

    def get(self, approval: str) -> Approval | None:
        item = self._table.get(_request(approval), _REQUEST)
        return _read(item) if item else None

    def by_link(self, link_hash: str) -> tuple[Approval, str] | None:
        link = self._table.get(_link(link_hash), _LINK)
        approval = self.get(link["approval"]) if link else None
        return (approval, link["approver"]) if link and approval else None

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

    def pending_of(self, release: str) -> tuple[Approval, ...]:
        pointers = self._table.query(f"RELEASE#{release}", prefix=_request(""))
        items = self._table.get_all([(_request(pointer["approval"]), _REQUEST) for pointer in pointers])
        approvals = [_read(item) for item in items]
        return tuple(approval for approval in approvals if approval.status is ApprovalStatus.PENDING)


def _request(approval: str) -> str:
    return f"APPROVAL#{approval}"


def _link(link_hash: str) -> str:
    return f"LINK#{link_hash}"


def _link_item(link_hash: str, approval: str, approver: str) -> Item:
    return {"pk": _link(link_hash), "sk": _LINK, "approval": approval, "approver": approver}


def _open(approval: Approval) -> Item:
    """What lists it among the open work until it is final."""
    if approval.status is not ApprovalStatus.PENDING:
        return {}
    return {"open": "yes", "open_since": f"approval#{time_text(approval.expires_at)}#{approval.id}"}


def _decided(approval: Approval) -> tuple[ApprovalStatus, str | None, str | None]:
    return approval.status, approval.decided_by, approval.comment


def _read(item: Item) -> Approval:
    return from_plain(Approval, item)
