"""Waiting until a one-off task has stopped."""

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.stage import WAITER, Stage, entered, only, planned, revision
from tidegate.domain.outcome import StopSignal
from tidegate.domain.service import BeforeDeploy
from tidegate.steps import run_task
from tidegate.steps.await_task import Command, run, subject


def running(*, no_return: bool = False) -> tuple[Stage, str]:
    """A migration that runs; returns its ARN too."""
    task = BeforeDeploy("app", ("migrate",), point_of_no_return=no_return)
    stage = entered(planned(manifest=only(before_deploy=task)))
    command = {"task_definition": revision(2), "container": "app", "command": ["migrate"]}
    started = run_task.run(
        run_task.Command(**stage.given(**command, purpose=run_task.BEFORE_DEPLOY)), stage.ports
    )
    return stage, started["task"]


def wait_for(stage: Stage, task: str) -> dict:
    return run(Command(**stage.given(task=task, token="token", waiter=WAITER)), stage.ports)


def test_a_task_that_runs_is_waited_for_under_its_own_name_and_its_release():
    # Given
    stage, task = running()

    # When
    result = wait_for(stage, task)

    # Then
    assert result == {"outcome": "waiting"}
    (wait,) = stage.ports.waits.on(subject(task))
    assert (wait.token, wait.release, wait.name) == ("token", stage.release.id, WAITER)
    assert not stage.ports.machines.answers


def test_a_task_that_stopped_before_the_wait_was_stored_is_not_missed():
    # Given
    stage, task = running()
    store = stage.ports.waits.put

    def too_late(wait):
        stage.ports.tasks.finish(task, 0)
        store(wait)

    stage.ports.waits.put = too_late

    # When
    wait_for(stage, task)

    # Then
    assert stage.ports.machines.answers == {"token": {"signal": "already"}}
    assert not stage.ports.waits.stored


def test_a_task_that_ecs_does_not_know_yet_is_waited_for():
    # Given
    stage, task = running()
    stage.ports.tasks.known.clear()

    # When
    wait_for(stage, task)

    # Then the state's timeout is what ends the wait for one that never appears
    assert not stage.ports.machines.answers
    assert stage.ports.waits.stored


def test_a_release_that_was_told_to_stop_waits_no_longer():
    # Given
    stage, task = running()
    stage.stop(StopSignal.CANCELLED)

    # When
    wait_for(stage, task)

    # Then
    assert stage.ports.machines.answers == {"token": {"signal": "already"}}


def test_a_migration_past_the_point_of_no_return_is_waited_for_whoever_says_stop():
    # Given
    stage, task = running(no_return=True)
    stage.stop(StopSignal.SUPERSEDED)

    # When
    wait_for(stage, task)

    # Then
    assert not stage.ports.machines.answers


@pytest.mark.parametrize("stopped", [False, True])
def test_whatever_breaks_trying_again_finishes_it(stopped: bool):
    def make():
        stage, task = running()
        if stopped:
            stage.ports.tasks.finish(task, 0)
        return stage.ports, lambda: wait_for(stage, task)

    check_repeatable(make)
