"""Waiting until the pulse has decided about a canary."""

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.canary_stage import edit, living, prepared, pulse, record
from tests.unit.stage import WAITER, Stage
from tidegate.domain.outcome import StopSignal
from tidegate.errors import Terminal
from tidegate.steps.await_verdict import Command, run
from tidegate.steps.resume import wake


def wait(stage: Stage) -> dict:
    return run(Command(**stage.given(token="mine", waiter=WAITER)), stage.ports)


def answered(stage: Stage) -> bool:
    return "mine" in stage.ports.machines.answers


def test_an_undecided_canary_is_waited_for_until_its_pulse_decides():
    # Given
    stage = living()

    # When
    result = wait(stage)

    # Then
    assert result == {"outcome": "waiting"}
    assert not answered(stage)
    assert wake(stage.ports, record(stage).subject, "promote") == 1
    assert answered(stage)


@pytest.mark.parametrize("decision", ["advance", "promote", "ask", "roll_back", "fail", "cancel"])
def test_a_decision_that_stands_already_is_not_waited_for(decision: str):
    # Given
    stage = living(decision=decision)

    # Then
    assert wait(stage) == {"outcome": "decided"}
    assert answered(stage)
    assert stage.ports.waits.stored == {}


@pytest.mark.parametrize("phase", ["returning", "withdrawn", "ended"])
def test_a_canary_that_is_being_taken_back_is_not_waited_for(phase: str):
    # Given
    stage = living(phase=phase)

    # Then
    assert wait(stage) == {"outcome": "decided"}


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_was_told_to_stop_waits_no_longer(signal: StopSignal):
    # Given
    stage = living()
    stage.stop(signal)

    # Then
    assert wait(stage) == {"outcome": "decided"}


def test_what_is_decided_while_the_token_is_stored_is_not_missed():
    # Given
    stage = living()
    put = stage.ports.waits.put

    def slow(wait_):
        edit(stage, decision="roll_back")
        put(wait_)

    stage.ports.waits.put = slow

    # Then
    assert wait(stage) == {"outcome": "decided"}
    assert answered(stage)


def test_a_pulse_whose_schedule_is_gone_is_started_again():
    # Given
    stage = living()
    stage.ports.schedules.started.clear()

    # When
    wait(stage)

    # Then
    assert stage.ports.schedules.started == {pulse(stage): {"service": "checkout", "environment": "dev"}}


def test_a_pulse_that_beats_is_left_alone():
    # Given
    stage = living()

    # When
    wait(stage)

    # Then
    assert not stage.ports.schedules.called("start")


def test_a_stop_signal_finds_the_wait_by_its_release():
    # Given
    stage = living()

    # When
    wait(stage)

    # Then
    assert [each.token for each in stage.ports.waits.of_release(stage.release.id)] == ["mine"]


def test_without_a_record_there_is_nothing_to_wait_for():
    # Given
    stage = prepared()

    # Then
    with pytest.raises(Terminal, match="has no canary"):
        wait(stage)


@pytest.mark.parametrize("decision", ["none", "promote"])
def test_whatever_breaks_trying_again_finishes_it(decision: str):
    def make():
        stage = living(decision=decision)
        stage.ports.schedules.started.clear()
        return stage.ports, lambda: wait(stage)

    check_repeatable(make)
