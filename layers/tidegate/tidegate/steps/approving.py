"""Requests for an approval: which one stands, whether it still holds, and how it becomes final."""

from __future__ import annotations

from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.asking import approval_id
from tidegate.domain.release import Release
from tidegate.ports import Ports
from tidegate.steps.guard import told_to_stop
from tidegate.steps.resume import wake
from tidegate.steps.scope import scope_of

MOST_REQUESTS = 10
"""How often one question is asked again because what runs has changed before anybody decided."""


class AskedTooOften(Exception):
    """What runs kept changing while it was asked about; the message says so."""


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


def not_waiting(ports: Ports, approval: Approval) -> str | None:
    """Why a decision would reach nobody any more, as a sentence; None while somebody waits for it."""
    release = ports.releases.get(approval.release)
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


def no_longer_holds(ports: Ports, approval: Approval) -> str | None:
    """Why what the approver was shown is no longer true, as a sentence; None while it is."""
    scope = scope_of(ports, approval.release, approval.environment)
    place = scope.environment
    if scope.release.digests != approval.digests:
        return "The release has other images than those that were shown."
    state = ports.services.describe(place.target, place.cluster, place.service)
    if state is None:
        return f"There is no active service {place.service} in cluster {place.cluster} any more."
    if state.task_definition != approval.from_task_definition:
        return f"What runs in {place.name} has changed since this was asked."
    return None


def decide(ports: Ports, approval: Approval, status: ApprovalStatus, by: str, comment: str | None) -> bool:
    """Take in a person's decision and wake the machine that waits for it.

    Returns:
        Whether it is theirs that stands; False when it was final before, or has expired.
    """
    now = ports.clock.now()
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
        "by": approval.decided_by,
        "comment": approval.comment,
        "digests": approval.digests,
        "from": approval.from_task_definition,
    }
    ports.journal.append(
        approval.release,
        f"approval.{approval.status}",
        entry,
        at=approval.decided_at or ports.clock.now(),
        key=f"approval/{approval.id}/final",
    )
