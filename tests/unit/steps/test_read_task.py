"""Judging a one-off task by its exit code."""

from dataclasses import replace

import pytest

from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.examples import at
from tests.unit.stage import Stage, entered, only, planned
from tidegate.domain.outcome import StopSignal
from tidegate.domain.service import BeforeDeploy
from tidegate.domain.workload import OneOffTask
from tidegate.errors import Terminal
from tidegate.steps.read_task import VISIBLE_AFTER, Command, run

TASK = "arn:aws:ecs:us-east-1:123456789012:task/dev/1"


def running(*, no_return: bool = False) -> Stage:
    """A migration that runs since noon."""
    task = BeforeDeploy("app", ("migrate",), point_of_no_return=no_return)
    stage = entered(planned(manifest=only(before_deploy=task)))
    stage.ports.tasks.known[TASK] = OneOffTask(TASK, stopped=False, log_streams=(("/ecs/checkout", "app/1"),))
    if no_return:
        stage.ports.releases.mark_point_of_no_return(stage.release.id)
    return stage


def read(stage: Stage, name: str = "before_deploy", timeout_seconds: int = 300) -> dict:
    more = {"started_at": at(0), "timeout_seconds": timeout_seconds, "container": "app"}
    return run(Command(**stage.given(task=TASK, name=name, **more)), stage.ports)


def test_exit_code_zero_passes():
    # Given
    stage = running()
    stage.ports.tasks.finish(TASK, 0)

    # When
    result = read(stage, "integration")

    # Then
    reason = "Task integration ended with exit code 0."
    assert (result["outcome"], result["reason"], result["evidence"]) == ("passed", reason, None)
    assert result["checks"] == [{"name": "integration", "status": "passed", "reason": reason}]


def test_while_it_runs_there_is_no_verdict():
    assert read(running())["outcome"] == "running"


@pytest.mark.parametrize(("name", "evidence"), [("before_deploy", None), ("integration", "check")])
def test_another_exit_code_fails_and_a_failed_check_speaks_against_the_image(name: str, evidence: str | None):
    # Given
    stage = running()
    stage.ports.tasks.finish(TASK, 3)
    stage.ports.logs.streams["/ecs/checkout", "app/1"] = ["Starting.", "column exists"]

    # When
    result = read(stage, name)

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", evidence)
    assert result["reason"] == f'Task {name} ended with exit code 3. Its last line: "column exists".'


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("CannotPullContainerError: denied.", "never ran: CannotPullContainerError: denied."),
        (None, "no reason"),
    ],
)
def test_a_task_that_never_ran_fails_with_the_reason_of_ecs(reason: str | None, words: str):
    # Given
    stage = running()
    stage.ports.tasks.finish(TASK, None, reason)

    # Then
    assert words in read(stage)["reason"]


def test_logs_that_cannot_be_read_do_not_hide_the_verdict():
    # Given
    stage = running()
    stage.ports.tasks.finish(TASK, 3)
    stage.ports.logs.fail("tail", Terminal("access denied"))

    # Then
    assert read(stage)["reason"] == "Task before_deploy ended with exit code 3."


def test_a_task_that_ecs_does_not_know_yet_runs_and_one_that_it_has_forgotten_has_failed():
    # Given
    stage = running()
    stage.ports.tasks.known.clear()

    # When
    young = read(stage)
    stage.ports.clock.advance(VISIBLE_AFTER.total_seconds())
    old = read(stage)

    # Then
    assert young["outcome"] == "running"
    assert old["outcome"] == "failed"
    assert "does not know it any more" in old["reason"]


def test_a_task_that_takes_too_long_is_stopped_and_has_failed():
    # Given
    stage = running()
    stage.ports.clock.advance(300)

    # When
    result = read(stage)

    # Then
    assert result["outcome"] == "failed"
    assert "longer than 300 s" in result["reason"]
    assert stage.ports.tasks.known[TASK].stopped


def test_a_task_that_passed_late_has_passed():
    # Given
    stage = running()
    stage.ports.clock.advance(3000)
    stage.ports.tasks.finish(TASK, 0)

    # Then
    assert read(stage)["outcome"] == "passed"


def test_a_stop_signal_stops_the_task():
    # Given
    stage = running()
    stage.stop(StopSignal.CANCELLED, "Wrong branch.")

    # When
    result = read(stage, "integration")

    # Then
    assert result["outcome"] == "failed"
    assert "Wrong branch." in result["reason"]
    assert stage.ports.tasks.known[TASK].reason == "Wrong branch."


def test_a_migration_past_the_point_of_no_return_is_not_cut_off_half_way():
    # Given
    stage = running(no_return=True)
    stage.stop(StopSignal.SUPERSEDED)

    # Then
    assert read(stage)["outcome"] == "running"
    assert not stage.ports.tasks.known[TASK].stopped


@pytest.mark.parametrize("case", ["running", "passed", "failed"])
def test_whatever_breaks_trying_again_finishes_it(case: str):
    def make():
        stage = running()
        if case != "running":
            stage.ports.tasks.finish(TASK, 0 if case == "passed" else 1)
        return stage.ports, lambda: read(stage)

    check_repeatable(make, forgiven=FORGIVEN | {("logs", "tail")})


def test_a_task_whose_stopping_broke_has_failed_all_the_same():
    # Given a task that takes too long, and an answer of ECS that was lost
    stage = running()
    stage.ports.clock.advance(300)
    read(stage)
    stage.ports.tasks.known[TASK] = replace(stage.ports.tasks.known[TASK], exit_code=137)

    # Then
    assert read(stage)["outcome"] == "failed"
