"""Load balancers for a sample service: one target group, or two for a canary or for blue and green."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from local.sample.place import Place

LONGEST_NAME = 32
TEST_HEADER = "x-test-traffic"
"""The test rule leads requests with this header to green; AWS's examples do the same.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html
"""
_REFUSE = {
    "Type": "fixed-response",
    "FixedResponseConfig": {"StatusCode": "404", "ContentType": "text/plain"},
}


@dataclass(frozen=True)
class Balancer:
    """An Application Load Balancer as a team would have made it.

    Attributes:
        groups: Its target groups; the first one is that of the service.
        production_rule: The rule that all requests meet.
        test_rule: The rule for requests with the test header, where there is one.
    """

    groups: tuple[str, ...]
    production_rule: str
    test_rule: str | None = None


def create(place: Place, name: str, strategy: str) -> Balancer:
    """Make the load balancer that a strategy needs.

    Args:
        place: The local cloud.
        name: Name of the load balancer and of its first target group.
        strategy: ``canary`` has a second group with the suffix ``-canary``, ``blue_green`` one with
            ``-green``, and a test rule; any other strategy needs one group.
    """
    elb = place.client("elbv2")
    balancer = elb.create_load_balancer(Name=name, Subnets=place.subnets, Type="application")
    listener = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancers"][0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[_REFUSE],
    )["Listeners"][0]["ListenerArn"]
    second = {"canary": "-canary", "blue_green": "-green"}.get(strategy)
    suffixes = ("", second) if second else ("",)
    groups = tuple(_create_group(place, name[: LONGEST_NAME - len(each)] + each) for each in suffixes)
    everything = {"Field": "path-pattern", "Values": ["/*"]}
    production = _create_rule(place, listener, 2, everything, groups)
    if strategy != "blue_green":
        return Balancer(groups, production)
    header = {"HttpHeaderName": TEST_HEADER, "Values": ["*"]}
    condition = {"Field": "http-header", "HttpHeaderConfig": header}
    return Balancer(groups, production, _create_rule(place, listener, 1, condition, groups))


def _create_group(place: Place, name: str) -> str:
    elb = place.client("elbv2")
    group = elb.create_target_group(
        Name=name,
        Protocol="HTTP",
        Port=8080,
        VpcId=place.network,
        TargetType="ip",
        HealthCheckPath="/health",
        HealthCheckIntervalSeconds=5,
        HealthyThresholdCount=2,
    )["TargetGroups"][0]["TargetGroupArn"]
    elb.modify_target_group_attributes(
        TargetGroupArn=group,
        Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "30"}],
    )
    return str(group)


def _create_rule(
    place: Place, listener: str, priority: int, condition: dict[str, Any], groups: tuple[str, ...]
) -> str:
    """A rule that gives all requests to the first group; the others are on it with weight 0."""
    tuples = [
        {"TargetGroupArn": group, "Weight": 0 if number else 100} for number, group in enumerate(groups)
    ]
    action = {"Type": "forward", "ForwardConfig": {"TargetGroups": tuples}}
    rule = place.client("elbv2").create_rule(
        ListenerArn=listener, Priority=priority, Conditions=[condition], Actions=[action]
    )
    return str(rule["Rules"][0]["RuleArn"])
