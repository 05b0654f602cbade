"""Taking a canary back, whatever ended it, and saying what it came to."""

from typing import Any

import pytest

from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.canary_stage import (
    CANARY,
    OTHER,
    RULES,
    STABLE,
    UNSTORED,
    assert_at_rest,
    living,
    prepared,
    record,
    settle,
    share,
    wanted,
)
from tests.unit.stage import Stage
from tidegate.domain.outcome import StopSignal
from tidegate.domain.traffic import ListenerRule
from tidegate.errors import Terminal, Transient
from tidegate.steps.withdraw_canary import Command, run

BROKE = {"outcome": "failed", "reason": "Shift traffic broke: Terminal no.", "evidence": None}
LEAVING = {"outcome": "leaving", "reason": "", "evidence": None}


def withdraw(stage: Stage, cause: dict[str, Any] | None = None, **more: Any) -> dict:
    return run(Command(**stage.given(cause=LEAVING if cause is None else cause, **more)), stage.ports)


def both(stage: Stage, cause: dict[str, Any] | None = None) -> dict:
    """What the machine does: one state after the other, each with the result of the one before."""
    first = withdraw(stage, cause)
    settle(stage)
    return withdraw(stage, first, settled=True)


def test_the_weight_goes_first_and_the_tasks_only_when_the_weight_was_read():
    # Given
    stage = living(1, decision="roll_back")

    # When
    withdraw(stage)

    # Then
    assert (share(stage), wanted(stage)) == ([0.0, 0.0], 2)
    assert record(stage).phase == "returning"

    # When
    settle(stage)
    withdraw(stage, settled=True)

    # Then
    assert_at_rest(stage)
    assert record(stage).phase == "withdrawn"


@pytest.mark.parametrize("evidence", ["judge", "alarm", "health", None])
def test_a_canary_that_was_judged_bad_is_rolled_back_with_the_evidence(evidence: str | None):
    # Given
    stage = living(decision="roll_back", reason="Worse than stable.", evidence=evidence)

    # When
    result = both(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("rolled_back", evidence)
    assert result["reason"].startswith("Worse than stable. Evidence: s3://")
    assert record(stage).evidence_at in result["reason"]


def test_what_fails_without_evidence_is_a_failure():
    # Given
    stage = living(decision="fail", reason="Somebody has changed the rule.")

    # Then
    assert both(stage)["outcome"] == "failed"


def test_a_promoted_canary_has_succeeded():
    # Given
    stage = living(1, phase="promoting", decision="promote", reason="No harm.")

    # When
    result = both(stage, {"outcome": "succeeded", "reason": "SUCCESSFUL", "evidence": None})

    # Then
    assert (result["outcome"], result["evidence"]) == ("succeeded", None)
    assert record(stage).promoted
    assert_at_rest(stage)


def test_success_counts_only_after_a_promotion():
    # Given
    stage = living(1)

    # Then
    assert both(stage, {"outcome": "succeeded", "reason": "", "evidence": None})["outcome"] == "failed"
    assert not record(stage).promoted


@pytest.mark.parametrize("evidence", ["start", "alarm", None])
def test_a_promotion_that_ecs_took_back_is_a_roll_back(evidence: str | None):
    # Given
    stage = living(1, phase="promoting", decision="promote", reason="No harm.")
    cause = {"outcome": "rolled_back", "reason": "ECS rolled it back.", "evidence": evidence}

    # When
    result = both(stage, cause)

    # Then
    assert (result["outcome"], result["evidence"]) == ("rolled_back", evidence)
    assert "The promotion failed: ECS rolled it back." in result["reason"]
    assert_at_rest(stage)


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_was_told_to_stop_ends_as_it_was_told(signal: StopSignal):
    # Given
    stage = living(1, phase="promoting", decision="promote")
    stage.stop(signal, "Enough.")

    # When
    result = both(stage, {"outcome": str(signal), "reason": "Enough.", "evidence": None})

    # Then
    assert result["outcome"] == str(signal)
    assert record(stage).decision == "cancel"


def test_a_decision_to_cancel_without_a_signal_is_a_cancellation():
    assert both(living(decision="cancel"))["outcome"] == "cancelled"


@pytest.mark.parametrize("step", [-1, 0, 1])
def test_machinery_that_breaks_is_a_failure_and_leaves_nothing_behind(step: int):
    # Given
    stage = living(step)

    # When
    result = both(stage, BROKE)

    # Then
    assert result["outcome"] == "failed"
    assert result["reason"].startswith("Shift traffic broke: Terminal no.")
    assert_at_rest(stage)


def test_what_was_decided_first_stands_whatever_broke_after_it():
    # Given
    stage = living(decision="roll_back", reason="Worse.", evidence="judge")

    # Then
    result = both(stage, BROKE)
    assert (result["outcome"], result["evidence"]) == ("rolled_back", "judge")


def test_without_a_canary_the_cause_is_the_outcome():
    # Given
    stage = prepared()
    cause = {"outcome": "succeeded", "reason": "ECS reports the deployment as SUCCESSFUL.", "evidence": None}

    # Then
    assert both(stage, cause) == cause
    assert withdraw(stage, {}) == {"outcome": "failed", "reason": "", "evidence": None}


def test_a_rule_that_others_have_taken_is_said_and_ends_nothing_otherwise_than_it_would():
    # Given
    stage = living(decision="roll_back", reason="Worse.", evidence="judge")
    stage.ports.listener_rules.rules[RULES[1]] = ListenerRule(RULES[1], {STABLE: 40, CANARY: 40, OTHER: 20})

    # When
    result = both(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("rolled_back", "judge")
    assert f"{RULES[1]} forward to other target groups" in result["reason"]
    assert wanted(stage) == 2


def test_it_is_written_into_the_journal_what_became_of_it():
    # Given
    stage = living(decision="roll_back", reason="Worse.")

    # When
    both(stage)

    # Then
    kinds = [each["kind"] for each in stage.ports.journal.entries(stage.release.id)]
    assert kinds == ["canary.withdrawn"]


def test_weights_that_were_set_again_have_their_time_before_the_tasks_go():
    # Given
    stage = living(decision="roll_back")
    withdraw(stage)

    # Then
    with pytest.raises(Transient, match="changed only a moment ago"):
        withdraw(stage, settled=True)
    assert wanted(stage) == 2
    assert withdraw(stage)["outcome"] == "rolled_back"


def test_the_lock_must_be_ours():
    # Given
    stage = living(decision="roll_back")
    stage.ports.locks.held.clear()

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        withdraw(stage)
    assert share(stage) == [10.0, 10.0]


def test_whatever_breaks_trying_again_finishes_it():
    cause = {"outcome": "succeeded", "reason": ""}

    def make():
        stage = living(1, phase="promoting", decision="promote")
        return stage.ports, lambda: both(stage, cause)

    check_repeatable(make, forgiven=FORGIVEN | UNSTORED)
