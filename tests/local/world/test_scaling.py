"""Application Auto Scaling: what it keeps, and when it changes how many tasks a service wants."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from flask import Flask

from local.world.control import routes
from tests.local.world.support import Balancer, Region

PLACE = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/prod/checkout",
    "ScalableDimension": "ecs:service:DesiredCount",
}
CPU = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}


@pytest.fixture
def balancer(region: Region) -> Balancer:
    """A service with two tasks that may have one to six."""
    region.repository()
    balancer = region.load_balancer()
    region.service(region.task_definition(region.push(1)), loadBalancers=balancer.attached())
    scaling(region).register_scalable_target(**PLACE, MinCapacity=1, MaxCapacity=6)
    return balancer


def scaling(region: Region) -> Any:
    return getattr(region, "application-autoscaling")


def track(region: Region, name: str, metric: dict[str, str], goal: float, **more: Any) -> None:
    settings = {"TargetValue": goal, "PredefinedMetricSpecification": metric, **more}
    scaling(region).put_scaling_policy(
        **PLACE,
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=settings,
    )


def requests_per_target(balancer: Balancer) -> dict[str, str]:
    group = balancer.groups["checkout"].rsplit(":", 1)[1]
    label = f"{balancer.arn.split('loadbalancer/')[1]}/{group}"
    return {"PredefinedMetricType": "ALBRequestCountPerTarget", "ResourceLabel": label}


def control(path: str = "prod/checkout", **body: Any) -> dict[str, Any]:
    app = Flask("control")
    routes(app)
    method = app.test_client().put if body else app.test_client().get
    answer: dict[str, Any] = method(f"/_world/scaling/{path}", json=body or None).get_json()
    return answer


def desired(region: Region) -> int:
    return int(region.describe()["desiredCount"])


def refused(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as raised:
        call(**parameters)
    return str(raised.value.response["Error"]["Code"])


def test_what_is_registered_is_changed_only_as_far_as_it_is_given(region: Region, balancer: Balancer):
    # When
    state = {"DynamicScalingInSuspended": True, "ScheduledScalingSuspended": True}
    scaling(region).register_scalable_target(**PLACE, SuspendedState=state)

    # Then
    (found,) = scaling(region).describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert (found["MinCapacity"], found["MaxCapacity"]) == (1, 6)
    assert found["SuspendedState"] == {**state, "DynamicScalingOutSuspended": False}


def test_what_application_auto_scaling_refuses_is_refused(region: Region, balancer: Balancer):
    api = scaling(region)
    nobody = {**PLACE, "ResourceId": "service/prod/basket"}
    settings = {"TargetValue": 50.0, "PredefinedMetricSpecification": CPU}
    elsewhere = {**requests_per_target(balancer), "ResourceLabel": "app/web/1/targetgroup/other/2"}

    assert (
        refused(api.register_scalable_target, **nobody, MinCapacity=1, MaxCapacity=2) == "ValidationException"
    )
    assert refused(api.register_scalable_target, **PLACE, MinCapacity=7) == "ValidationException"
    assert refused(api.register_scalable_target, **nobody) == "ValidationException"
    assert refused(api.deregister_scalable_target, **nobody) == "ObjectNotFoundException"
    assert refused(api.delete_scaling_policy, **PLACE, PolicyName="none") == "ObjectNotFoundException"
    policy = {"PolicyName": "cpu", "PolicyType": "TargetTrackingScaling"}
    key = "TargetTrackingScalingPolicyConfiguration"
    assert refused(api.put_scaling_policy, **nobody, **policy, **{key: settings}) == "ObjectNotFoundException"
    assert refused(api.put_scaling_policy, **PLACE, **policy) == "ValidationException"
    wrong = {**settings, "PredefinedMetricSpecification": elsewhere}
    assert refused(api.put_scaling_policy, **PLACE, **policy, **{key: wrong}) == "ValidationException"


def test_policies_go_with_their_target(region: Region, balancer: Balancer):
    # Given
    track(region, "cpu", CPU, 50.0)
    track(region, "requests", requests_per_target(balancer), 100.0, DisableScaleIn=True)
    found = scaling(region).describe_scaling_policies(**PLACE)["ScalingPolicies"]
    assert [policy["PolicyName"] for policy in found] == ["cpu", "requests"]
    assert len(found[0]["Alarms"]) == 2

    # When
    scaling(region).deregister_scalable_target(**PLACE)

    # Then
    assert scaling(region).describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []


def test_more_requests_mean_more_tasks_and_few_requests_fewer(region: Region, balancer: Balancer):
    # Given one task for every thirty requests of a metric minute, which is a second here
    track(region, "requests", requests_per_target(balancer), 30.0, ScaleOutCooldown=60, ScaleInCooldown=60)
    service = region.installation.ecs.services()[0]

    # When
    region.installation.traffic.put(service, 150)
    region.until(lambda: service.desired_count >= 5, within=60)

    # Then it stays within its bounds
    region.advance(30)
    assert service.desired_count in (5, 6)

    # When few are left
    region.installation.traffic.put(service, 25)
    region.until(lambda: service.desired_count == 1, within=120)


def test_scale_in_waits_for_every_policy_and_for_the_end_of_a_deployment(region: Region, balancer: Balancer):
    # Given one policy that wants fewer tasks and one that does not
    track(region, "cpu", CPU, 50.0)
    memory = {"PredefinedMetricType": "ECSServiceAverageMemoryUtilization"}
    track(region, "memory", memory, 50.0)
    control(metrics={CPU["PredefinedMetricType"]: 10, memory["PredefinedMetricType"]: 50})
    region.advance(30)
    assert desired(region) == 2

    # When both want fewer, but a deployment is under way
    region.update(region.task_definition(region.push(2)))
    control(metrics={memory["PredefinedMetricType"]: 10})
    region.advance(1)
    assert desired(region) == 2

    # Then it happens after its end
    region.until(region.settled)
    region.advance(20)
    assert desired(region) == 1


def test_what_is_suspended_does_not_happen(region: Region, balancer: Balancer):
    # Given
    suspended = {"DynamicScalingInSuspended": True, "ScheduledScalingSuspended": True}
    scaling(region).register_scalable_target(**PLACE, SuspendedState=suspended)

    # Then
    assert control(desired=1)["reason"] == "scale-in is suspended"
    assert control(scheduled={"minimum": 4})["reason"] == "scheduled scaling is suspended"
    assert control(desired=9)["desired"] == 6
    assert desired(region) == 6

    # When
    state = dict.fromkeys(suspended, False) | {"DynamicScalingOutSuspended": True}
    scaling(region).register_scalable_target(**PLACE, SuspendedState=state)

    # Then
    assert control(desired=0)["desired"] == 1
    assert control(desired=3)["reason"] == "scale-out is suspended"
    assert control(scheduled={"minimum": 1, "maximum": 2})["maximum"] == 2


def test_a_metric_that_a_test_has_set_can_be_given_back(region: Region, balancer: Balancer):
    # Given
    track(region, "cpu", CPU, 50.0)
    control(metrics={CPU["PredefinedMetricType"]: 100})
    region.advance(2)
    assert desired(region) == 4

    # When
    shown = control(metrics={CPU["PredefinedMetricType"]: None})

    # Then
    assert shown["metrics"] == {}
    assert [activity["to"] for activity in shown["activities"]] == [4]
    region.advance(60)
    assert desired(region) == 4


def test_a_service_that_does_not_scale_is_said_so(region: Region, balancer: Balancer):
    assert control("prod/basket") == {"message": "prod/basket does not scale by itself"}
    assert control()["policies"] == []
