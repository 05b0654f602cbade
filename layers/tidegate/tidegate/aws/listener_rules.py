"""Weights of listener rules, in Elastic Load Balancing."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.errors import Answer, aws_call_unless
from tidegate.domain.service import Target
from tidegate.domain.traffic import ListenerRule, Stickiness
from tidegate.errors import Terminal
from tidegate.ports import ListenerRules

_MISSING = ("RuleNotFound", "RuleNotFoundException")
_MUST_BE_STICKY = ("InvalidLoadBalancerAction", "InvalidLoadBalancerActionException")


class ElbListenerRules(ListenerRules):
    """Rules of Application Load Balancers.

    A group with weight 0 gets no request that the weights distribute. But where the rule has target-group
    stickiness, a request that brings the cookie AWSALBTG goes to the group in the cookie; the documentation
    makes no exception for weight 0, and AWS's own answer to the question is that stickiness comes first. So
    weight 0 does not call such clients back; switching stickiness off does, at once.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
    https://repost.aws/questions/QUugYm4uzWSI2af5mnmMjlZQ/alb-to-automatically-redirect-traffic

    Every answer renews the cookie, so a client that keeps coming keeps its group for ever; one that pauses
    for the duration loses it.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html

    Where several groups are in the action and one of them is sticky itself (`stickiness.enabled`), the rule
    has to be sticky too, and ModifyRule refuses anything else with InvalidLoadBalancerAction.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
    https://github.com/argoproj/argo-rollouts/pull/1577

    What DescribeRules shows is what was asked for; the nodes of the load balancer follow some seconds later.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def describe(self, target: Target, rules: Sequence[str]) -> tuple[ListenerRule, ...]:
        elb = self._clients.at("elbv2", target)
        found = {each["RuleArn"]: each for each in _described(elb, rules)}
        return tuple(_read(found[arn]) for arn in rules if arn in found)

    def set_weights(
        self,
        target: Target,
        rule: str,
        weights: Mapping[str, int],
        *,
        stickiness: Stickiness | None = None,
        instead_of: Collection[str] | None = None,
    ) -> bool:
        elb = self._clients.at("elbv2", target)
        found = _described(elb, [rule])
        if not found:
            raise Terminal(f"RuleNotFound: there is no listener rule {rule}.")
        known, expected = _read(found[0]), set(weights if instead_of is None else instead_of)
        if set(known.weights) != expected:
            raise Terminal(
                f"{rule} forwards to {_names(known.weights)}, and not to {_names(expected)}: its weights are "
                "not Tidegate's to set."
            )
        # What ModifyRule is not told (conditions, transforms) stays; the actions are replaced as a whole.
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html
        actions = [_weighted(action, weights, stickiness) for action in _in_order(found[0])]
        may_refuse = _MUST_BE_STICKY if stickiness is not None and not stickiness.enabled else ()
        return aws_call_unless(may_refuse, elb.modify_rule, RuleArn=rule, Actions=actions) is not None


def _described(elb: Any, rules: Sequence[str]) -> list[Answer]:
    """The rules that exist. DescribeRules fails as a whole when one of them does not."""
    if not rules:
        return []
    answer = aws_call_unless(_MISSING, elb.describe_rules, RuleArns=list(dict.fromkeys(rules)))
    if answer is None:
        return [each for rule in rules for each in _described(elb, [rule])] if len(rules) > 1 else []
    found: list[Answer] = answer["Rules"]
    return found


def _in_order(rule: Answer) -> list[Answer]:
    return sorted(rule.get("Actions", []), key=lambda action: int(action.get("Order", 0)))


def _read(rule: Answer) -> ListenerRule:
    forward = next((each for each in _in_order(rule) if each["Type"] == "forward"), {})
    config = forward.get("ForwardConfig", {})
    sticky = config.get("TargetGroupStickinessConfig") or {}
    return ListenerRule(
        arn=rule["RuleArn"],
        weights={each["TargetGroupArn"]: each.get("Weight", 1) for each in _groups(forward)},
        stickiness=Stickiness(bool(sticky.get("Enabled")), sticky.get("DurationSeconds")),
        is_default=bool(rule.get("IsDefault", False)),
    )


def _groups(forward: Answer) -> list[Answer]:
    groups: list[Answer] = forward.get("ForwardConfig", {}).get("TargetGroups") or []
    alone = forward.get("TargetGroupArn")
    return groups or ([{"TargetGroupArn": alone}] if alone else [])


def _weighted(action: Answer, weights: Mapping[str, int], stickiness: Stickiness | None) -> Answer:
    """An action as it is written back: a forward action with other weights, any other one as it was."""
    if action["Type"] == "forward":
        known = {each["TargetGroupArn"]: each for each in _groups(action)}
        arns = dict.fromkeys([*(arn for arn in known if arn in weights), *weights])
        groups = [{**known.get(arn, {"TargetGroupArn": arn}), "Weight": weights[arn]} for arn in arns]
        kept = {name: value for name, value in action.items() if name != "TargetGroupArn"}
        config = {**action.get("ForwardConfig", {}), "TargetGroups": groups}
        return {**kept, "ForwardConfig": config | _sticky(stickiness)}
    if "AuthenticateOidcConfig" in action:
        # The client's secret is never shown, so it cannot be written back; the one that is there is to stay.
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AuthenticateOidcActionConfig.html
        shown = {
            name: value for name, value in action["AuthenticateOidcConfig"].items() if name != "ClientSecret"
        }
        return {**action, "AuthenticateOidcConfig": {**shown, "UseExistingClientSecret": True}}
    return action


def _sticky(stickiness: Stickiness | None) -> Answer:
    if stickiness is None:
        return {}
    lasts = {"DurationSeconds": stickiness.seconds} if stickiness.seconds else {}
    return {"TargetGroupStickinessConfig": {"Enabled": stickiness.enabled, **lasts}}


def _names(weights: Collection[str]) -> str:
    names = sorted(arn.rpartition("targetgroup/")[2] for arn in weights)
    return " and ".join(names) or "no target group"
