"""The unkind habits of AWS, each switched on alone or off."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.world.settings import Habits, WorldSettings
from tests.local.world.support import Region


def only(**habits: bool) -> WorldSettings:
    kind = WorldSettings.kind()
    return replace(kind, habits=replace(kind.habits, **habits))


@pytest.fixture
def with_habits():
    opened = []

    def open_region(**habits):
        manager = Region.with_settings(only(**habits))
        opened.append(manager)
        region = manager.__enter__()
        region.repository()
        return region

    yield open_region
    for manager in reversed(opened):
        manager.__exit__(None, None, None)


def test_every_habit_is_on_by_default_and_can_be_switched_off():
    assert set(vars(Habits()).values()) == {True}
    assert set(vars(WorldSettings.kind().habits).values()) == {False}


def test_describes_are_stale_for_a_moment_after_an_update(with_habits):
    """The ECS API follows an eventual consistency model.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/welcome-features.html
    """
    # Given
    region = with_habits(stale_describes=True)
    old = region.task_definition(region.push(1))
    region.service(old)
    region.advance(1)

    # When
    new = region.task_definition(region.push(2))
    answer = region.ecs.update_service(cluster="prod", service="checkout", taskDefinition=new)

    # Then
    assert answer["service"]["taskDefinition"] == new
    assert region.describe()["taskDefinition"] == old
    listed = region.ecs.list_service_deployments(cluster="prod", service="checkout")["serviceDeployments"]
    assert len(listed) == 1
    region.advance(0.3)
    assert region.describe()["taskDefinition"] == new
    listed = region.ecs.list_service_deployments(cluster="prod", service="checkout")["serviceDeployments"]
    assert len(listed) == 2


def test_a_kind_world_shows_an_update_at_once(with_habits):
    # Given
    region = with_habits()
    region.service(region.task_definition(region.push(1)))
    new = region.task_definition(region.push(2))

    # When
    region.update(new)

    # Then
    assert region.describe()["taskDefinition"] == new


def test_events_leave_a_moment_after_the_change(with_habits):
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event.html"""
    # Given
    late = with_habits(event_delay=True)

    # When
    late.push(1, tag="1.0.0")
    at_once = list(late.events)
    late.advance(0.2)

    # Then
    assert at_once == []
    assert len(late.events) == 1


def test_metrics_become_readable_only_some_time_after_their_minute(with_habits):
    """ELB "measures and sends its data in 60-second intervals"; how long they take is not documented.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """
    # Given
    region = with_habits(metric_lag=True)
    balancer = region.load_balancer()
    region.service(region.task_definition(region.push(1)), loadBalancers=balancer.attached())
    region.installation.traffic.put(region.installation.ecs.services()[0], 100)
    begun = region.clock.now()

    def newest() -> float:
        end = datetime.fromtimestamp(region.clock.now(), tz=UTC)
        metric = {
            "Namespace": "AWS/ApplicationELB",
            "MetricName": "RequestCount",
            "Dimensions": balancer.dimensions(),
        }
        found = region.cloudwatch.get_metric_data(
            StartTime=end - timedelta(seconds=60),
            EndTime=end,
            MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}],
        )["MetricDataResults"][0]["Timestamps"]
        return found[0].timestamp() if found else 0.0

    # When
    region.until(lambda: newest() > 0)
    first = region.clock.now() - begun
    region.advance(10)

    # Then
    assert first >= 1
    assert region.clock.now() - (newest() + 1) >= 1
    assert region.clock.now() - (newest() + 1) <= 150 / 60 + 1


def test_durations_vary_from_task_to_task(with_habits):
    # Given
    region = with_habits(timing_jitter=True)

    # When
    region.service(region.task_definition(region.push(1)), desired=4)

    # Then
    seconds = {task["startedAt"].timestamp() - task["createdAt"].timestamp() for task in region.tasks()}
    assert len(seconds) > 1


def test_the_same_seed_gives_the_same_world(with_habits):
    def story() -> list[tuple[float, str]]:
        with Region.with_settings(WorldSettings(seed=5)) as region:
            start = region.clock.now()
            region.repository()
            region.service(region.task_definition(region.push(1)))
            return [(round(event.at - start, 6), event.kind) for event in region.events]

    assert story() == story()
