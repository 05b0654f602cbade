"""Holding a service's scaling, giving it back, and making a canary scale the same way."""

from itertools import product

import pytest

from tidegate.domain.scaling import ServiceScaling, Suspended, given_back, held, retargeted

GROUPS = {
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop/0a": (
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/shop-canary/0b"
    )
}
NAMES = {"shop": "shop-canary"}
EVERY = [Suspended(*each) for each in product((False, True), repeat=3)]


@pytest.mark.parametrize("before", EVERY)
def test_what_was_held_is_given_back_exactly(before: Suspended):
    assert given_back(held(before), before) == before


@pytest.mark.parametrize("before", EVERY)
def test_tasks_may_come_while_scaling_is_held_as_far_as_they_could_before(before: Suspended):
    assert held(before) == Suspended(scale_in=True, scale_out=before.scale_out, scheduled=True)


def test_what_others_suspended_meanwhile_stays():
    assert given_back(Suspended(True, True, True), Suspended()) == Suspended(scale_out=True)


@pytest.mark.parametrize(("needed", "bounds"), [(1, (1, 8)), (4, (4, 8)), (9, (9, 9))])
def test_a_canary_never_has_fewer_tasks_than_its_traffic_needs(needed: int, bounds: tuple[int, int]):
    found = retargeted(ServiceScaling(2, 8, Suspended(True)), needed, NAMES, GROUPS)
    assert (found.minimum, found.maximum) == bounds
    assert found.suspended == Suspended()


def test_policies_look_at_the_canary_instead_of_the_stable_service():
    # Given
    policies = (
        {
            "PolicyName": "requests",
            "TargetTrackingScalingPolicyConfiguration": {
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "ALBRequestCountPerTarget",
                    "ResourceLabel": "app/shop/77/targetgroup/shop/0a",
                },
                "TargetValue": 5.0,
            },
        },
        {
            "PolicyName": "shop",
            "TargetTrackingScalingPolicyConfiguration": {
                "CustomizedMetricSpecification": {
                    "Dimensions": [
                        {"Name": "ServiceName", "Value": "shop"},
                        {"Name": "ClusterName", "Value": "shop"},
                        {"Name": "TargetGroup", "Value": "targetgroup/shop/0a"},
                        {"Name": "TargetGroup", "Value": "targetgroup/shop/0abc"},
                    ]
                }
            },
        },
    )

    # When
    found = retargeted(ServiceScaling(1, 4, policies=policies), 1, NAMES, GROUPS).policies

    # Then
    requests, custom = (each["TargetTrackingScalingPolicyConfiguration"] for each in found)
    label = requests["PredefinedMetricSpecification"]["ResourceLabel"]
    assert label == "app/shop/77/targetgroup/shop-canary/0b"
    assert requests["TargetValue"] == 5.0
    assert [each["Value"] for each in custom["CustomizedMetricSpecification"]["Dimensions"]] == [
        "shop-canary", "shop", "targetgroup/shop-canary/0b", "targetgroup/shop/0abc",
    ]  # fmt: skip
    assert [each["PolicyName"] for each in found] == ["requests", "shop"]


def test_a_service_without_policies_gives_a_canary_without_any():
    assert retargeted(ServiceScaling(1, 4), 2, NAMES, GROUPS) == ServiceScaling(2, 4)
