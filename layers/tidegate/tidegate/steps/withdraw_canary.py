"""Take a canary back, whatever ended it, and say what it came to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import BaseModel, Field

from tidegate.domain.canary import Canary, tells
from tidegate.domain.outcome import Outcome
from tidegate.errors import Transient
from tidegate.ports import Ports
from tidegate.steps.analysis import kept_at
from tidegate.steps.canaries import canary_of, change
from tidegate.steps.scope import Scope, scope_of
from tidegate.steps.withdrawing import Withdrawal, withdraw_own


class Command(BaseModel):
    """``cause`` is the result of the state that led here: of the promotion, or of what broke.

    ``settled`` says that the weights have had their time, so that tasks and scaling are to follow now.
    """

    root: str
    release: str
    service: str
    environment: str
    cause: dict[str, Any] = Field(default_factory=dict)
    settled: bool = False


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Note the cause, unless a decision stands; then go one step further back.

    The first call gives the traffic back, the second one reads the weights and removes the tasks. What is
    done is not done again.

    Returns:
        ``outcome`` ``succeeded`` (promoted), ``rolled_back``, ``cancelled``, ``superseded`` or ``failed``.

    Raises:
        Transient: the weights do not hold yet, or were set again a moment ago.
    """
    scope = scope_of(ports, command.release, command.environment)
    canary = canary_of(ports, scope)
    if canary is None:
        return _without_canary(command)
    canary = change(ports, canary, lambda each: _caused(each, scope, command.cause))
    taken = withdraw_own(ports, canary, command.root)
    if taken.outcome != "returning":
        _note(ports, taken)
    elif command.settled:
        raise Transient(f"The listener rules of {command.service} were changed only a moment ago.")
    return _result(taken, scope)


def _without_canary(command: Command) -> dict[str, Any]:
    """It was deployed straight, or nothing was opened: the cause is the outcome."""
    cause = command.cause
    outcome = str(cause.get("outcome") or Outcome.FAILED)
    return {
        "outcome": outcome,
        "reason": str(cause.get("reason") or ""),
        "evidence": cause.get("evidence"),
    }


def _caused(canary: Canary, scope: Scope, cause: dict[str, Any]) -> Canary:
    """The record with what the machine alone knows: how the promotion ended, or that something broke."""
    outcome, reason = str(cause.get("outcome")), str(cause.get("reason") or "")[:2000]
    if canary.phase == "promoting" and outcome == Outcome.SUCCEEDED:
        return replace(canary, promoted=True)
    if scope.release.stop is not None and outcome == scope.release.stop:
        return tells(canary, "cancel", reason)
    if outcome == Outcome.ROLLED_BACK:
        return tells(canary, "roll_back", f"The promotion failed: {reason}", cause.get("evidence"))
    return tells(canary, "fail", reason)


def _result(taken: Withdrawal, scope: Scope) -> dict[str, Any]:
    canary = taken.canary
    where = kept_at(canary.evidence_at) if canary.evidence_at else ""
    reason = " ".join(text for text in (canary.reason, taken.reason, where) if text)
    return {"outcome": _outcome(canary, scope), "reason": reason[:3000], "evidence": canary.evidence}


def _outcome(canary: Canary, scope: Scope) -> str:
    if canary.promoted:
        return Outcome.SUCCEEDED.value
    if canary.decision == "cancel":
        return str(scope.release.stop or Outcome.CANCELLED)
    return (Outcome.ROLLED_BACK if canary.decision == "roll_back" else Outcome.FAILED).value


def _note(ports: Ports, taken: Withdrawal) -> None:
    canary = taken.canary
    entry = {
        "environment": canary.environment,
        "decision": canary.decision,
        "promoted": canary.promoted,
        "reason": canary.reason,
        "evidence": canary.evidence_at,
    }
    key = f"canary/{canary.id}/{taken.outcome}"
    kind = f"canary.{taken.outcome}"
    ports.journal.append(canary.release, kind, entry, at=ports.clock.now(), key=key)
