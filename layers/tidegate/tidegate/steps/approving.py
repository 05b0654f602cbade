"""Requests for an approval: which one stands, whether it still holds, and how it becomes final."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidegate.domain import quorum, task_definition
from tidegate.domain.approval import Approval, ApprovalStatus, Vote
from tidegate.domain.asking import approval_id
from tidegate.domain.release import Release
from tidegate.domain.service import ApprovalRule
from tidegate.ports import Ports
from tidegate.steps.guard import told_to_stop
from tidegate.steps.prepare_environment import pinned_images, render
from tidegate.steps.requester import addresses_of
from tidegate.steps.resume import wake
from tidegate.steps.scope import Scope

MOST_REQUESTS = 10
"""How often one question is asked again because what runs has changed before anybody decided."""
MOST_RACES = 25
"""How often a vote is tried again because somebody else's came in between: more than there are approvers."""
SLACK_SECONDS = 2


class AskedTooOften(Exception):
    """What runs kept changing while it was asked about; the message says so."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a request stands by the rule of its environment.

    Attributes:
        required: How many people must approve in all.
        missing: What is still needed, in words such as ``1 of security``.
        requesters: Addresses of those known to have asked for the release.
        requester_known: Whether anybody was known when it was asked.
    """

    rule: ApprovalRule
    required: int
    missing: tuple[str, ...]
    requesters: tuple[str, ...]
    requester_known: bool

    def is_own(self, approver: str) -> bool:
        """Whether an approver asked for the release and may therefore not approve it."""
        return not self.rule.requester_may_approve and approver.casefold() in self.requesters

    def may_break_glass(self, approver: str) -> bool:
        """Whether an approver may approve alone where an ordinary approval would not be enough."""
        return quorum.may_break_glass(self.rule, approver) and (self.required > 1 or self.is_own(approver))

    def enough_with(self, approval: Approval, vote: Vote) -> bool:
        """Whether one more vote decides."""
        every, known = (*approval.votes, vote), self.requester_known
        return quorum.enough(self.rule, every, self.requesters, requester_known=known)


def subject(approval: str) -> str:
    """What a machine that waits for a decision waits for."""
    return f"approval/{approval}"


def current(ports: Ports, release: Release, environment: str, round_: int) -> tuple[str, Approval | None]:
    """The request that stands in a round, or the id that the next one will have.

    A void request is no answer: the same question is asked again under the next id.

    Raises:
        AskedTooOften: it has become void too often.
    """
    for again in range(MOST_REQUESTS):
        name = approval_id(release.id, environment, release.attempt, round_, again)
        approval = ports.approvals.get(name)
        if approval is None or approval.status is not ApprovalStatus.VOID:
            return name, approval
    raise AskedTooOften(f"What runs in {environment} kept changing while its approval was asked for.")


def look_again_after(approval: Approval, now: datetime) -> int:
    """How many seconds whoever waits for a pending request may wait: a little longer, so that it is over."""
    return math.ceil(approval.next_look(now).total_seconds()) + SLACK_SECONDS


def standing(approval: Approval, scope: Scope) -> Standing:
    """How far a request is. Who asked for the release is read anew: CloudTrail may have told meanwhile.

    A request of an earlier version needs one approval, as it did when it was asked.
    """
    rule = scope.environment.approval or ApprovalRule(approvers=approval.asked)
    named = set(addresses_of(scope.release, approval.provenance)) | set(approval.requesters or ())
    known = approval.requesters is None or bool(approval.requesters)
    voters = [vote.by for vote in approval.votes]
    return Standing(
        rule=rule,
        required=quorum.required(rule, requester_known=known),
        missing=quorum.missing(rule, voters, named, requester_known=known),
        requesters=tuple(sorted(named)),
        requester_known=known,
    )


def not_waiting(ports: Ports, release: Release | None) -> str | None:
    """Why a decision would reach nobody any more, as a sentence; None while somebody waits for it."""
    if release is None:
        return "The ledger no longer knows this release."
    stopped = told_to_stop(release)
    if stopped is not None:
        return stopped["reason"]
    if release.outcome is not None:
        return f"The release has ended as {str(release.outcome).replace('_', ' ')}."
    execution = ports.machines.describe(release.execution) if release.execution else None
    if execution is not None and not execution.running:
        return "The execution that asked for this approval has stopped."
    return None


def rendered(ports: Ports, scope: Scope) -> dict[str, Any]:
    """The task definition that would be deployed."""
    return render(scope, pinned_images(ports, scope))


