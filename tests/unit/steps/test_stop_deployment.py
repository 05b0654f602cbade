"""Telling ECS to take a deployment back."""

import pytest

from tests.unit.blue_green_stage import baking, becomes, command, newest, opened, paused
from tests.unit.breaking import check_repeatable
from tests.unit.stage import Stage
from tidegate.errors import Terminal
from tidegate.steps.stop_deployment import Command, run


def stop(stage: Stage) -> dict:
    return run(Command(**command(stage)), stage.ports)


@pytest.mark.parametrize("stand", [paused, baking])
def test_a_deployment_under_way_is_stopped(stand):
    # Given
    stage = stand()

    # When
    result = stop(stage)

    # Then
    assert result["outcome"] == "stopped"
    assert newest(stage).status == "STOP_REQUESTED"


@pytest.mark.parametrize(
    "status", ["STOP_REQUESTED", "ROLLBACK_IN_PROGRESS", "SUCCESSFUL", "ROLLBACK_FAILED"]
)
def test_one_that_goes_back_already_or_has_ended_is_left_alone(status: str):
    # Given
    stage = baking()
    becomes(stage, status=status)

    # When
    stop(stage)

    # Then
    assert not stage.ports.services.called("stop")


def test_where_nothing_was_deployed_there_is_nothing_to_stop():
    # Given
    stage = opened()

    # Then
    assert stop(stage)["outcome"] == "stopped"
    assert not stage.ports.services.called("stop")


def test_without_the_lock_nothing_is_stopped():
    # Given
    stage = baking()
    stage.ports.locks.held.clear()

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        stop(stage)
    assert newest(stage).status == "IN_PROGRESS"


def test_stopping_can_be_tried_again_after_every_failure():
    def make():
        stage = baking()
        return stage.ports, lambda: stop(stage)

    check_repeatable(make)
