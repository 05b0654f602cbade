"""Running a one-off task: a migration, or an integration check."""

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.examples import execution_arn
from tests.unit.stage import Stage, entered, locked, only, planned, revision
from tidegate.domain.outcome import Outcome
from tidegate.domain.service import BeforeDeploy, TaskCheck
from tidegate.errors import Terminal
from tidegate.steps.run_task import BEFORE_DEPLOY, Command, run


def start(stage: Stage, purpose: str = BEFORE_DEPLOY) -> dict:
    task = {"task_definition": revision(2), "container": "app", "command": [], "purpose": purpose}
    return run(Command(**stage.given(**task)), stage.ports)


def migrating(*, point_of_no_return: bool = False) -> Stage:
    task = BeforeDeploy("app", ("migrate",), point_of_no_return=point_of_no_return)
    checks = tuple(TaskCheck(name, "app", (name, "--all")) for name in ("integration", "x"))
    return entered(planned(manifest=only(before_deploy=task, checks=checks)))


def test_the_task_runs_from_the_new_task_definition_where_the_service_runs():
    # Given
    stage = migrating()

    # When
    result = start(stage)

    # Then
    assert result["outcome"] == "started"
    (call,) = stage.ports.tasks.called("run")
    assert call.arguments[1:] == ("dev", "checkout", revision(2), "app", ["migrate"])
    assert result["task"] in stage.ports.tasks.known


@pytest.mark.parametrize("purpose", ["check/integration", "test/integration"])
def test_a_check_runs_with_the_command_of_the_manifest(purpose: str):
    # Given
    stage = migrating()

    # When
    start(stage, purpose)

    # Then
    (call,) = stage.ports.tasks.called("run")
    assert call.arguments[-1] == ["integration", "--all"]


def test_what_the_manifest_does_not_have_is_not_run():
    # Given
    stage = migrating()

    # Then
    with pytest.raises(Terminal, match="checkout has no task check/unknown in dev"):
        start(stage, "check/unknown")
    assert not stage.ports.tasks.runs


def test_an_execution_of_an_older_version_says_the_command_itself():
    # Given
    stage = migrating()
    task = {"task_definition": revision(2), "container": "app", "command": ["old"], "purpose": BEFORE_DEPLOY}

    # When
    run(Command(**stage.given(**task)), stage.ports)

    # Then
    (call,) = stage.ports.tasks.called("run")
    assert call.arguments[-1] == ["old"]


def test_asked_twice_it_runs_once():
    # Given
    stage = migrating()

    # When
    first, second = start(stage), start(stage)

    # Then
    assert first == second
    assert len(stage.ports.tasks.runs) == 1


def test_another_purpose_and_another_attempt_are_other_tasks():
    # Given
    stage = migrating()
    start(stage)

    # When
    start(stage, "check/integration")
    stage.ports.releases.end(stage.release.id, Outcome.FAILED, "", at=stage.ports.clock.at, environment=None)
    stage.root = execution_arn(f"{stage.release.id}-a2")
    stage.ports.releases.start_attempt(stage.release.id, 2, stage.root)
    stage.ports.locks.held.clear()
    start(locked(stage))

    # Then
    assert len(stage.ports.tasks.runs) == 3


@pytest.mark.parametrize("owner", [None, "other"])
def test_without_the_lock_no_task_is_started(owner: str | None):
    # Given
    stage = migrating(point_of_no_return=True)
    stage.ports.locks.held.clear()
    if owner:
        locked(stage, owner=execution_arn(owner))

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        start(stage)
    assert not stage.ports.tasks.runs
    assert not stage.now.point_of_no_return


def test_a_point_of_no_return_is_marked_before_the_task_starts():
    # Given
    stage = migrating(point_of_no_return=True)
    stage.ports.tasks.fail("run", Terminal("no capacity"))

    # When
    with pytest.raises(Terminal):
        start(stage)

    # Then
    assert stage.now.point_of_no_return


@pytest.mark.parametrize(
    ("marked", "purpose"), [(False, BEFORE_DEPLOY), (True, "check/integration"), (False, "check/x")]
)
def test_other_tasks_mark_nothing(marked: bool, purpose: str):
    # Given
    stage = migrating(point_of_no_return=marked)

    # When
    start(stage, purpose)

    # Then
    assert not stage.now.point_of_no_return


@pytest.mark.parametrize("marked", [False, True])
def test_whatever_breaks_trying_again_finishes_it(marked: bool):
    def make():
        stage = migrating(point_of_no_return=marked)
        return stage.ports, lambda: start(stage)

    check_repeatable(make)