def no_longer_holds(
    ports: Ports, approval: Approval, scope: Scope, new: Mapping[str, Any] | None = None
) -> str | None:
    """Why what the approver was shown is no longer true, as a sentence; None while it is.

    Args:
        ports: The world.
        approval: What was asked.
        scope: The release and where it wants to go.
        new: The task definition that would be deployed, for whoever has rendered it already.
    """
    place = scope.environment
    if scope.release.digests != approval.digests:
        return "The release has other images than those that were shown."
    state = ports.services.describe(place.target, place.cluster, place.service)
    if state is None:
        return f"There is no active service {place.service} in cluster {place.cluster} any more."
    if state.task_definition != approval.from_task_definition:
        return f"What runs in {place.name} has changed since this was asked."
    if approval.difference is not None:
        would_be = rendered(ports, scope) if new is None else new
        if task_definition.fingerprint(would_be) != approval.difference:
            return f"What would be deployed to {place.name} has changed since this was asked."
    return None


def approve(ports: Ports, approval: Approval, scope: Scope, vote: Vote) -> Approval:
    """Take in a person's yes, and wake the machine when it decides.

    Of several people at once each is counted: who was overtaken looks again. Who has said yes already, and
    whoever comes after the decision, changes nothing.

    Returns:
        The request as it is afterwards.
    """
    for _ in range(MOST_RACES):
        if approval.vote_of(vote.by) is not None or not approval.open_at(vote.at):
            break
        after = approval.with_vote(vote, enough=standing(approval, scope).enough_with(approval, vote))
        if ports.approvals.vote(approval, after, at=vote.at):
            approval = after
            break
        approval = ports.approvals.get(approval.id) or approval
    given = approval.vote_of(vote.by)
    if given is not None and (given.break_glass or len(approval.votes) > 1 or approval.decided_by is None):
        _note_vote(ports, approval, given)
    if approval.status is ApprovalStatus.APPROVED and given is not None:
        note(ports, approval)
        wake(ports, subject(approval.id), ApprovalStatus.APPROVED.value)
    return approval


def reject(ports: Ports, approval: Approval, by: str, comment: str) -> bool:
    """Take in a person's no, which is enough alone, and wake the machine that waits.

    Returns:
        Whether it is theirs that stands; False when the request was final before, or has expired.
    """
    now, status = ports.clock.now(), ApprovalStatus.REJECTED
    if not ports.approvals.decide(approval.id, status, by=by, comment=comment, at=now):
        return False
    decided = ports.approvals.get(approval.id)
    if decided is not None:
        note(ports, decided)
    wake(ports, subject(approval.id), status.value)
    return True


def make_void(ports: Ports, approval: Approval, reason: str) -> None:
    """End a request that no longer holds and wake the machine, so that it asks again."""
    now = ports.clock.now()
    if ports.approvals.decide(approval.id, ApprovalStatus.VOID, by=None, comment=reason, at=now):
        wake(ports, subject(approval.id), ApprovalStatus.VOID.value)


def note(ports: Ports, approval: Approval) -> None:
    """Write a final request into the journal, once."""
    entry = {
        "approval": approval.id,
        "environment": approval.environment,
        "by": approval.approved_by,
        "comment": approval.comment,
        "votes": list(approval.votes),
        "digests": approval.digests,
        "from": approval.from_task_definition,
        "difference": approval.difference,
    }
    ports.journal.append(
        approval.release,
        f"approval.{approval.status}",
        entry,
        at=approval.decided_at or ports.clock.now(),
        key=f"approval/{approval.id}/final",
    )


def note_refused(ports: Ports, approval: Approval, by: str, wanted: str, comment: str, why: str) -> None:
    """Write down a decision that came too late or could not be taken: it is refused, not lost."""
    now = ports.clock.now()
    entry: dict[str, Any] = {"approval": approval.id, "environment": approval.environment, "by": by}
    entry |= {"wanted": wanted, "comment": comment[:2000] or None, "why": why}
    key = f"approval/{approval.id}/refused/{by}/{wanted}"
    ports.journal.append(approval.release, "approval.refused", entry, at=now, key=key)


def _note_vote(ports: Ports, approval: Approval, vote: Vote) -> None:
    entry: dict[str, Any] = {"approval": approval.id, "environment": approval.environment, "by": vote.by}
    entry |= {"comment": vote.comment, "digests": approval.digests}
    ports.journal.append(
        approval.release,
        "approval.glass_broken" if vote.break_glass else "approval.vote",
        entry,
        at=vote.at,
        key=f"approval/{approval.id}/vote/{vote.by.casefold()}",
    )
