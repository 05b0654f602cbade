"""Who may do what when: approvals, freezes, locks, and machines that wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.deployment import Deployment
from tidegate.domain.lock import Lock
from tidegate.domain.release import Release
from tidegate.domain.service import Service


@dataclass(frozen=True, slots=True)
class Linked:
    """What a link leads to, all read at once: what a page needs of Tidegate's own tables.

    Attributes:
        approver: Whose link it is.
        release: None when the ledger no longer knows it; likewise the ``service``, by the release's revision.
        deployments: How the release did in the environments before this one.
    """

    approval: Approval
    approver: str
    release: Release | None
    service: Service | None
    deployments: tuple[Deployment, ...] = ()


class Approvals(Protocol):
    """Requests for a decision, found by their id or by the hash of a link."""

    def create(self, approval: Approval, links: Mapping[str, str]) -> bool:
        """Store a request with link hash → approver; False when it exists (its links are then kept)."""

    def add_links(self, approval: str, links: Mapping[str, str]) -> None:
        """Add link hash → approver to a stored request; the links that it has keep working."""

    def get(self, approval: str) -> Approval | None:
        """A request by id, read consistently."""

    def by_link(self, link_hash: str) -> tuple[Approval, str] | None:
        """The request and the approver to whom the link was given."""

    def linked(self, link_hash: str) -> Linked | None:
        """The same with all that belongs to it, read consistently in two round trips."""

    def admit(self, link_hash: str, *, at: datetime, deciding: bool) -> bool:
        """Whether a link may be used once more in this minute.

        Looking writes nothing: each process counts for itself. Forms are counted in the table.
        """

    def decide(
        self, approval: str, status: ApprovalStatus, *, by: str | None, comment: str | None, at: datetime
    ) -> bool:
        """Make a pending request final, once; False when it already was (or, for a decision, had expired)."""

    def vote(self, before: Approval, after: Approval, *, at: datetime) -> bool:
        """Store one more yes, which may decide: one conditional write.

        False when the request is no longer as it was ``before``, or has expired: read it again.
        """

    def pending_of(self, release: str) -> tuple[Approval, ...]:
        """The requests of a release that wait for a decision."""


class Freezes(Protocol):
    """Environments into which nothing is promoted for now. Rollback never asks."""

    def set(self, service: str, environment: str, *, reason: str, by: str | None, at: datetime) -> bool:
        """Freeze; False when it was frozen already."""

    def lift(self, service: str, environment: str) -> bool:
        """Thaw; False when it was not frozen."""

    def reason(self, service: str, environment: str) -> str | None:
        """Why it is frozen, or None when it is not."""


class Locks(Protocol):
    """One owner per service and environment."""

    def acquire(
        self, service: str, environment: str, *, owner: str, release: str, at: datetime
    ) -> Lock | None:
        """Take a free lock, or confirm one's own; None when somebody else holds it."""

    def take_over(
        self, service: str, environment: str, *, owner: str, release: str, at: datetime, from_owner: str
    ) -> Lock | None:
        """Take the lock from an owner that has stopped; None when it is no longer held by that owner."""

    def holder(self, service: str, environment: str) -> Lock | None:
        """Who holds it now, read consistently."""

    def release(self, service: str, environment: str, *, owner: str) -> bool:
        """Give it back; False when it was not the owner's."""

    def all(self) -> tuple[Lock, ...]:
        """Every lock that is held (at most as many as deployments run): for the sweep."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A machine that waits for something to happen.

    Attributes:
        subject: What it waits for, for example ``service-deployment/<service arn>``.
        name: Unique within the subject: execution ARN and state.
        token: The task token; it lies in this table and in the registering step, nowhere else.
        release: The release it belongs to, so that a stop signal reaches it.
    """

    subject: str
    name: str
    token: str
    release: str
    created_at: datetime
    expires_at: datetime


class Waits(Protocol):
    """Waiting task tokens, by what they wait for."""

    def put(self, wait: Wait) -> None:
        """Store a token; a retry of the same state replaces its own older one."""

    def on(self, subject: str) -> tuple[Wait, ...]:
        """Who waits for a subject, oldest first."""

    def of_release(self, release: str) -> tuple[Wait, ...]:
        """Everything a release waits for."""

    def remove(self, wait: Wait) -> None:
        """Forget a wait; nothing happens when it is gone, or was replaced by a newer token."""


@dataclass(frozen=True, slots=True)
class Execution:
    """A state-machine execution. ``status`` is that of Step Functions."""

    arn: str
    status: str
    started_at: datetime
    stopped_at: datetime | None = None

    @property
    def running(self) -> bool:
        """Whether it may still change something."""
        return self.status in ("RUNNING", "PENDING_REDRIVE")


class Machines(Protocol):
    """AWS Step Functions."""

    def start(self, machine: str, name: str, payload: Mapping[str, Any]) -> str:
        """Start a machine of ours by its short name, once per name and input; returns the ARN."""

    def describe(self, execution: str) -> Execution | None:
        """How an execution stands; None when Step Functions does not know it (any more)."""

    def stop(self, execution: str, *, error: str, cause: str) -> None:
        """Stop an execution; nothing happens when it has ended."""

    def resume(self, token: str, output: Mapping[str, Any]) -> bool:
        """Answer a waiting task; False when it waits no longer."""


class Schedules(Protocol):
    """EventBridge Scheduler: the pulse of each canary."""

    def start(self, name: str, payload: Mapping[str, Any]) -> None:
        """Invoke the pulse every minute with a payload, from now on; there is one schedule per name."""

    def remove(self, name: str) -> None:
        """Invoke it no more; nothing happens when there is no such schedule."""

    def exists(self, name: str) -> bool:
        """Whether the schedule is there and enabled."""
