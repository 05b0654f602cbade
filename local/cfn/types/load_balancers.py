"""Load balancers, target groups, listeners and their rules.

All of them go through the API, because behind it the simulated world keeps what moto does not.
"""

from __future__ import annotations

from local.cfn import shapes
from local.cfn.api_type import ApiType, api_type
from local.cfn.resources import TYPES, Made, Request
from local.cfn.template import Json


def _full_name(arn: str, kind: str) -> str:
    """The last part of an ARN, by which CloudWatch knows the resource."""
    return arn.partition(f":{kind}/")[2]


class _LoadBalancer(ApiType):
    """A load balancer with its attributes."""

    def create(self, request: Request) -> Made:
        made = super().create(request)
        attributes = request.properties.get("LoadBalancerAttributes")
        if attributes:
            request.client("elbv2").modify_load_balancer_attributes(
                LoadBalancerArn=made.physical_id, Attributes=attributes
            )
        full = _full_name(made.physical_id, "loadbalancer")
        return Made(made.physical_id, {**made.attributes, "LoadBalancerFullName": full})


TYPES["AWS::ElasticLoadBalancingV2::LoadBalancer"] = _LoadBalancer(
    service="elbv2",
    create_method="create_load_balancer",
    ref="LoadBalancers.0.LoadBalancerArn",
    attributes={
        "LoadBalancerArn": "LoadBalancers.0.LoadBalancerArn",
        "DNSName": "LoadBalancers.0.DNSName",
        "CanonicalHostedZoneID": "LoadBalancers.0.CanonicalHostedZoneId",
        "LoadBalancerName": "LoadBalancers.0.LoadBalancerName",
    },
    name="Name",
    longest_name=32,
    ignored=("LoadBalancerAttributes",),
    delete_method="delete_load_balancer",
    delete_argument="LoadBalancerArn",
)


class _TargetGroup(ApiType):
    """A target group with its attributes, and the full name that metrics carry as an attribute."""

    def create(self, request: Request) -> Made:
        made = super().create(request)
        self._settle(request, made)
        full = f"targetgroup/{_full_name(made.physical_id, 'targetgroup')}"
        return Made(made.physical_id, {**made.attributes, "TargetGroupFullName": full})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        updated = super().update(request, made, before)
        self._settle(request, updated)
        return updated

    def _settle(self, request: Request, made: Made) -> None:
        attributes = request.properties.get("TargetGroupAttributes")
        if attributes:
            request.client("elbv2").modify_target_group_attributes(
                TargetGroupArn=made.physical_id, Attributes=attributes
            )
        targets = request.properties.get("Targets")
        if targets:
            plain = {"TargetGroupArn": made.physical_id, "Targets": targets}
            request.client("elbv2").register_targets(**shapes.arguments("elbv2", "register_targets", plain))


TYPES["AWS::ElasticLoadBalancingV2::TargetGroup"] = _TargetGroup(
    service="elbv2",
    create_method="create_target_group",
    ref="TargetGroups.0.TargetGroupArn",
    attributes={
        "TargetGroupArn": "TargetGroups.0.TargetGroupArn",
        "TargetGroupName": "TargetGroups.0.TargetGroupName",
    },
    name="Name",
    longest_name=32,
    update_method="modify_target_group",
    update_argument="TargetGroupArn",
    delete_method="delete_target_group",
    delete_argument="TargetGroupArn",
    ignored=("TargetGroupAttributes", "Targets"),
    replaced_by=("Name", "Port", "Protocol", "VpcId", "TargetType"),
)
api_type(
    "AWS::ElasticLoadBalancingV2::Listener",
    service="elbv2",
    create_method="create_listener",
    ref="Listeners.0.ListenerArn",
    attributes={"ListenerArn": "Listeners.0.ListenerArn"},
    update_method="modify_listener",
    update_argument="ListenerArn",
    delete_method="delete_listener",
    delete_argument="ListenerArn",
    ignored=("ListenerAttributes",),
    replaced_by=("LoadBalancerArn",),
)
api_type(
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    service="elbv2",
    create_method="create_rule",
    ref="Rules.0.RuleArn",
    attributes={"RuleArn": "Rules.0.RuleArn"},
    update_method="modify_rule",
    update_argument="RuleArn",
    delete_method="delete_rule",
    delete_argument="RuleArn",
    replaced_by=("ListenerArn",),
)
