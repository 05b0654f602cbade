"""What `ports.ListenerRules` promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME
from tests.adapters.worlds import WorkloadWorld
from tests.support.fakes import FakeListenerRules
from tidegate.aws.clients import Clients
from tidegate.aws.listener_rules import ElbListenerRules
from tidegate.domain.traffic import ListenerRule, Stickiness
from tidegate.errors import Terminal
from tidegate.ports import ListenerRules

GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup"
STABLE, CANARY = f"{GROUP}/stable/1", f"{GROUP}/canary/2"
RULE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/web/1/2/3"
NOWHERE = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/web/1/2/9"
PATHS = [{"Field": "path-pattern", "PathPatternConfig": {"Values": ["/shop/*"]}}]


@dataclass(frozen=True)
class Balancer:
    """A port, target groups by name, and ways to make rules and to let targets of a group be sticky."""

    port: ListenerRules
    groups: dict[str, str]
    rule: Callable[..., str]
    make_sticky: Callable[[str], object]


@pytest.fixture
def balancer(kind: str, world: WorkloadWorld, untouched: Clients) -> Balancer:
    """A load balancer with two target groups, in a world that refuses what Elastic Load Balancing refuses."""
    if kind == "fake":
        fake = FakeListenerRules()

        def known(weights: dict[str, int], sticky: int | None = None) -> str:
            arn = f"{RULE}{len(fake.rules)}"
            fake.add(arn, weights, Stickiness(True, sticky) if sticky else None)
            return arn

        return Balancer(fake, {"stable": STABLE, "canary": CANARY}, known, fake.sticky_groups.add)
    return in_moto(untouched)


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

    def make_sticky(group: str) -> None:
        attributes = [{"Key": "stickiness.enabled", "Value": "true"}]
        elb.modify_target_group_attributes(TargetGroupArn=group, Attributes=attributes)

    return Balancer(ElbListenerRules(clients), groups, rule, make_sticky)


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
        ListenerRule(first, {stable: 100, canary: 0}, Stickiness(True, 3600)),
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
    assert found == ListenerRule(rule, {stable: 999, canary: 1}, Stickiness(True, 60))


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


def test_weights_and_stickiness_are_changed_in_one_call(balancer: Balancer):
    # Given
    stable, canary = balancer.groups["stable"], balancer.groups["canary"]
    rule = balancer.rule({stable: 500, canary: 500}, 60)
    was = Stickiness(True, 60)

    # When
    done = balancer.port.set_weights(HOME, rule, {stable: 100, canary: 0}, stickiness=was.off())

    # Then the duration is still seen
    assert done is True
    (found,) = balancer.port.describe(HOME, [rule])
    assert found == ListenerRule(rule, {stable: 100, canary: 0}, Stickiness(False, 60))

    # When
    balancer.port.set_weights(HOME, rule, found.weights, stickiness=was)

    # Then
    assert balancer.port.describe(HOME, [rule])[0].stickiness == was


def test_a_rule_before_sticky_groups_stays_sticky_unless_it_has_one_of_them_alone(balancer: Balancer):
    # Given
    stable, canary = balancer.groups["stable"], balancer.groups["canary"]
    was = Stickiness(True, 60)
    rule = balancer.rule({stable: 500, canary: 500}, 60)
    balancer.make_sticky(stable)
    both = {stable: 100, canary: 0}

    # When
    done = balancer.port.set_weights(HOME, rule, both, stickiness=was.off())

    # Then nothing was changed
    assert done is False
    assert balancer.port.describe(HOME, [rule]) == (ListenerRule(rule, {stable: 500, canary: 500}, was),)

    # When it forwards to one of them
    done = balancer.port.set_weights(HOME, rule, {stable: 100}, stickiness=was.off(), instead_of=both)

    # Then
    assert done is True
    assert balancer.port.describe(HOME, [rule]) == (ListenerRule(rule, {stable: 100}, was.off()),)

    # When it is to be as before
    balancer.port.set_weights(HOME, rule, both, stickiness=was, instead_of=[stable])

    # Then
    assert balancer.port.describe(HOME, [rule]) == (ListenerRule(rule, both, was),)


def test_other_groups_than_those_expected_are_not_taken_away(balancer: Balancer):
    # Given
    stable, canary = balancer.groups["stable"], balancer.groups["canary"]
    rule = balancer.rule({stable: 1})

    # Then
    with pytest.raises(Terminal, match="forwards to"):
        balancer.port.set_weights(HOME, rule, {stable: 1}, instead_of=[stable, canary])


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


@pytest.mark.parametrize("config", [None, {"Enabled": False}, {"Enabled": False, "DurationSeconds": 60}])
def test_stickiness_that_is_off_keeps_nobody(clients: Clients, config: dict[str, Any] | None):
    forwarded: dict[str, Any] = {"TargetGroups": [{"TargetGroupArn": STABLE, "Weight": 1}]}
    actions = [{"Type": "forward", "ForwardConfig": forwarded}]
    if config is not None:
        forwarded["TargetGroupStickinessConfig"] = config
    script = Scripted(clients.at("elbv2", HOME))
    script.answer("DescribeRules", {"Rules": [{"RuleArn": RULE, "Actions": actions}]})

    (rule,) = ElbListenerRules(clients).describe(HOME, [RULE])
    assert rule.stickiness == Stickiness(False, (config or {}).get("DurationSeconds"))
    assert rule.stickiness.lasts == 0


def test_a_refusal_that_was_not_asked_for_is_an_error(clients: Clients):
    # Given a rule that is not sticky, before groups that have become so
    script = Scripted(clients.at("elbv2", HOME))
    action = forward({STABLE: 100, CANARY: 0})
    script.answer("DescribeRules", {"Rules": [{"RuleArn": RULE, "Actions": [action]}]})
    script.refuse("ModifyRule", "InvalidLoadBalancerAction")

    # Then
    with pytest.raises(Terminal, match="InvalidLoadBalancerAction"):
        ElbListenerRules(clients).set_weights(HOME, RULE, {STABLE: 95, CANARY: 5})
