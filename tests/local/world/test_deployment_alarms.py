"""Alarms that fail a deployment.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeploymentAlarms.html
"""

from __future__ import annotations

import pytest


def ring(region, name="errors"):
    region.cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="test")


def calm(region, name="errors"):
    region.cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="test")


@pytest.fixture
def watched(region):
    for name in ("errors", "latency"):
        region.cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="Checkout",
            MetricName=name,
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            TreatMissingData="ignore",
        )
        calm(region, name)
    region.repository()
    region.good = region.push(1)
    alarms = {"alarmNames": ["errors", "latency"], "enable": True, "rollback": True}
    region.service(region.task_definition(region.good), deploymentConfiguration={"alarms": alarms})
    return region


def test_an_alarm_during_a_deployment_turns_it_back(watched):
    # Given
    watched.update(watched.task_definition(watched.push(2)))
    watched.advance(0.5)
    watched.events.clear()

    # When
    ring(watched)
    watched.until_status("ROLLBACK_SUCCESSFUL")
    watched.advance(1)

    # Then
    found = watched.service_deployment()
    assert found["alarms"] == {
        "status": "TRIGGERED",
        "alarmNames": ["errors", "latency"],
        "triggeredAlarmNames": ["errors"],
    }
    assert watched.running_digests() == {watched.good}
    assert watched.event_names() == [
        "SERVICE_DEPLOYMENT_FAILED",
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_DEPLOYMENT_COMPLETED",
    ]
    assert any(message.endswith("deployment failed: alarm detected.") for message in watched.messages())


def test_an_alarm_that_is_already_red_is_ignored_for_the_whole_deployment(watched):
    # Given
    ring(watched)
    new = watched.push(2)

    # When it even recovers and rings again
    watched.update(watched.task_definition(new))
    watched.advance(0.3)
    calm(watched)
    watched.advance(0.3)
    ring(watched)
    watched.until(watched.settled)

    # Then
    assert watched.service_deployment()["status"] == "SUCCESSFUL"
    assert watched.running_digests() == {new}


def test_one_red_alarm_at_the_start_switches_all_of_them_off(watched):
    """ "If an alarm is in the ALARM state at the beginning … ECS ignores the alarm configuration"."""
    # Given
    ring(watched)
    new = watched.push(2)
    watched.update(watched.task_definition(new))
    watched.advance(0.3)

    # When
    ring(watched, "latency")
    watched.until(watched.settled)

    # Then
    assert watched.service_deployment()["alarms"]["status"] == "DISABLED"
    assert watched.running_digests() == {new}


def test_without_rollback_an_alarm_only_fails_the_deployment(watched):
    # Given
    alarms = {"alarmNames": ["errors"], "enable": True, "rollback": False}
    new = watched.push(2)
    watched.update(watched.task_definition(new), deploymentConfiguration={"alarms": alarms})
    watched.advance(0.5)

    # When
    ring(watched)
    watched.until(lambda: watched.describe()["deployments"][0]["rolloutState"] == "FAILED")

    # Then
    assert (
        watched.describe()["deployments"][0]["rolloutStateReason"] == "ECS deployment failed: alarm detected."
    )
    assert watched.service_deployment()["status"] == "STOPPED"


def test_ecs_goes_on_watching_for_a_while_after_everything_runs(watched):
    """The bake time is computed from the alarms: here one period of 60 seconds, one second at this scale."""
    # Given
    new = watched.push(2)
    watched.update(watched.task_definition(new))
    watched.until(lambda: watched.running_digests() == {new} and watched.describe()["runningCount"] == 2)

    # When
    still = watched.service_deployment()["status"]
    ring(watched)
    watched.until_status("ROLLBACK_SUCCESSFUL")

    # Then
    assert still == "IN_PROGRESS"
    assert watched.running_digests() == {watched.good}


def test_an_alarm_after_the_deployment_does_nothing(watched):
    # Given
    before = watched.service_deployment()["serviceDeploymentArn"]

    # When
    ring(watched)
    watched.advance(5)

    # Then
    assert watched.service_deployment()["serviceDeploymentArn"] == before
    assert watched.service_deployment()["alarms"]["status"] == "MONITORING_COMPLETE"
