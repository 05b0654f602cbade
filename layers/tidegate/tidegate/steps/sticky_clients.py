"""Clients whom a listener rule keeps by a cookie: called back from a canary, and later kept as before.

With target-group stickiness a client brings a cookie (AWSALBTG) that names the target group it was given, and
goes there whatever the weights are, for as long as it comes again within the rule's duration: each answer
renews the cookie. So a canary can only be taken back by switching stickiness off. It may be switched on again
when the duration has passed since, because a cookie that was not renewed for so long leads nowhere any more;
before that, clients would be led to a canary that has no tasks, or to the next one, whatever its share.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
https://docs.aws.amazon.com/prescriptive-guidance/latest/load-balancer-stickiness/target-group-stickiness.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from tidegate.domain.canary import Canary
from tidegate.domain.strategy import CanarySettings
from tidegate.domain.traffic import ListenerRule, Stickiness, weights_for
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.canaries import change, rules_of, settings_of
from tidegate.steps.scope import Scope


def longest(ports: Ports, scope: Scope, settings: CanarySettings) -> int:
    """For how many seconds the listener rules keep a client; 0 where none of them does."""
    return max((rule.stickiness.lasts for rule in rules_of(ports, scope, settings).values()), default=0)


def call_back(
    ports: Ports, scope: Scope, canary: Canary, rule: ListenerRule, fence: Callable[[], None]
) -> Canary:
    """Give the stable service all traffic of a sticky rule, in one call; returns the record.

    What the rule had is noted first, so that it is never switched off without being known. Where its target
    groups are sticky themselves, Elastic Load Balancing wants the rule to be so too as long as it has several
    of them; then it forwards to the stable one alone.

    Raises:
        Terminal: it refuses that as well.
    """
    settings, target = settings_of(scope), scope.environment.target
    stable, ours = settings.target_group, weights_for(0, settings.target_group, settings.canary_target_group)
    canary = change(ports, canary, partial(_noted, rule=rule))
    set_weights = ports.listener_rules.set_weights
    fence()
    if set_weights(target, rule.arn, ours, stickiness=rule.stickiness.off()):
        return canary
    canary = change(ports, canary, partial(_alone, arn=rule.arn))
    only = {stable: ours[stable]}
    fence()
    if not set_weights(target, rule.arn, only, stickiness=rule.stickiness.off(), instead_of=ours):
        raise Terminal(f"Listener rule {rule.arn} cannot be made to send all clients to {stable}.")
    return canary


def tell_called_back(ports: Ports, canary: Canary) -> None:
    """Write into the journal what was switched off; repeated, it writes nothing more."""
    for arn in canary.stickiness:
        _tell(ports, canary, arn, "alone" if arn in canary.alone else "off")


def keep_again(ports: Ports, scope: Scope, canary: Canary) -> Canary:
    """Switch on again what was switched off, once no cookie leads to the canary any more.

    What people have changed meanwhile stays changed: a rule that is sticky, or forwards otherwise, is theirs.

    Returns:
        The record, which has nothing to be restored any more when all is.
    """
    until = canary.cookies_until
    if until is None or ports.clock.now() < until:
        return canary
    settings = settings_of(scope)
    rules = rules_of(ports, scope, settings)
    ours = weights_for(0, settings.target_group, settings.canary_target_group)
    for arn, was in canary.stickiness.items():
        rule = rules.get(arn)
        if rule is not None and _as_we_left_it(rule, settings, alone=arn in canary.alone):
            ports.listener_rules.set_weights(
                scope.environment.target, arn, ours, stickiness=was, instead_of=rule.weights
            )
            rule = replace(rule, weights=ours, stickiness=was)
        is_as_before = rule is not None and (rule.weights, rule.stickiness) == (ours, was)
        _tell(ports, canary, arn, "on" if is_as_before else "left")
    return change(ports, canary, lambda each: replace(each, stickiness={}, alone=()))


def _noted(canary: Canary, rule: ListenerRule) -> Canary:
    lasts = max(canary.sticky_seconds, rule.stickiness.lasts)
    return replace(canary, stickiness={**canary.stickiness, rule.arn: rule.stickiness}, sticky_seconds=lasts)


def _alone(canary: Canary, arn: str) -> Canary:
    return canary if arn in canary.alone else replace(canary, alone=(*canary.alone, arn))


def _as_we_left_it(rule: ListenerRule, settings: CanarySettings, *, alone: bool) -> bool:
    both = {settings.target_group, settings.canary_target_group}
    groups = {settings.target_group} if alone else both
    is_at_rest = set(rule.weights) == groups and rule.share(settings.canary_target_group) == 0
    return is_at_rest and not rule.stickiness.enabled


def _tell(ports: Ports, canary: Canary, arn: str, what: str) -> None:
    """Write into the journal what became of a rule's stickiness."""
    was = canary.stickiness.get(arn, Stickiness())
    entry = {"environment": canary.environment, "rule": arn, "stickiness": what, "seconds": was.seconds}
    key = f"canary/{canary.id}/stickiness/{arn}/{what}"
    ports.journal.append(canary.release, "canary.stickiness", entry, at=ports.clock.now(), key=key)
