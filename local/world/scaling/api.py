"""RegisterScalableTarget, PutScalingPolicy and what describes and undoes them, for ECS services."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from local.world.binding import Call
from local.world.ecs.engine import Ecs
from local.world.ecs.model import Service
from local.world.metrics.balancers import suffix
from local.world.scaling.model import (
    DIMENSION,
    NAMESPACE,
    SETTINGS,
    SUSPENSIONS,
    Place,
    Policy,
    ScalableTarget,
    ScalingError,
    invalid,
    missing,
)

Answer = dict[str, Any]
PER_TARGET = "ALBRequestCountPerTarget"


class ScalingApi:
    """The operations; every scalable target of the world is in `targets`."""

    def __init__(self, ecs: Ecs) -> None:
        self._ecs = ecs
        self.targets: dict[tuple[Place, str], ScalableTarget] = {}

    def register(self, call: Call) -> Answer:
        """RegisterScalableTarget: creates one, or changes of one what is given.

        https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
        """
        resource = _resource(call)
        found = self.targets.get((call.place, resource))
        least = call.get("MinCapacity", found and found.minimum)
        most = call.get("MaxCapacity", found and found.maximum)
        if least is None or most is None:
            raise invalid("Minimum and maximum capacity must be specified to register a new scalable target.")
        if int(least) > int(most):
            raise invalid("Maximum capacity cannot be less than minimum capacity")
        self.service(call.place, resource)
        if found is None:
            found = ScalableTarget(call.place, resource, int(least), int(most), self._ecs.world.today())
            self.targets[call.place, resource] = found
        found.minimum, found.maximum = int(least), int(most)
        state = call.get("SuspendedState", {})
        found.suspended |= {name: bool(state[name]) for name in SUSPENSIONS if name in state}
        return {"ScalableTargetARN": found.arn}

    def deregister(self, call: Call) -> Answer:
        """DeregisterScalableTarget: its policies go with it."""
        if self.targets.pop((call.place, _resource(call)), None) is None:
            raise missing(_resource(call))
        return {}

    def describe(self, call: Call) -> Answer:
        """DescribeScalableTargets."""
        _check_namespace(call)
        wanted = call.get("ResourceIds")
        shown = [
            self._shape(target)
            for (place, resource), target in sorted(self.targets.items())
            if place == call.place and (wanted is None or resource in wanted)
        ]
        return _page(call, "ScalableTargets", shown)

    def put_policy(self, call: Call) -> Answer:
        """PutScalingPolicy: creates one, or replaces the settings of one."""
        resource, name = _resource(call), call.params["PolicyName"]
        target = self.targets.get((call.place, resource))
        if target is None:
            raise missing(resource)
        known = target.policies.get(name)
        kind = call.get("PolicyType", known.kind if known else "StepScaling")
        if known is not None and known.kind != kind:
            raise invalid(f"Policy {name} is of the type {known.kind}, which cannot be changed.")
        settings = call.get(SETTINGS[kind])
        if not settings:
            raise invalid(f"{SETTINGS[kind]} must be specified for a policy of the type {kind}.")
        self._check_label(call, resource, settings)
        policy = known or self._new_policy(call, target, name, kind)
        policy.settings = dict(settings)
        return {"PolicyARN": policy.arn, "Alarms": policy.alarms}

    def delete_policy(self, call: Call) -> Answer:
        """DeleteScalingPolicy."""
        resource, name = _resource(call), call.params["PolicyName"]
        target = self.targets.get((call.place, resource))
        if target is None or target.policies.pop(name, None) is None:
            raise ScalingError(
                "ObjectNotFoundException",
                f"No scaling policy found for service namespace: {NAMESPACE}, resource ID: {resource}, "
                f"scalable dimension: {DIMENSION}, policy name: {name}",
            )
        return {}

    def describe_policies(self, call: Call) -> Answer:
        """DescribeScalingPolicies."""
        _check_namespace(call)
        wanted, names = call.get("ResourceId"), call.get("PolicyNames")
        shown = [
            _policy_shape(target, policy)
            for (place, resource), target in sorted(self.targets.items())
            if place == call.place and wanted in {None, resource}
            for policy in target.policies.values()
            if names is None or policy.name in names
        ]
        return _page(call, "ScalingPolicies", shown)

    def service(self, place: Place, resource: str) -> Service:
        """The service that a resource names."""
        parts = resource.split("/")
        found = self._ecs.store(place).services.get((parts[1], parts[2])) if len(parts) == 3 else None
        if found is None or found.status != "ACTIVE":
            raise invalid(f"ECS service doesn't exist: {resource}")
        return found

    def _check_label(self, call: Call, resource: str, settings: Mapping[str, Any]) -> None:
        """The label must be that of a target group which is attached to the service.

        https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PredefinedMetricSpecification.html
        """
        metric = settings.get("PredefinedMetricSpecification") or {}
        if metric.get("PredefinedMetricType") != PER_TARGET:
            return
        label = str(metric.get("ResourceLabel", ""))
        attached = [
            suffix(each["targetGroupArn"]) for each in self.service(call.place, resource).load_balancers
        ]
        if not label.startswith("app/") or not any(label.endswith(f"/{group}") for group in attached):
            raise invalid(f"ResourceLabel {label} names no target group that is attached to {resource}.")

    def _new_policy(self, call: Call, target: ScalableTarget, name: str, kind: str) -> Policy:
        account, region = call.place
        base = f"arn:aws:autoscaling:{region}:{account}:scalingPolicy"
        arn = f"{base}:{uuid.uuid4()}:resource/ecs/{target.resource}:policyName/{name}"
        policy = Policy(name, kind, {}, arn, self._ecs.world.today())
        if kind == "TargetTrackingScaling":
            for side in ("High", "Low"):
                alarm = f"TargetTracking-{target.resource}-Alarm{side}-{uuid.uuid4()}"
                alarm_arn = f"arn:aws:cloudwatch:{region}:{account}:alarm:{alarm}"
                policy.alarms.append({"AlarmName": alarm, "AlarmARN": alarm_arn})
        target.policies[name] = policy
        return policy

    def _shape(self, target: ScalableTarget) -> Answer:
        account, _ = target.place
        role = "ecs.application-autoscaling.amazonaws.com/AWSServiceRoleForApplicationAutoScaling_ECSService"
        return {
            **_place(target),
            "MinCapacity": target.minimum,
            "MaxCapacity": target.maximum,
            "RoleARN": f"arn:aws:iam::{account}:role/aws-service-role/{role}",
            "CreationTime": target.created_at,
            "SuspendedState": dict(target.suspended),
            "ScalableTargetARN": target.arn,
        }


def _policy_shape(target: ScalableTarget, policy: Policy) -> Answer:
    return {
        **_place(target),
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        "PolicyType": policy.kind,
        SETTINGS[policy.kind]: policy.settings,
        "Alarms": policy.alarms,
        "CreationTime": policy.created_at,
    }


def _place(target: ScalableTarget) -> Answer:
    return {
        "ServiceNamespace": NAMESPACE,
        "ResourceId": target.resource,
        "ScalableDimension": DIMENSION,
    }


def _check_namespace(call: Call) -> None:
    if call.params["ServiceNamespace"] != NAMESPACE or call.get("ScalableDimension", DIMENSION) != DIMENSION:
        raise invalid(f"Only {DIMENSION} scales here.")


def _resource(call: Call) -> str:
    _check_namespace(call)
    return str(call.params["ResourceId"])


def _page(call: Call, name: str, shown: list[Answer]) -> Answer:
    size, start = int(call.get("MaxResults", 50)), int(call.get("NextToken", 0))
    answer: Answer = {name: shown[start : start + size]}
    return {**answer, "NextToken": str(start + size)} if start + size < len(shown) else answer
