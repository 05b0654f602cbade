"""Application Auto Scaling of services of Amazon ECS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.errors import Answer, aws_call, aws_call_unless, aws_pages
from tidegate.domain.scaling import ServiceScaling, Suspended
from tidegate.domain.service import Target
from tidegate.ports import Scaling

_GONE = ("ObjectNotFoundException",)
_SETTINGS = {
    "TargetTrackingScaling": "TargetTrackingScalingPolicyConfiguration",
    "StepScaling": "StepScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}
_POLICY = ("PolicyName", "PolicyType", *_SETTINGS.values())
_SUSPENSIONS = {
    "scale_in": "DynamicScalingInSuspended",
    "scale_out": "DynamicScalingOutSuspended",
    "scheduled": "ScheduledScalingSuspended",
}


class ApplicationAutoScaling(Scaling):
    """Scalable targets of the dimension `ecs:service:DesiredCount`.

    A target-tracking policy makes its own alarms. A step policy acts only when an alarm calls it: one that is
    put for another service scales nothing until somebody gives it an alarm.
    https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def describe(self, target: Target, cluster: str, service: str) -> ServiceScaling | None:
        scaling = self._clients.at("application-autoscaling", target)
        found = _target(scaling, cluster, service)
        if found is None:
            return None
        return ServiceScaling(
            minimum=found["MinCapacity"],
            maximum=found["MaxCapacity"],
            suspended=_read_suspended(found.get("SuspendedState", {})),
            policies=tuple(_policies(scaling, cluster, service)),
        )

    def suspend(self, target: Target, cluster: str, service: str, suspended: Suspended) -> None:
        scaling = self._clients.at("application-autoscaling", target)
        if _target(scaling, cluster, service) is not None:
            place = _place(cluster, service)
            aws_call(scaling.register_scalable_target, **place, SuspendedState=_suspended(suspended))

    def put(self, target: Target, cluster: str, service: str, scaling: ServiceScaling) -> None:
        client, place = self._clients.at("application-autoscaling", target), _place(cluster, service)
        aws_call(
            client.register_scalable_target,
            **place,
            MinCapacity=scaling.minimum,
            MaxCapacity=scaling.maximum,
            SuspendedState=_suspended(scaling.suspended),
        )
        wanted = {policy["PolicyName"] for policy in scaling.policies}
        for policy in _policies(client, cluster, service):
            if policy["PolicyName"] not in wanted:
                name = policy["PolicyName"]
                aws_call_unless(_GONE, client.delete_scaling_policy, **place, PolicyName=name)
        for policy in scaling.policies:
            aws_call(client.put_scaling_policy, **place, **policy)

    def remove(self, target: Target, cluster: str, service: str) -> None:
        # Its policies, their alarms and its scheduled actions go with it:
        # https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
        client = self._clients.at("application-autoscaling", target)
        aws_call_unless(_GONE, client.deregister_scalable_target, **_place(cluster, service))


def _place(cluster: str, service: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "ecs",
        "ResourceId": f"service/{cluster.rpartition('/')[2]}/{service}",
        "ScalableDimension": "ecs:service:DesiredCount",
    }


def _target(scaling: Any, cluster: str, service: str) -> Answer | None:
    place = _place(cluster, service)
    resource = place.pop("ResourceId")
    answer = aws_call(scaling.describe_scalable_targets, **place, ResourceIds=[resource])
    found: list[Answer] = answer["ScalableTargets"]
    return found[0] if found else None


def _policies(scaling: Any, cluster: str, service: str) -> list[Mapping[str, Any]]:
    pages = aws_pages(scaling, "describe_scaling_policies", **_place(cluster, service))
    found = [policy for page in pages for policy in page["ScalingPolicies"]]
    kept = [{name: policy[name] for name in _POLICY if policy.get(name)} for policy in found]
    return sorted(kept, key=lambda policy: str(policy["PolicyName"]))


def _suspended(suspended: Suspended) -> dict[str, bool]:
    return {name: getattr(suspended, field) for field, name in _SUSPENSIONS.items()}


def _read_suspended(state: Answer) -> Suspended:
    return Suspended(**{field: bool(state.get(name, False)) for field, name in _SUSPENSIONS.items()})
