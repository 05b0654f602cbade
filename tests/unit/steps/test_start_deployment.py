"""Starting the native rolling deployment."""

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.examples import execution_arn
from tests.unit.stage import Stage, entered, locked, only, planned, revision
from tidegate.domain.outcome import StopSignal
from tidegate.domain.service import BeforeDeploy
from tidegate.domain.strategy import RollingSettings
from tidegate.errors import Terminal
from tidegate.steps.start_deployment import Command, run


def start(stage: Stage) -> dict:
    return run(Command(**stage.given(task_definition=revision(2))), stage.ports)


def migrated(*, ran: bool, environment_has_it: bool = True) -> Stage:
    task = BeforeDeploy("app", ("migrate",), point_of_no_return=True) if environment_has_it else None
    stage = entered(planned(manifest=only(before_deploy=task)))
    if ran:
        stage.ports.releases.mark_point_of_no_return(stage.release.id)
    return stage


def rolls_back(stage: Stage) -> bool:
    (call,) = stage.ports.services.called("deploy")
    return call.options["roll_back"]


def test_the_service_is_updated_with_the_settings_of_the_environment():
    # Given
    settings = RollingSettings(minimum_healthy_percent=50)
    stage = entered(planned(manifest=only(strategy=settings)))

    # When
    result = start(stage)

    # Then
    assert result == {"outcome": "started", "reason": "ECS deploys checkout-dev:2.", "evidence": None}
    assert stage.ports.services.deployed == [("dev", "checkout", revision(2), settings)]
    assert rolls_back(stage)


def test_a_service_that_has_the_task_definition_is_left_alone():
    # Given
    stage = entered()
    stage.change(task_definition=revision(2))

    # Then
    assert start(stage)["outcome"] == "started"
    assert not stage.ports.services.called("deploy")


@pytest.mark.parametrize("owner", [None, "other"])
def test_without_the_lock_the_service_is_not_touched(owner: str | None):
    # Given
    stage = entered()
    stage.ports.locks.held.clear()
    if owner:
        locked(stage, owner=execution_arn(owner))

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        start(stage)
    assert not stage.ports.services.called("deploy")


def test_the_lock_is_checked_directly_before_the_change():
    # Given a lock that is lost while the service is being described
    stage = entered()
    describe = stage.ports.services.describe

    def slow(*place):
        found = describe(*place)
        stage.ports.locks.held.clear()
        return found

    stage.ports.services.describe = slow

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        start(stage)
    assert not stage.ports.services.called("deploy")


def test_a_service_that_is_gone_is_an_error_at_once_and_nothing_is_waited_for():
    # Given
    stage = entered()
    stage.ports.services.described.clear()

    # Then
    with pytest.raises(Terminal, match=r"There is no active service checkout in dev\."):
        start(stage)


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_was_told_to_stop_begins_nothing(signal: StopSignal):
    # Given
    stage = entered()
    stage.stop(signal, "Enough.")

    # Then
    assert start(stage) == {"outcome": str(signal), "reason": "Enough.", "evidence": None}
    assert not stage.ports.services.called("deploy")


def test_past_the_point_of_no_return_the_release_goes_on_and_ecs_does_not_go_back():
    # Given
    stage = migrated(ran=True)
    stage.stop(StopSignal.SUPERSEDED)

    # Then
    assert start(stage)["outcome"] == "started"
    assert not rolls_back(stage)


@pytest.mark.parametrize(("ran", "has_it"), [(False, True), (True, False)])
def test_where_no_such_migration_ran_ecs_may_go_back(ran: bool, has_it: bool):
    # Given
    stage = migrated(ran=ran, environment_has_it=has_it)

    # When
    start(stage)

    # Then
    assert rolls_back(stage)


@pytest.mark.parametrize("desired", [0, 2])
def test_the_number_of_tasks_is_never_asked_for(desired: int):
    # Given
    stage = entered()
    stage.change(desired=desired, running=desired)

    # When
    start(stage)

    # Then
    (call,) = stage.ports.services.called("deploy")
    assert "desired" not in repr(call)
    assert stage.ports.services.described["dev", "checkout"].desired == desired


def test_whatever_breaks_trying_again_finishes_it():
    def make():
        stage = entered()
        return stage.ports, lambda: start(stage)

    check_repeatable(make)
