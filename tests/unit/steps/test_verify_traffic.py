"""Verifying that the listener rules have the weights of the step."""

from datetime import timedelta
from typing import Any

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.canary_stage import RULES, edit, give, living, record
from tests.unit.examples import at
from tests.unit.stage import Stage
from tidegate.errors import Transient
from tidegate.steps.verify_traffic import PATIENCE, Command, run


def verify(stage: Stage) -> dict:
    return run(Command(**stage.given(entered_at=at(0))), stage.ports)


def shifted(**more: Any) -> Stage:
    """The weights of the first step were set a moment ago."""
    given = {"phase": "preparing", "decision": "advance", "shifted_at": None, "capacity_since": at(-9)}
    return living(0, **{**given, **more})


def test_from_now_on_the_traffic_of_the_step_is_judged():
    # Given
    stage = shifted()
    stage.ports.clock.advance(3)

    # When
    result = verify(stage)

    # Then
    assert result == {"outcome": "verified", "reason": "The canary has 10 % of the traffic."}
    canary = record(stage)
    assert (canary.phase, canary.decision, canary.shifted_at) == ("analysing", "none", at(3))
    assert canary.capacity_since is None


def test_verified_twice_the_first_time_counts():
    # Given
    stage = shifted()
    verify(stage)
    stage.ports.clock.advance(60)

    # When
    verify(stage)

    # Then
    assert record(stage).shifted_at == at(0)


def test_rules_that_do_not_show_the_weights_yet_are_read_again():
    # Given
    stage = shifted()
    give(stage, 0, RULES[1])

    # Then
    with pytest.raises(Transient, match=f"{RULES[1]} gives the canary 0 %, although it was set to give 10 %"):
        verify(stage)
    give(stage, 10, RULES[1])
    assert verify(stage)["outcome"] == "verified"


def test_weights_that_never_hold_end_the_canary():
    # Given
    stage = shifted()
    give(stage, 50, RULES[1])
    stage.ports.clock.advance(PATIENCE.total_seconds())

    # Then
    assert verify(stage)["outcome"] == "leaving"
    canary = record(stage)
    assert canary.decision == "fail"
    assert "gives the canary 50 %, although it was set to give 10 %" in canary.reason
    assert canary.shifted_at is None


def test_a_rule_that_is_gone_ends_the_canary():
    # Given
    stage = shifted()
    del stage.ports.listener_rules.rules[RULES[0]]
    stage.ports.clock.advance((PATIENCE + timedelta(seconds=1)).total_seconds())

    # Then
    assert verify(stage) == {"outcome": "leaving", "reason": f"Listener rule {RULES[0]} is gone."}


@pytest.mark.parametrize("given", [{"decision": "roll_back"}, {"phase": "returning"}])
def test_a_canary_that_leaves_is_not_verified(given: dict):
    # Given
    stage = shifted(**given)

    # Then
    assert verify(stage)["outcome"] == "leaving"
    assert record(stage).shifted_at is None


@pytest.mark.parametrize(
    ("given", "phase", "decision"),
    [({"decision": "roll_back"}, "preparing", "roll_back"), ({"phase": "returning"}, "returning", "advance")],
)
def test_what_is_decided_while_the_rules_are_read_stands(given: dict, phase: str, decision: str):
    # Given
    stage = shifted()
    save, late = stage.ports.canaries.save, []

    def overtaken(canary):
        if not late:
            late.append(canary)
            edit(stage, **given)
        return save(canary)

    stage.ports.canaries.save = overtaken

    # When
    verify(stage)

    # Then
    assert (record(stage).phase, record(stage).decision) == (phase, decision)


def test_whatever_breaks_trying_again_finishes_it():
    def make():
        stage = shifted()
        return stage.ports, lambda: verify(stage)

    check_repeatable(make)
