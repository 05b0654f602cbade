"""The deployment circuit breaker.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from local.world.ecs.breaker import threshold

BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@pytest.mark.parametrize(
    ("configuration", "desired", "expected"),
    [
        (None, 1, 3),
        (None, 25, 13),
        (None, 400, 200),
        (None, 800, 200),
        ({"type": "BOUNDED_PERCENT", "value": 10}, 40, 4),
        ({"type": "UNBOUNDED_PERCENT", "value": 50}, 1, 1),
        ({"type": "UNBOUNDED_PERCENT", "value": 100}, 500, 500),
        ({"type": "UNBOUNDED_PERCENT", "value": 33}, 10, 4),
        ({"type": "COUNT", "value": 7}, 1000, 7),
    ],
)
def test_the_threshold_follows_its_configuration(configuration, desired, expected):
    breaker = {"enable": True, "thresholdConfiguration": configuration} if configuration else {"enable": True}

    assert threshold(breaker, desired) == expected


def test_a_crashing_release_trips_the_breaker_and_comes_back(region):
    # Given
    region.repository()
    good, bad = region.push(1), region.push(2, starts=False, exit_code=3)
    definition = region.task_definition(good)
    region.service(definition, deploymentConfiguration=BREAKER)
    completed = region.describe()["deployments"][0]["id"]
    region.events.clear()

    # When
    region.update(region.task_definition(bad))
    region.until(lambda: region.describe()["taskDefinition"] == definition)
    deployments = region.describe()["deployments"]
    region.until(region.settled)
    region.advance(1)

    # Then
    assert [(each["status"], each["rolloutState"]) for each in deployments[:2]] == [
        ("PRIMARY", "IN_PROGRESS"),
        ("ACTIVE", "FAILED"),
    ]
    assert deployments[0]["id"] != completed
    back = f"ECS deployment circuit breaker: rolling back to deploymentId {completed}."
    assert deployments[0]["rolloutStateReason"] == back
    assert deployments[1]["rolloutStateReason"] == "ECS deployment circuit breaker: tasks failed to start."
    assert region.running_digests() == {good}
    assert region.event_names() == [
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_DEPLOYMENT_FAILED",
        "SERVICE_DEPLOYMENT_IN_PROGRESS",
        "SERVICE_DEPLOYMENT_COMPLETED",
    ]
    failed = region.events_of("ECS Deployment State Change")[1].detail
    assert (failed["eventType"], failed["reason"]) == (
        "ERROR",
        "ECS deployment circuit breaker: tasks failed to start.",
    )


def test_a_rolled_back_deployment_says_so_although_its_last_event_is_completed(region):
    # Given
    region.repository()
    region.service(region.task_definition(region.push(1)), desired=1, deploymentConfiguration=BREAKER)
    goal = region.service_deployment()["targetServiceRevision"]["arn"]

    # When
    region.update(region.task_definition(region.push(2, starts=False)))
    region.until_status("ROLLBACK_SUCCESSFUL")
    region.advance(1)

    # Then
    described = region.service_deployment()
    assert region.event_names()[-1] == "SERVICE_DEPLOYMENT_COMPLETED"
    assert described["rollback"]["serviceRevisionArn"] == goal
    assert described["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    reason = "Service deployment rolled back because the circuit breaker threshold was exceeded."
    assert described["rollback"]["reason"] == described["statusReason"] == reason


def test_without_rollback_a_tripped_breaker_leaves_the_old_tasks_running(region):
    # Given
    region.repository()
    good = region.push(1)
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": False}}
    region.service(region.task_definition(good), deploymentConfiguration=breaker)

    # When
    region.update(region.task_definition(region.push(2, starts=False)))
    region.until(lambda: region.describe()["deployments"][0]["rolloutState"] == "FAILED")
    started = len(region.tasks(status="STOPPED"))
    region.advance(60)

    # Then
    assert region.running_digests() == {good}
    assert len(region.tasks(status="STOPPED")) == started
    assert region.service_deployment()["status"] == "STOPPED"


def test_a_first_deployment_has_nothing_to_come_back_to_and_stalls(region):
    # Given
    region.repository()
    definition = region.task_definition(region.push(1, starts=False))

    # When
    region.create_service(definition, deploymentConfiguration=BREAKER)
    region.until(lambda: region.describe()["deployments"][0]["rolloutState"] == "FAILED")
    region.advance(30)

    # Then
    assert region.describe()["runningCount"] == region.describe()["pendingCount"] == 0
    assert region.service_deployment()["status"] == "ROLLBACK_FAILED"


def test_a_deployment_that_is_being_returned_to_is_no_goal_for_another_rollback(region):
    """Deployment 3 of the example in the documentation finds no COMPLETED deployment, and stalls."""
    # Given a rollback that cannot end, because the old image does not start any more either
    region.repository()
    first = region.push(1)
    region.service(region.task_definition(first), desired=1, deploymentConfiguration=BREAKER)
    region.update(region.task_definition(region.push(2, starts=False)))
    region.until_status("ROLLBACK_IN_PROGRESS")
    region.images(first, starts=False)

    # When
    region.update(region.task_definition(region.push(3, starts=False)))
    region.until_status("ROLLBACK_FAILED")

    # Then
    assert region.describe()["deployments"][0]["rolloutState"] == "FAILED"


def test_without_a_breaker_a_crashing_release_is_tried_again_for_ever(region):
    # Given
    region.repository()
    good = region.push(1)
    region.service(region.task_definition(good))

    # When
    region.update(region.task_definition(region.push(2, starts=False)))
    region.advance(60)

    # Then
    primary = region.describe()["deployments"][0]
    assert primary["rolloutState"] == "IN_PROGRESS"
    assert primary["failedTasks"] > 10
    assert region.running_digests() == {good}


@pytest.mark.parametrize(("resets", "kept"), [(True, 0), (None, 0), (False, 2)])
def test_a_healthy_task_sets_the_count_back_unless_that_is_switched_off(region, resets, kept):
    # Given a release whose first two tasks fail
    region.repository()
    breaker = {"enable": True, "rollback": True, "thresholdConfiguration": {"type": "COUNT", "value": 5}}
    if resets is not None:
        breaker["resetOnHealthyTask"] = resets
    configuration = {"deploymentCircuitBreaker": breaker}
    region.service(region.task_definition(region.push(1)), desired=2, deploymentConfiguration=configuration)
    limping = region.push(2, starts=False)
    region.update(region.task_definition(limping))
    region.until(lambda: region.service_deployment()["deploymentCircuitBreaker"]["failureCount"] == 2)

    # When it recovers
    region.images(limping, starts=True)
    region.until(region.settled)

    # Then
    found = region.service_deployment()
    assert found["status"] == "SUCCESSFUL"
    assert found["deploymentCircuitBreaker"] == {
        "status": "MONITORING_COMPLETE",
        "failureCount": kept,
        "threshold": 5,
    }


def test_tasks_that_never_get_healthy_behind_their_load_balancer_trip_the_breaker(region):
    # Given
    region.repository()
    balancer = region.load_balancer()
    good = region.push(1)
    options = {"loadBalancers": balancer.attached(), "deploymentConfiguration": BREAKER}
    region.service(region.task_definition(good), **options)

    # When
    region.update(region.task_definition(region.push(2, http={"/health": 500})))
    region.until_status("ROLLBACK_SUCCESSFUL", within=60)

    # Then
    assert region.running_digests() == {good}
    reasons = {task["stoppedReason"] for task in region.tasks(status="STOPPED")}
    assert f"Task failed ELB health checks in (target-group {balancer.groups['checkout']})" in reasons


def test_restarts_of_failing_tasks_come_ever_more_slowly(unkind_region):
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html"""
    # Given
    region = unkind_region
    region.repository()

    # When
    region.create_service(region.task_definition(region.push(1, starts=False)), desired=1)
    region.advance(30)

    # Then
    created = sorted(task["createdAt"].timestamp() for task in region.tasks(status="STOPPED"))
    gaps = [later - earlier for earlier, later in pairwise(created)]
    assert gaps == sorted(gaps)
    assert "(service checkout) is unable to consistently start tasks successfully." in region.messages()
    assert "SERVICE_TASK_START_IMPAIRED" in region.event_names("ECS Service Action")
