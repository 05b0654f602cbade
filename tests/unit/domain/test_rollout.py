"""How a native ECS deployment stands: only SUCCESSFUL is success."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tidegate.domain.rollout import assess
from tidegate.domain.workload import EcsDeployment, ServiceDeployment, ServiceState

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NEW, OLD = "td/new:2", "td/new:1"


def settled(task_definition):
    deployment = EcsDeployment("ecs-svc/1", "PRIMARY", task_definition, 2, 2, 0, 0, "COMPLETED")
    return ServiceState("arn", "checkout", "prod", "ACTIVE", task_definition, 2, 2, 0, (deployment,))


def rolling():
    new = EcsDeployment("ecs-svc/2", "PRIMARY", NEW, 2, 1, 1, 0, "IN_PROGRESS")
    old = EcsDeployment("ecs-svc/1", "ACTIVE", OLD, 2, 1, 0, 0, "COMPLETED")
    return ServiceState("arn", "checkout", "prod", "ACTIVE", NEW, 2, 2, 1, (new, old))


def ours(status, **more):
    return ServiceDeployment("sd/2", status, None, NOON, NEW, requested=2, running=1, **more)


def judged(service, *deployments, seconds=10):
    return assess(
        service,
        deployments,
        task_definition=NEW,
        since=NOON,
        now=NOON + timedelta(seconds=seconds),
        deadline=NOON + timedelta(seconds=60),
    )


def test_successful_and_settled_is_success():
    # Then
    assert judged(settled(NEW), ours("SUCCESSFUL")).outcome == "succeeded"


def test_successful_but_not_settled_waits():
    # Then
    assert judged(rolling(), ours("SUCCESSFUL")).outcome == "in_progress"


def test_successful_while_something_else_runs_is_a_failure():
    # Then
    assert judged(settled(OLD), ours("SUCCESSFUL")).outcome == "failed"


@pytest.mark.parametrize(
    ("more", "evidence"),
    [({"breaker": "TRIGGERED"}, "start"), ({"alarms": ("5xx",)}, "alarm"), ({}, None)],
    ids=["circuit breaker", "alarm", "stopped on request"],
)
def test_a_rollback_is_no_success_and_tells_its_evidence(more, evidence):
    # When
    rollout = judged(settled(OLD), ours("ROLLBACK_SUCCESSFUL", **more))

    # Then
    assert (rollout.outcome, rollout.evidence) == ("rolled_back", evidence)


@pytest.mark.parametrize("status", ["ROLLBACK_FAILED", "STOPPED"])
def test_other_endings_are_failures(status):
    # Then
    assert judged(settled(OLD), ours(status)).outcome == "failed"


@pytest.mark.parametrize(
    "status", ["PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_IN_PROGRESS", "SOMETHING_NEW"]
)
def test_what_is_under_way_or_unknown_waits_and_then_fails(status):
    # Then
    assert judged(rolling(), ours(status)).outcome == "in_progress"
    assert judged(rolling(), ours(status), seconds=60).outcome == "failed"


def test_failed_tasks_at_the_deadline_are_evidence_and_a_slow_cluster_is_none():
    # Then
    assert judged(rolling(), ours("IN_PROGRESS", failed=2), seconds=60).evidence == "health"
    assert judged(rolling(), ours("IN_PROGRESS"), seconds=60).evidence is None


def test_a_service_that_ran_it_already_needs_no_deployment():
    # Then
    assert judged(settled(NEW)).outcome == "succeeded"


def test_a_deployment_that_has_not_shown_yet_is_waited_for():
    # Then
    assert judged(settled(OLD)).outcome == "in_progress"
    assert judged(settled(OLD), seconds=60).outcome == "failed"


def test_an_older_deployment_of_the_same_task_definition_is_history():
    # Given
    before = replace(ours("ROLLBACK_SUCCESSFUL", breaker="TRIGGERED"), created_at=NOON - timedelta(hours=1))

    # Then
    assert judged(settled(OLD), before).outcome == "in_progress"


def test_a_deployment_by_somebody_else_is_noticed():
    # Given
    theirs = ServiceDeployment("sd/3", "IN_PROGRESS", None, NOON + timedelta(seconds=5), "td/their:9")

    # When
    rollout = judged(rolling(), theirs, ours("STOPPED_BY_NEWER"))

    # Then
    assert rollout.outcome == "failed"
    assert "td/their:9" in rollout.reason


def test_a_service_that_is_gone_is_a_failure():
    # Then
    assert judged(None).outcome == "failed"
