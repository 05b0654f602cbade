"""The listener rules of a canary: read, and taken back to where all traffic is the stable service's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tidegate.domain.canary import Canary
from tidegate.domain.strategy import CanarySettings
from tidegate.domain.traffic import ListenerRule, weights_for
from tidegate.ports import Ports
from tidegate.steps import sticky_clients
from tidegate.steps.canaries import rules_of, settings_of
from tidegate.steps.scope import Scope

Fence = Callable[[], None]
"""Raises when the caller may change nothing any more; called directly before every change."""


def no_fence() -> None:
    """Where the record alone forbids what is being undone: once a canary is over, nobody gives it traffic."""


@dataclass(frozen=True, slots=True)
class Returned:
    """The record, whether a rule had to be changed, whether one cannot be, and what people have to know."""

    canary: Canary
    changed: bool
    blocked: bool
    said: str


def return_traffic(ports: Ports, scope: Scope, canary: Canary, fence: Fence) -> Returned:
    """Give all traffic back to the stable service, wherever a rule still forwards to our two groups.

    Weight 0 does not call clients back whom a rule keeps by a cookie, so its stickiness is switched off in
    the same call.
    """
    settings = settings_of(scope)
    rules = rules_of(ports, scope, settings)
    changed, blocked, said = False, False, []
    for arn in settings.listener_rules:
        rule = rules.get(arn)
        if rule is None:
            said.append(f"Listener rule {arn} is gone.")
        elif not _leads(rule, settings, canary):
            continue
        elif set(rule.weights) != {settings.target_group, settings.canary_target_group}:
            blocked = True
            said.append(_foreign(arn, rule.share(settings.canary_target_group)))
        elif rule.stickiness.enabled:
            canary = sticky_clients.call_back(ports, scope, canary, rule, fence)
            changed = True
        else:
            fence()
            ours = weights_for(0, settings.target_group, settings.canary_target_group)
            ports.listener_rules.set_weights(scope.environment.target, arn, ours)
            changed = True
    return Returned(canary, changed, blocked, " ".join(said))


def _leads(rule: ListenerRule, settings: CanarySettings, canary: Canary) -> bool:
    """Whether a rule may lead anybody to the canary: by its weights, or by the cookies of its clients.

    Once it was withdrawn, stickiness that is on was switched on by people, who may.
    """
    if rule.share(settings.canary_target_group) > 0:
        return True
    groups = {settings.target_group, settings.canary_target_group}
    had_clients = canary.step >= 0 and canary.phase not in ("withdrawn", "ended")
    return had_clients and rule.stickiness.enabled and set(rule.weights) == groups


def _foreign(arn: str, share: float) -> str:
    return (
        f"Somebody has let listener rule {arn} forward to other target groups as well; it still gives the "
        f"canary {share:g} %, so its tasks are kept until people have taken it out."
    )
