"""What `ports.ListenerRules` promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME
from tests.support.fakes import FakeListenerRules
from tidegate.aws.clients import Clients
from tidegate.aws.listener_rules import ElbListenerRules
from tidegate.domain.traffic import ListenerRule
from tidegate.errors import Terminal
from tidegate.ports import ListenerRules

GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup"
STABLE, CANARY = f"{GROUP}/stable/1", f"{GROUP}/canary/2"
RULE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/web/1/2/3"
NOWHERE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/web/1/2/9"
PATHS = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/shop/*"]}}]


@dataclass(frozen=True)
class Balancer:
    """A port, target groups by name, and a way to make rules."""

    port: ListenerRules
    groups: dict[str, str]
    rule: Callable[..., str]


@pytest.fixture
def balancer(kind: str, request: pytest.FixtureRequest) -> Balancer:
    """A load balancer with two target groups."""
    if kind == "fake":
        fake = FakeListenerRules()

        def known(weights: dict[str, int], sticky: int | None = None) -> str:
            arn = f"{RULE}{len(fake.rules)}"
            fake.add(arn, weights, sticky)
            return arn

        return Balancer(fake, {"stable": STABLE, "canary": CANARY}, known)
    clients: Clients = request.getfixturevalue("clients")
    return in_moto(clients)


def in_moto(clients: Clients) -> Balancer:
    elb, ec2 = clients.at("elbv2", HOME), clients.at("ec2", HOME)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [each["SubnetId"] for each in ec2.describe_subnets()["Subnets"][:2]]
    made = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]["LoadBalancerArn"]
    groups = {}
    for name in ("stable", "canary"):
        group = elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip")
        groups[name] = group["TargetGroups"][0]["TargetGroupArn"]
    none = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    listener = elb.create_listener(LoadBalancerArn=made, Protocol="HTTP", Port=80, DefaultActions=[none])
    arn, count = listener["Listeners"][0]["ListenerArn"], iter(range(1, 100))

    def rule(weights: dict[str, int], sticky: int | None = None) -> str:
        actions = [forward(weights, sticky)] if weights else [none]
        answer = elb.create_rule(ListenerArn=arn, Priority=next(count), Conditions=PATHS, Actions=actions)
        return str(answer["Rules"][0]["RuleArn"])

    return Balancer(ElbListenerRules(clients), groups, rule)


def forward(weights: dict[str, int], sticky: int | None = None) -> dict[str, Any]:
    config: dict[str, Any] = {
        "TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in weights.items()]
    }
    if sticky is not None:
        config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": sticky}
    return {"Type": "forward", "ForwardConfig": config}


def test_rules_are_described_in_the_order_asked_for(balancer: Balancer):
    # Given
    stable, canary = balancer.groups["stable"], balancer.groups["canary"]
    first = balancer.rule({stable: 100, canary: 0}, 3600)
    second = balancer.rule({stable: 950, canary: 50})

    # When one is asked for that does not exist
    found = balancer.port.describe(HOME, [second, NOWHERE, first])

    # Then
    assert found == (
        ListenerRule(second, {stable: 950, canary: 50}),
        ListenerRule(first, {stable: 100, canary: 0}, sticky_seconds=3600),
    )
    assert [round(rule.share(canary), 1) for rule in found] == [5.0, 0.0]
    assert balancer.port.describe(HOME, []) == ()
    assert balancer.port.describe(HOME, [NOWHERE]) == ()


def test_a_rule_that_does_not_forward_has_no_weights(balancer: Balancer):
    rule = balancer.rule({})

    assert balancer.port.describe(HOME, [rule]) == (ListenerRule(rule, {}),)


def test_weights_are_changed_and_stickiness_stays(balancer: Balancer):
    # Given
    stable, canary = balancer.groups["stable"], balancer.groups["canary"]
    rule = balancer.rule({stable: 100, canary: 0}, 60)

    # When
    balancer.port.set_weights(HOME, rule, {canary: 1, stable: 999})

    # Then
    (found,) = balancer.port.describe(HOME, [rule])
    assert found == ListenerRule(rule, {stable: 999, canary: 1}, sticky_seconds=60)


def test_a_rule_that_is_gone_or_somebody_elses_is_left_alone(balancer: Balancer):
    # Given a rule that forwards to one group only
    stable, canary = balancer.groups["stable"], balancer.groups["canary"]
    rule = balancer.rule({stable: 1})

    # Then
    with pytest.raises(Terminal, match="forwards to"):
        balancer.port.set_weights(HOME, rule, {stable: 99, canary: 1})
    with pytest.raises(Terminal, match="RuleNotFound"):
        balancer.port.set_weights(HOME, NOWHERE, {stable: 99, canary: 1})
    assert balancer.port.describe(HOME, [rule])[0].weights == {stable: 1}


# --- the adapter alone --------------------------------------------------------------------------------------


def test_every_action_is_written_back_in_order_and_nothing_is_dropped(clients: Clients):
    # Given a rule that authenticates first; its actions are not listed in order
    shown = {
        "Issuer": "https://issuer",
        "AuthorizationEndpoint": "https://issuer/authorize",
        "TokenEndpoint": "https://issuer/token",
        "UserInfoEndpoint": "https://issuer/user",
        "ClientId": "shop",
        "SessionTimeout": 604800,
        "AuthenticationRequestExtraParams": {"prompt": "login"},
    }
    sticky = forward({STABLE: 100, CANARY: 0}, 60)
    script = Scripted(clients.at("elbv2", HOME))
    oidc = {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": shown}
    script.answer("DescribeRules", {"Rules": [{"RuleArn": RULE, "Actions": [{**sticky, "Order": 2}, oidc]}]})
    script.answer("ModifyRule", {"Rules": []})

    # When
    ElbListenerRules(clients).set_weights(HOME, RULE, {STABLE: 950, CANARY: 50})

    # Then the client's secret, which nobody is shown, stays too
    (asked,) = script.requests["ModifyRule"]
    kept = {**shown, "UseExistingClientSecret": True}
    assert asked == {
        "RuleArn": RULE,
        "Actions": [
            {"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": kept},
            {**forward({STABLE: 950, CANARY: 50}, 60), "Order": 2},
        ],
    }


def test_a_forward_action_without_a_configuration_forwards_to_its_one_group(clients: Clients):
    # Given
    script = Scripted(clients.at("elbv2", HOME))
    action = {"Type": "forward", "TargetGroupArn": STABLE, "Order": 1}
    script.answer("DescribeRules", {"Rules": [{"RuleArn": RULE, "Actions": [action], "IsDefault": True}]})
    script.answer("ModifyRule", {"Rules": []})
    port = ElbListenerRules(clients)

    # Then
    assert port.describe(HOME, [RULE]) == (ListenerRule(RULE, {STABLE: 1}, is_default=True),)
    port.set_weights(HOME, RULE, {STABLE: 100})
    (asked,) = script.requests["ModifyRule"]
    groups = [{"TargetGroupArn": STABLE, "Weight": 100}]
    assert asked["Actions"] == [
        {"Type": "forward", "Order": 1, "ForwardConfig": {"TargetGroups": groups}},
    ]


def test_stickiness_that_is_off_is_none(clients: Clients):
    config = {
        "TargetGroups": [{"TargetGroupArn": STABLE, "Weight": 1}],
        "TargetGroupStickinessConfig": {"Enabled": False, "DurationSeconds": 60},
    }
    actions = [{"Type": "forward", "ForwardConfig": config}]
    script = Scripted(clients.at("elbv2", HOME))
    script.answer("DescribeRules", {"Rules": [{"RuleArn": RULE, "Actions": actions}]})

    assert ElbListenerRules(clients).describe(HOME, [RULE])[0].sticky_seconds is None
