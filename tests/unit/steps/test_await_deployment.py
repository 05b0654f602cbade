"""Waiting until a deployment of ECS has come to something."""

import pytest

from tests.unit import blue_green_stage
from tests.unit.breaking import check_repeatable
from tests.unit.examples import at
from tests.unit.stage import WAITER, Stage, deploying, entered, planned, revision
from tidegate.domain.outcome import StopSignal
from tidegate.steps.await_deployment import Command, run, subject

SERVICE = "arn:aws:ecs:us-east-1:123456789012:service/dev/checkout"


def wait_for(stage: Stage, number: int = 2, **more) -> dict:
    given = stage.given(task_definition=revision(number), started_at=at(0), token="token", waiter=WAITER)
    return run(Command(**{**given, **more}), stage.ports)


def answered(stage: Stage) -> bool:
    assert stage.ports.machines.answers in ({}, {"token": {"signal": "already"}})
    return bool(stage.ports.machines.answers)


def test_a_deployment_under_way_is_waited_for_under_its_service():
    # Given
    stage = deploying()

    # When
    result = wait_for(stage)

    # Then
    assert result == {"outcome": "waiting"}
    (wait,) = stage.ports.waits.on(subject(SERVICE))
    assert (wait.token, wait.release, wait.name) == ("token", stage.release.id, WAITER)
    assert not answered(stage)


@pytest.mark.parametrize("status", ["SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "STOPPED"])
def test_a_deployment_that_ends_before_the_wait_is_stored_is_not_missed(status: str):
    # Given
    stage = deploying()
    store = stage.ports.waits.put

    def too_late(wait):
        stage.ports.services.finish("dev", "checkout", status)
        store(wait)

    stage.ports.waits.put = too_late

    # When
    wait_for(stage)

    # Then
    assert answered(stage)
    assert not stage.ports.waits.stored


def test_a_stop_signal_that_comes_before_the_wait_is_stored_is_not_missed():
    # Given
    stage = deploying()
    store = stage.ports.waits.put

    def too_late(wait):
        stage.stop(StopSignal.CANCELLED)
        store(wait)

    stage.ports.waits.put = too_late

    # When
    wait_for(stage)

    # Then
    assert answered(stage)


def test_a_service_that_is_gone_is_not_waited_for():
    # Given
    stage = deploying()
    stage.ports.services.described.clear()

    # When
    wait_for(stage)

    # Then
    assert answered(stage)
    assert not stage.ports.waits.stored


def test_a_deployment_whose_time_is_over_is_not_waited_for():
    # Given
    stage = deploying()
    stage.ports.clock.advance(1800)

    # When
    wait_for(stage)

    # Then
    assert answered(stage)


def restoring(stage: Stage, **more) -> dict:
    return wait_for(stage, 1, restoring=True, **more)


def test_a_restore_is_waited_for_whoever_says_stop():
    # Given ECS takes the new version back
    stage = deploying()
    stage.stop(StopSignal.CANCELLED)
    stage.remember(status="ROLLBACK_IN_PROGRESS", created_at=at(5), task_definition=revision(2))

    # When
    restoring(stage)

    # Then
    assert not answered(stage)


def test_a_restore_that_waited_long_for_its_lock_is_still_waited_for():
    # Given a lock that came an hour after the restore had begun
    stage = planned()
    stage.ports.clock.advance(3600)
    stage = deploying(entered(stage))
    stage.remember(status="IN_PROGRESS", created_at=at(3610), task_definition=revision(1))
    stage.change(task_definition=revision(1))

    # When
    restoring(stage)

    # Then
    assert not answered(stage)


@pytest.mark.parametrize("status", ["ROLLBACK_SUCCESSFUL", "STOPPED", "ROLLBACK_FAILED"])
def test_a_restore_goes_on_when_ecs_has_done_what_it_does(status: str):
    # Given
    stage = deploying()
    stage.ports.services.finish("dev", "checkout", status)

    # When
    restoring(stage)

    # Then
    assert answered(stage)


@pytest.mark.parametrize("case", ["under_way", "done", "gone", "restoring"])
def test_whatever_breaks_trying_again_finishes_it(case: str):
    def make():
        stage = deploying()
        if case == "done":
            stage.ports.services.finish("dev", "checkout")
        if case == "gone":
            stage.ports.services.described.clear()
        return stage.ports, lambda: restoring(stage) if case == "restoring" else wait_for(stage)

    check_repeatable(make)


def test_a_pause_of_a_blue_green_deployment_ends_the_wait():
    # Given
    stage = blue_green_stage.paused()

    # When
    wait_for(stage)

    # Then
    assert answered(stage)


@pytest.mark.parametrize("status", ["STOP_REQUESTED", "ROLLBACK_IN_PROGRESS"])
def test_a_blue_green_deployment_that_was_told_to_stop_is_waited_for_until_it_is_back(status: str):
    # Given
    stage = blue_green_stage.baking()
    stage.stop(StopSignal.CANCELLED)
    blue_green_stage.becomes(stage, status=status)

    # When
    wait_for(stage)

    # Then
    assert not answered(stage)


def test_a_blue_green_deployment_that_must_be_told_to_go_back_ends_the_wait():
    # Given
    stage = blue_green_stage.baking()
    blue_green_stage.edit(stage, decision="roll_back", reason="It is bad.", evidence="judge")

    # When
    wait_for(stage)

    # Then
    assert answered(stage)
