"""Do what was decided about a canary: give it the next share of traffic, or say where the machine goes."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic import BaseModel

from tidegate.domain.approval import FIRST_LOOK_AFTER, ApprovalStatus
from tidegate.domain.canary import LEAVING, Canary, expected_shares, is_shifted, next_weight, tells
from tidegate.domain.strategy import CanarySettings
from tidegate.domain.traffic import ListenerRule, gives, weights_for
from tidegate.ports import Ports
from tidegate.steps.approving import AskedTooOften, current, look_again_after
from tidegate.steps.canaries import change, is_silent, open_canary, rules_of, settings_of
from tidegate.steps.canary_traffic import no_fence, return_traffic
from tidegate.steps.guard import check_owner, stopped_here
from tidegate.steps.scope import Scope, scope_of

FIRST_ROUND = 100
"""Approvals that are asked for during a canary are counted apart from those before a deployment."""
NOBODY_SECONDS = 60
"""Where nobody can be asked, the step that asks says so at once; it needs time to start all the same."""


class Command(BaseModel):
    """What every step of a deployment is told."""

    root: str
    release: str
    service: str
    environment: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Follow the decision that stands in the record; repeated, it follows the same one no further.

    Returns:
        ``outcome`` ``shifted``, ``waiting``, ``ask`` (with ``round``, ``subject`` and ``wait_seconds``: until
        the reminder, then until nobody can answer any more), ``promote``, or ``leaving`` when the canary is
        to be taken back.
    """
    scope = scope_of(ports, command.release, command.environment)
    canary = _noticed(ports, scope, open_canary(ports, scope))
    if canary.over or canary.decision in LEAVING:
        return _result("leaving", canary)
    if canary.decision == "advance":
        return _advance(ports, scope, canary)
    if canary.decision == "ask":
        round_ = FIRST_ROUND + canary.step
        waits = {"expires_after_seconds": _patience(scope), "wait_seconds": _next_look(ports, scope, round_)}
        return _result("ask", canary) | {"round": round_, "subject": canary.subject} | waits
    return _promote(ports, scope, canary) if canary.decision == "promote" else _result("waiting", canary)


def _noticed(ports: Ports, scope: Scope, canary: Canary) -> Canary:
    """The record after what the pulse cannot decide: a stop signal, and its own silence."""
    stopped = stopped_here(scope)
    if stopped is not None:
        return change(ports, canary, lambda each: tells(each, "cancel", stopped["reason"]))
    if canary.decision == "none" and is_silent(canary, ports.clock.now()):
        seen = canary.seen_at or canary.opened_at
        reason = f"Nobody has judged the canary since {seen:%Y-%m-%d %H:%M} UTC: its pulse is silent."
        return change(
            ports, canary, lambda each: tells(each, "fail", reason) if each.decision == "none" else each
        )
    return canary


def _advance(ports: Ports, scope: Scope, canary: Canary) -> dict[str, Any]:
    """Check what every rule has, set what it should have, and note it."""
    if not is_shifted(canary):
        settings = settings_of(scope)
        rules = rules_of(ports, scope, settings)
        foreign = _foreign(rules, settings, canary)
        if foreign is not None:
            return _result("leaving", change(ports, canary, lambda each: tells(each, "fail", foreign)))
        weight = next_weight(canary, settings.steps)
        _set(ports, scope, canary, rules, weight)
        canary = change(ports, canary, partial(_stepped, step=canary.step + 1, weight=weight))
    if canary.over:
        # Taken back while the weights were being set. Nobody may give traffic to it any more, so this is
        # undone whoever has the lock by now.
        canary = return_traffic(ports, scope, canary, no_fence).canary
        return _result("leaving", canary)
    _note(ports, canary)
    return _result("leaving" if canary.decision in LEAVING else "shifted", canary)


def _promote(ports: Ports, scope: Scope, canary: Canary) -> dict[str, Any]:
    """What was judged must be what the rules gave until now; then the stable service may be updated."""
    if canary.phase != "promoting":
        settings = settings_of(scope)
        foreign = _foreign(rules_of(ports, scope, settings), settings, canary)
        if foreign is not None:
            return _result("leaving", change(ports, canary, lambda each: tells(each, "fail", foreign)))
        canary = change(ports, canary, _promoting)
    return _result("promote" if canary.phase == "promoting" else "leaving", canary)


def _foreign(rules: dict[str, ListenerRule], settings: CanarySettings, canary: Canary) -> str | None:
    """The sentence on a rule that somebody else has changed; None when all are as expected."""
    groups = {settings.target_group, settings.canary_target_group}
    for arn in settings.listener_rules:
        rule = rules.get(arn)
        if rule is None:
            return f"Listener rule {arn} is gone."
        if set(rule.weights) != groups:
            return f"Somebody has let listener rule {arn} forward to other target groups."
        expected = expected_shares(canary, settings.steps)
        if not any(gives(rule, share, settings.canary_target_group) for share in expected):
            share = rule.share(settings.canary_target_group)
            return (
                f"Somebody has changed listener rule {arn}: it gives the canary {share:g} %, "
                f"not {canary.weight:g} %."
            )
    return None


def _set(ports: Ports, scope: Scope, canary: Canary, rules: dict[str, ListenerRule], weight: float) -> None:
    settings = settings_of(scope)
    wanted = weights_for(weight, settings.target_group, settings.canary_target_group)
    for arn in settings.listener_rules:
        if not gives(rules[arn], weight, settings.canary_target_group):
            check_owner(ports, canary.service, canary.environment, canary.root)
            ports.listener_rules.set_weights(scope.environment.target, arn, wanted)


def _stepped(canary: Canary, step: int, weight: float) -> Canary:
    """The record of a step whose weight is set, and is yet to be verified."""
    if canary.over or canary.step >= step:
        return canary
    return replace(canary, step=step, weight=weight, shifted_at=None)


def _promoting(canary: Canary) -> Canary:
    return replace(canary, phase="promoting") if canary.decision == "promote" and not canary.over else canary


def _patience(scope: Scope) -> int:
    rule = scope.environment.approval
    return rule.expires_after_seconds if rule else 0


def _next_look(ports: Ports, scope: Scope, round_: int) -> int:
    """For how many seconds nobody need look unless somebody answers; then who has not is reminded."""
    try:
        _, approval = current(ports, scope.release, scope.environment.name, round_)
    except AskedTooOften:
        approval = None
    if approval is None or approval.status is not ApprovalStatus.PENDING:
        patience = _patience(scope)
        return math.floor(FIRST_LOOK_AFTER * patience) + 1 if patience else NOBODY_SECONDS
    return look_again_after(approval, ports.clock.now())


def _note(ports: Ports, canary: Canary) -> None:
    entry = {"environment": canary.environment, "step": canary.step, "weight": canary.weight}
    key = f"canary/{canary.id}/{canary.step}"
    ports.journal.append(canary.release, "canary.shifted", entry, at=ports.clock.now(), key=key)


def _result(outcome: str, canary: Canary) -> dict[str, Any]:
    reason = canary.reason
    if outcome == "shifted":
        reason = f"The canary has {canary.weight:g} % of the traffic."
    return {"outcome": outcome, "reason": reason[:2000], "evidence": canary.evidence}
