"""Weights of listener rules, in Elastic Load Balancing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.errors import Answer, aws_call, aws_call_unless
from tidegate.domain.service import Target
from tidegate.domain.traffic import ListenerRule
from tidegate.errors import Terminal
from tidegate.ports import ListenerRules

_MISSING = ("RuleNotFound", "RuleNotFoundException")


class ElbListenerRules(ListenerRules):
    """Rules of Application Load Balancers.

    A group with weight 0 gets no request that the weights distribute. But where the rule has target-group
    stickiness, a request that brings the cookie AWSALBTG goes to the group in the cookie; the documentation
    makes no exception for weight 0, and AWS's own answer to the question is that stickiness comes first. So
    weight 0 does not call such clients back: until their cookie expires (`sticky_seconds`) they go on to the
    group that they know, and get 503 when its tasks are gone.
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
    https://repost.aws/questions/QUugYm4uzWSI2af5mnmMjlZQ/alb-to-automatically-redirect-traffic

    What DescribeRules shows is what was asked for; the nodes of the load balancer follow some seconds later.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def describe(self, target: Target, rules: Sequence[str]) -> tuple[ListenerRule, ...]:
        elb = self._clients.at("elbv2", target)
        found = {each["RuleArn"]: each for each in _described(elb, rules)}
        return tuple(_read(found[arn]) for arn in rules if arn in found)

    def set_weights(self, target: Target, rule: str, weights: Mapping[str, int]) -> None:
        elb = self._clients.at("elbv2", target)
        found = _described(elb, [rule])
        if not found:
            raise Terminal(f"RuleNotFound: there is no listener rule {rule}.")
        known = _read(found[0])
        if set(known.weights) != set(weights):
            raise Terminal(
                f"{rule} forwards to {_names(known.weights)}, and not to {_names(weights)}: its weights are "
                "not Tidegate's to set."
            )
        # What ModifyRule is not told (conditions, transforms) stays; the actions are replaced as a whole.
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html
        actions = [_weighted(action, weights) for action in _in_order(found[0])]
        aws_call(elb.modify_rule, RuleArn=rule, Actions=actions)


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
        sticky_seconds=sticky.get("DurationSeconds") if sticky.get("Enabled") else None,
        is_default=bool(rule.get("IsDefault", False)),
    )


def _groups(forward: Answer) -> list[Answer]:
    groups: list[Answer] = forward.get("ForwardConfig", {}).get("TargetGroups") or []
    alone = forward.get("TargetGroupArn")
    return groups or ([{"TargetGroupArn": alone}] if alone else [])


def _weighted(action: Answer, weights: Mapping[str, int]) -> Answer:
    """An action as it is written back: a forward action with other weights, any other one as it was."""
    if action["Type"] == "forward":
        config = dict(action.get("ForwardConfig", {}))
        groups = [{**each, "Weight": weights[each["TargetGroupArn"]]} for each in _groups(action)]
        kept = {name: value for name, value in action.items() if name != "TargetGroupArn"}
        return {**kept, "ForwardConfig": {**config, "TargetGroups": groups}}
    if "AuthenticateOidcConfig" in action:
        # The client's secret is never shown, so it cannot be written back; the one that is there is to stay.
        # https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AuthenticateOidcActionConfig.html
        shown = {
            name: value for name, value in action["AuthenticateOidcConfig"].items() if name != "ClientSecret"
        }
        return {**action, "AuthenticateOidcConfig": {**shown, "UseExistingClientSecret": True}}
    return action


def _names(weights: Mapping[str, int]) -> str:
    names = sorted(arn.rpartition("targetgroup/")[2] for arn in weights)
    return " and ".join(names) or "no target group"
