"""Read how a blue/green deployment stands, and say what comes next or what came of it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from pydantic import BaseModel

from tidegate.domain.canary import LEAVING, Canary, tells
from tidegate.domain.rollout import Evidence, Rollout
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.analysis import analyse, kept_at
from tidegate.steps.bake import judge_rest
from tidegate.steps.bake_record import bake_of, end, store
from tidegate.steps.blue_green import move_of, settings_of
from tidegate.steps.canaries import canary_of, change
from tidegate.steps.guard import stopped_here
from tidegate.steps.read_deployment import log_progress, read
from tidegate.steps.scope import Scope, scope_of


class Command(BaseModel):
    """``started_at`` is when the strategy began: its timeout counts from there."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    started_at: datetime


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Decide from what ECS says now, from the record of the bake, and from a stop signal.

    Returns:
        ``outcome`` ``in_progress``; ``hook`` while ECS waits for an answer; ``roll_back`` where it is to be
        told to go back; or the end: ``succeeded``, ``rolled_back``, ``failed``, or the word of a stop signal.
    """
    scope = scope_of(ports, command.release, command.environment)
    canary = canary_of(ports, scope)
    rollout = read(ports, scope, command.task_definition, command.started_at)
    log_progress(ports, scope, rollout)
    stopped = stopped_here(scope)
    if stopped is not None and canary is not None:
        canary = change(ports, canary, lambda each: tells(each, "cancel", stopped["reason"]))
    move = move_of(scope, canary, rollout)
    if move.outcome != "ended":
        return _result(move.outcome, rollout.reason)
    if canary is None:
        return _without_record(command, ports, scope, rollout)
    canary = judge_rest(ports, scope, canary) if rollout.outcome != "rolled_back" else canary
    result = _came_of(scope, canary, rollout)
    words = f" {kept_at(_kept(ports, scope, canary))}"
    if result["outcome"] in ("rolled_back", "failed"):
        since = command.started_at
        words = analyse(ports, scope, command.task_definition, since=since, name="deployment") + words
    return {**result, "reason": f"{result['reason']}{words}"[:3000]}


def _came_of(scope: Scope, canary: Canary, rollout: Rollout) -> dict[str, Any]:
    """The end: what was decided explains it better than what ECS made of that."""
    if canary.decision == "cancel":
        return _result(str(scope.release.stop or "cancelled"), canary.reason)
    if canary.decision in LEAVING:
        outcome = "rolled_back" if rollout.outcome == "rolled_back" else "failed"
        return _result(outcome, f"{canary.reason} {rollout.reason}", canary.evidence)
    if rollout.outcome != "succeeded":
        return _result(rollout.outcome, rollout.reason, rollout.evidence)
    settings = settings_of(scope)
    if canary.shifted_at is None or settings.bake_minutes == 0:
        return _result("succeeded", rollout.reason)
    state = bake_of(canary).state
    if not state.known and settings.bake.when_inconclusive == "return":
        return _result("failed", f"The bake is over. {state.sentence}")
    return _result("succeeded", f"{rollout.reason} {state.sentence}")


def _kept(ports: Ports, scope: Scope, canary: Canary) -> str:
    """End the record with its evidence; a bucket that refuses it does not keep a deployment from its end."""
    address = canary.evidence_at
    if canary.phase != "ended":
        try:
            address = store(ports, scope, canary)
        except Terminal as error:
            address = f"none, {error}"
    return end(ports, canary, address).evidence_at


def _without_record(command: Command, ports: Ports, scope: Scope, rollout: Rollout) -> dict[str, Any]:
    """Nothing was planned to be judged, or another record has taken its place."""
    if rollout.outcome in ("succeeded", "in_progress"):
        return _result(rollout.outcome, rollout.reason, rollout.evidence)
    told = partial(analyse, ports, scope, command.task_definition, since=command.started_at)
    return _result(rollout.outcome, f"{rollout.reason}{told(name='deployment')}"[:3000], rollout.evidence)


def _result(outcome: str, reason: str, evidence: Evidence | None = None) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason, "evidence": evidence}
