"""An approval: bound to digests and to what ran when it was asked for, single-use, expiring."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ApprovalStatus(StrEnum):
    """Where an approval stands; everything but PENDING is final."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Approval:
    """One request for a decision and, afterwards, the decision.

    Attributes:
        id: Names the request; it is no secret. The links are.
        digests: Container name to digest: what is approved is exactly this.
        from_task_definition: What ran when it was asked; if that changes, the approval is void.
        asked: The approvers who were sent a link.
        decided_by: The approver whose link was used.
    """

    id: str
    release: str
    service: str
    environment: str
    digests: dict[str, str]
    from_task_definition: str | None
    from_images: dict[str, str]
    requested_at: datetime
    expires_at: datetime
    requested_by: str | None
    asked: tuple[str, ...]
    status: ApprovalStatus = ApprovalStatus.PENDING
    decided_by: str | None = None
    decided_at: datetime | None = None
    comment: str | None = None

    def open_at(self, now: datetime) -> bool:
        """Whether it can still be decided."""
        return self.status is ApprovalStatus.PENDING and now < self.expires_at


def link_hash(link_id: str) -> str:
    """What is stored of a link's 256-bit random id: its SHA-256, so that the store cannot open a page."""
    return hashlib.sha256(link_id.encode()).hexdigest()
