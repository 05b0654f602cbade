"""Read what was decided about an approval, and make final what nobody can decide any more."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.outcome import StopSignal
from tidegate.domain.release import Release
from tidegate.ports import Ports
from tidegate.steps.approval_mail import tell_decided
from tidegate.steps.approving import AskedTooOften, current, look_again_after, note
from tidegate.steps.guard import told_to_stop
from tidegate.steps.measuring import lasted, measured
from tidegate.steps.scope import release_of

OF_SIGNAL = {
    StopSignal.SUPERSEDED: ApprovalStatus.SUPERSEDED,
    StopSignal.CANCELLED: ApprovalStatus.CANCELLED,
    StopSignal.ROLLED_BACK: ApprovalStatus.CANCELLED,
}
"""What a request becomes when its release was told to stop."""


class Command(BaseModel):
    """``hint`` is what resumed the machine: believed only when it says that nobody could be asked."""

    root: str
    release: str
    service: str
    environment: str
    round: int = 0
    hint: Any = None


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Return the decision that stands in the ledger; repeated, it returns the same.

    Returns:
        ``outcome`` ``approved``, ``rejected``, ``expired``, ``superseded``, ``cancelled``, ``rolled_back`` or
        ``failed``; or ``pending``, upon which the machine asks again and waits on for ``wait_seconds``.
    """
    release = release_of(ports, command.release)
    try:
        _, approval = current(ports, release, command.environment, command.round)
    except AskedTooOften as error:
        return _result("failed", str(error), None)
    if approval is not None and approval.status is ApprovalStatus.PENDING:
        approval = _make_final(ports, release, approval)
    if approval is not None and approval.status is not ApprovalStatus.PENDING:
        note(ports, approval)
        tell_decided(ports, approval, command.root)
    stopped = told_to_stop(release)
    if stopped is not None and (approval is None or approval.status is not ApprovalStatus.REJECTED):
        return _result(stopped["outcome"], stopped["reason"], approval)
    if release.outcome is not None:
        return _result(str(release.outcome), release.outcome_reason or "The release has ended.", approval)
    if approval is None:
        return _nobody_was_asked(command)
    result = _decided(approval)
    if approval.status is ApprovalStatus.PENDING:
        result["wait_seconds"] = look_again_after(approval, ports.clock.now())
    return result


def _make_final(ports: Ports, release: Release, approval: Approval) -> Approval:
    """End a pending request whose release must stop or whose time is over; whoever decided first stands."""
    now = ports.clock.now()
    if release.stop is not None:
        status, why = OF_SIGNAL[release.stop], release.stop_reason
    elif now >= approval.expires_at:
        status, why = ApprovalStatus.EXPIRED, None
    else:
        return approval
    ports.approvals.decide(approval.id, status, by=None, comment=why, at=now)
    return ports.approvals.get(approval.id) or approval


def _nobody_was_asked(command: Command) -> dict[str, Any]:
    hint = command.hint if isinstance(command.hint, dict) else {}
    if hint.get("outcome") == "failed":
        return _result("failed", str(hint.get("reason") or "Nobody could be asked."), None)
    return _result("pending", "Nobody has been asked yet.", None)


def _decided(approval: Approval) -> dict[str, Any]:
    who = f"by {approval.approved_by}" if approval.approved_by else ""
    if approval.broke_glass is not None:
        who = f"by {approval.broke_glass.by} alone, who broke the glass"
    said = f": {approval.comment}" if approval.comment else "."
    sentences = {
        ApprovalStatus.PENDING: "Nobody has decided yet.",
        ApprovalStatus.APPROVED: f"Approved {who}{said}",
        ApprovalStatus.REJECTED: f"Rejected by {approval.decided_by}{said}",
        ApprovalStatus.EXPIRED: f"Nobody decided until {approval.expires_at:%Y-%m-%d %H:%M} UTC.",
    }
    reason = sentences.get(approval.status, approval.comment or f"The request was {approval.status}.")
    return _result(approval.status.value, reason, approval)


def _result(outcome: str, reason: str, approval: Approval | None) -> dict[str, Any]:
    result = {
        "outcome": outcome,
        "reason": reason[:3000],
        "approved_by": _approvers(approval),
        "comment": approval.comment if approval else None,
        "approval": approval.id if approval else None,
    }
    if approval is None or approval.decided_at is None:
        return result
    status = approval.status.value
    return measured(result, [lasted("ApprovalTime", status, approval.requested_at, approval.decided_at)])


def _approvers(approval: Approval | None) -> str | None:
    """Everybody who approved; whoever rejected, where somebody did."""
    if approval is None:
        return None
    return approval.approved_by if approval.status is ApprovalStatus.APPROVED else approval.decided_by
