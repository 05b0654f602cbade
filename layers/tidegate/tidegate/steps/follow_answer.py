"""Put what people decided about an inconclusive canary into its record, for machine and pulse to follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from tidegate.domain.approval import ApprovalStatus
from tidegate.domain.canary import Canary, tells
from tidegate.domain.outcome import StopSignal
from tidegate.ports import Ports
from tidegate.steps import close_approval
from tidegate.steps.approval_mail import tell_decided
from tidegate.steps.approving import AskedTooOften, current
from tidegate.steps.canaries import change, open_canary
from tidegate.steps.scope import Scope, scope_of


class Command(BaseModel):
    """``round`` is that of the question; ``hint`` is what resumed the machine."""

    root: str
    release: str
    service: str
    environment: str
    round: int
    hint: Any = None


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Approved: the step may end. Rejected, expired or nobody to ask: the canary returns, without evidence.

    The pulse goes on judging while people think: what it has decided meanwhile stands, and the question is
    closed.
    """
    scope = scope_of(ports, command.release, command.environment)
    canary = open_canary(ports, scope)
    if canary.over or canary.decision != "ask":
        _close(command, ports, scope)
        return {"outcome": "overtaken", "reason": canary.reason}
    answer = close_approval.run(close_approval.Command.model_validate(command.model_dump()), ports)
    outcome, reason = answer["outcome"], answer["reason"]
    if outcome != "pending":
        canary = change(ports, canary, lambda each: _answered(each, outcome, reason))
    return {"outcome": outcome, "reason": canary.reason if outcome != "pending" else reason}


def _answered(canary: Canary, outcome: str, reason: str) -> Canary:
    if canary.over or canary.decision != "ask":
        return canary
    if outcome == ApprovalStatus.APPROVED.value:
        return replace(canary, phase="analysing", decision="none", reason=reason, accepted=canary.step)
    if outcome in {each.value for each in StopSignal}:
        return tells(canary, "cancel", reason)
    return tells(canary, "roll_back", f"{canary.reason} {reason}".strip())


def _close(command: Command, ports: Ports, scope: Scope) -> None:
    """Nobody waits for the answer any more."""
    try:
        _, approval = current(ports, scope.release, command.environment, command.round)
    except AskedTooOften:
        return
    if approval is not None and approval.status is ApprovalStatus.PENDING:
        status, why = ApprovalStatus.CANCELLED, "The figures have decided meanwhile."
        tell_decided(ports, replace(approval, status=status, comment=why), command.root)
        ports.approvals.decide(approval.id, status, by=None, comment=why, at=ports.clock.now())
