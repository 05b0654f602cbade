"""Waiting for the soak time of an environment."""

from dataclasses import replace

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.stage import WAITER, Stage, planned
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.errors import Terminal
from tidegate.steps.await_soak import Command, run, subject
from tidegate.steps.resume import wake_release


def soak(stage: Stage, token: str = "token") -> dict:
    command = Command(root=stage.root, release=stage.release.id, token=token, waiter=WAITER)
    return run(command, stage.ports)


def test_a_release_soaks_until_the_timeout_of_its_state():
    # Given
    stage = planned()

    # When
    result = soak(stage)

    # Then
    assert result == {"outcome": "waiting"}
    (wait,) = stage.ports.waits.on(subject(stage.release.id))
    assert (wait.token, wait.release, wait.name) == ("token", stage.release.id, WAITER)
    assert (wait.expires_at - wait.created_at).days == 8
    assert not stage.ports.machines.answers


def test_a_stop_signal_reaches_a_release_that_soaks():
    # Given
    stage = planned()
    soak(stage)

    # When
    stage.stop(StopSignal.CANCELLED, "Cancelled by ada: Wrong branch.")
    wake_release(stage.ports, stage.release.id, "cancelled")
    result = soak(stage, "the next token")

    # Then
    assert stage.ports.machines.answers == {
        "token": {"signal": "cancelled"},
        "the next token": {"outcome": "cancelled", "reason": "Cancelled by ada: Wrong branch."},
    }
    assert result == {"outcome": "cancelled"}
    assert not stage.ports.waits.stored


@pytest.mark.parametrize("signal", [StopSignal.CANCELLED, StopSignal.SUPERSEDED])
def test_a_stop_signal_just_before_the_wait_is_stored_is_not_missed(signal: StopSignal):
    # Given
    stage = planned()
    store = stage.ports.waits.put

    def too_late(wait):
        stage.stop(signal)
        store(wait)

    stage.ports.waits.put = too_late

    # When
    soak(stage)

    # Then
    assert stage.ports.machines.answers == {"token": {"outcome": str(signal), "reason": "Told to stop."}}
    assert not stage.ports.waits.stored


def test_a_rollback_is_left_to_stop_the_execution_itself():
    # Given
    stage = planned()
    stage.stop(StopSignal.ROLLED_BACK)

    # Then
    assert soak(stage) == {"outcome": "waiting"}
    assert not stage.ports.machines.answers


def test_whoever_comes_after_the_end_of_the_release_leaves_no_wait_behind():
    # Given
    stage = planned()
    stored = stage.ports.releases.stored
    stored[stage.release.id] = replace(stage.now, ended_at=stage.ports.clock.now(), outcome=Outcome.SUCCEEDED)

    # When
    soak(stage)

    # Then
    assert not stage.ports.waits.stored
    assert not stage.ports.machines.answers


def test_an_unknown_release_is_an_error():
    # Given
    stage = planned()
    stage.ports.releases.stored.clear()

    # Then
    with pytest.raises(Terminal):
        soak(stage)


@pytest.mark.parametrize("stopped", [True, False])
def test_whatever_breaks_trying_again_finishes_it(stopped: bool):
    def make():
        stage = planned()
        if stopped:
            stage.stop(StopSignal.CANCELLED)
        return stage.ports, lambda: soak(stage)

    check_repeatable(make)
