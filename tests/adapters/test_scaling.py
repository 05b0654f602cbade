"""What `ports.Scaling` promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.adapters.values import HOME
from tests.local.world.support import Region
from tests.support.fakes import FakeScaling
from tidegate.aws.clients import Clients
from tidegate.aws.scaling import ApplicationAutoScaling
from tidegate.domain.scaling import ServiceScaling, Suspended
from tidegate.ports import Scaling

PLACE = (HOME, "prod", "checkout")


def tracking(name: str, goal: float, **more: Any) -> dict[str, Any]:
    metric = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
    settings = {"TargetValue": goal, "PredefinedMetricSpecification": metric, **more}
    return {
        "PolicyName": name,
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": settings,
    }


STEP = {
    "PolicyName": "burst",
    "PolicyType": "StepScaling",
    "StepScalingPolicyConfiguration": {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}],
        "Cooldown": 60,
    },
}
SCALING = ServiceScaling(2, 8, Suspended(scheduled=True), (STEP, tracking("cpu", 62.5, ScaleInCooldown=120)))


@pytest.fixture
def scaling(kind: str, request: pytest.FixtureRequest) -> Iterator[Scaling]:
    """The service `checkout`, which does not scale by itself yet."""
    if kind == "fake":
        yield FakeScaling()
        return
    clients: Clients = request.getfixturevalue("untouched")
    with Region.kind() as region:
        region.repository()
        region.service(region.task_definition(region.push(1)))
        yield ApplicationAutoScaling(clients)


def test_a_service_scales_as_it_is_told(scaling: Scaling):
    # Given
    assert scaling.describe(*PLACE) is None

    # When
    scaling.put(*PLACE, SCALING)

    # Then
    assert scaling.describe(*PLACE) == SCALING
    assert scaling.describe(HOME, "prod", "basket") is None


def test_what_is_put_takes_the_place_of_what_was_there(scaling: Scaling):
    # Given
    scaling.put(*PLACE, SCALING)

    # When
    changed = ServiceScaling(1, 4, Suspended(scale_in=True), (tracking("cpu", 50.0), tracking("more", 70.0)))
    scaling.put(*PLACE, changed)

    # Then no policy of before is left
    assert scaling.describe(*PLACE) == changed
    scaling.put(*PLACE, changed)
    assert scaling.describe(*PLACE) == changed


def test_suspending_changes_nothing_else(scaling: Scaling):
    # Given
    scaling.put(*PLACE, SCALING)

    # When
    scaling.suspend(*PLACE, Suspended(scale_in=True, scheduled=True))

    # Then
    held = scaling.describe(*PLACE)
    assert held == ServiceScaling(2, 8, Suspended(scale_in=True, scheduled=True), SCALING.policies)

    # When it is restored
    scaling.suspend(*PLACE, SCALING.suspended)

    # Then it is exactly what it was
    assert scaling.describe(*PLACE) == SCALING


def test_what_does_not_scale_is_neither_suspended_nor_removed(scaling: Scaling):
    scaling.suspend(*PLACE, Suspended(scale_in=True))
    scaling.remove(*PLACE)

    assert scaling.describe(*PLACE) is None


def test_a_service_can_be_told_to_scale_no_more(scaling: Scaling):
    # Given
    scaling.put(*PLACE, SCALING)

    # When
    scaling.remove(*PLACE)
    scaling.remove(*PLACE)

    # Then its policies are gone as well
    assert scaling.describe(*PLACE) is None
    scaling.put(*PLACE, ServiceScaling(1, 2))
    assert scaling.describe(*PLACE) == ServiceScaling(1, 2)
