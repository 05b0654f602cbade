"""An approval: bound to digests and to what ran when it was asked for; each approver decides once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tidegate.domain.provenance import Provenance

REMIND_AFTER = 0.7
"""Of the time for a decision: when it is over, who has not decided is reminded, once."""
FIRST_LOOK_AFTER = 0.75
"""Of the time for a decision: who waits for it looks then, a little after the reminder is due."""


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
class Vote:
    """One person's yes. Under ``break_glass`` it is enough alone, and ``comment`` says why."""

    by: str
    at: datetime
    comment: str | None = None
    break_glass: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """One request for a decision and, afterwards, the decision.

    Attributes:
        id: Names the request; it is no secret. The links are.
        digests: Container name to digest: what is approved is exactly this.
        from_task_definition: What ran when it was asked; if that changes, the approval is void.
        requested_by: Who asked for the release, as was claimed.
        asked: The approvers who were sent a link.
        decided_by: The approver whose link was used; of several the last one.
        votes: The approvals so far. A rejection is no vote: one is enough.
        requesters: The addresses of those who asked for the release, as far as they were known when it was
            asked; None where an earlier version asked.
        difference: Hash of the task definition that would be deployed, None where an earlier version asked.
        revision: The revision of the manifest by which it was asked, None likewise.
        results: Environment to the id of the deployment there: how the release did before.
        provenance: Container to what its image says of itself.
        pushed_by: Who pushed the images, by CloudTrail.
        question: Why people are asked, where it is not only that the rule says so.
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
    votes: tuple[Vote, ...] = ()
    requesters: tuple[str, ...] | None = None
    difference: str | None = None
    revision: int | None = None
    results: dict[str, str] = field(default_factory=dict)
    provenance: dict[str, Provenance] = field(default_factory=dict)
    pushed_by: tuple[str, ...] = ()
    question: str | None = None

    def open_at(self, now: datetime) -> bool:
        """Whether it can still be decided."""
        return self.status is ApprovalStatus.PENDING and now < self.expires_at

    @property
    def remind_at(self) -> datetime:
        """When who has not decided is reminded."""
        return self.requested_at + REMIND_AFTER * (self.expires_at - self.requested_at)

    def next_look(self, now: datetime) -> timedelta:
        """How long nobody need look unless somebody decides: until the reminder, then until it expires."""
        return max(timedelta(), (self.remind_at if now < self.remind_at else self.expires_at) - now)

    def vote_of(self, approver: str) -> Vote | None:
        """The yes of an approver, if they have said it."""
        return next((vote for vote in self.votes if same(vote.by, approver)), None)

    def with_vote(self, vote: Vote, *, enough: bool) -> Approval:
        """The approval after one more yes, which decides it when it is ``enough``."""
        voted = replace(self, votes=(*self.votes, vote))
        if not enough:
            return voted
        return replace(
            voted,
            status=ApprovalStatus.APPROVED,
            decided_by=vote.by,
            decided_at=vote.at,
            comment=vote.comment,
        )

    @property
    def approved_by(self) -> str | None:
        """Everybody who approved, joined; who decided, where there are no votes."""
        return ", ".join(vote.by for vote in self.votes) or self.decided_by

    @property
    def broke_glass(self) -> Vote | None:
        """The yes that was enough alone, if there is one."""
        return next((vote for vote in self.votes if vote.break_glass), None)


def same(one: str, other: str) -> bool:
    """Whether two addresses are the same person's: case makes no difference."""
    return one.strip().casefold() == other.strip().casefold()


def link_hash(link_id: str) -> str:
    """What is stored of a link's 256-bit random id: its SHA-256, so that the store cannot open a page."""
    return hashlib.sha256(link_id.encode()).hexdigest()
