"""Following what was decided about a canary."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.canary_stage import (
    CANARY,
    OTHER,
    RULES,
    STABLE,
    edit,
    give,
    living,
    loses_lock_before,
    opened,
    prepared,
    record,
    settings,
    share,
)
from tests.unit.stage import Stage
from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.asking import approval_id
from tidegate.domain.outcome import StopSignal
from tidegate.domain.service import ApprovalRule
from tidegate.domain.traffic import ListenerRule
from tidegate.errors import Terminal, Transient
from tidegate.steps.approving import MOST_REQUESTS
from tidegate.steps.canaries import SILENCE
from tidegate.steps.shift_traffic import Command, run


def shift(stage: Stage) -> dict:
    return run(Command(**stage.given()), stage.ports)


def ready(step: int = -1, stage: Stage | None = None, **more: Any) -> Stage:
    """The pulse has decided that the next step may begin."""
    return living(step, stage, **{"phase": "preparing", "decision": "advance", **more})


def leaves(stage: Stage) -> str:
    """The sentence with which the canary is to be taken back; its weights stay what they were."""
    before = share(stage)
    result = shift(stage)
    assert (result["outcome"], result["evidence"]) == ("leaving", None)
    assert record(stage).decision == "fail"
    assert share(stage) == before
    return result["reason"]


def test_every_rule_gets_the_weights_of_the_first_step():
    # Given
    stage = ready()

    # When
    result = shift(stage)

    # Then
    assert result["outcome"] == "shifted"
    assert result["reason"] == "The canary has 10 % of the traffic."
    assert [rule.weights for rule in stage.ports.listener_rules.rules.values()] == [
        {STABLE: 900, CANARY: 100},
        {STABLE: 900, CANARY: 100},
    ]


def test_the_record_says_the_step_and_that_it_is_yet_to_be_verified():
    # Given
    stage = ready(0, stage=prepared(settings(1, 5, 50)))

    # When
    shift(stage)

    # Then
    canary = record(stage)
    assert (canary.step, canary.weight, canary.shifted_at) == (1, 5, None)
    assert (canary.decision, canary.phase) == ("advance", "preparing")


def test_a_step_is_taken_once_however_often_it_is_asked_for():
    # Given
    stage = ready()

    # When
    results = [shift(stage) for _ in range(3)]

    # Then
    assert {result["outcome"] for result in results} == {"shifted"}
    assert record(stage).step == 0
    assert share(stage) == [10.0, 10.0]


def test_a_try_that_broke_off_between_two_rules_is_finished():
    # Given
    stage = ready(0)
    give(stage, 50, RULES[0])

    # Then
    assert shift(stage)["outcome"] == "shifted"
    assert share(stage) == [50.0, 50.0]
    assert len(stage.ports.listener_rules.called("set_weights")) == 1


def test_every_step_is_written_into_the_journal_once():
    # Given
    stage = ready()

    # When
    shift(stage)
    shift(stage)

    # Then
    entries = [each for each in stage.ports.journal.entries(stage.release.id) if "canary" in each["kind"]]
    assert [(each["kind"], each["entry"]) for each in entries] == [
        ("canary.shifted", {"environment": "dev", "step": 0, "weight": 10})
    ]


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ({STABLE: 700, CANARY: 300}, "it gives the canary 30 %, not 10 %"),
        ({STABLE: 100, CANARY: 0}, "it gives the canary 0 %, not 10 %"),
        ({STABLE: 100}, "forward to other target groups"),
        ({STABLE: 800, CANARY: 100, OTHER: 100}, "forward to other target groups"),
    ],
)
def test_a_rule_that_somebody_else_has_changed_stops_the_canary(weights: dict, sentence: str):
    # Given
    stage = ready(0)
    stage.ports.listener_rules.rules[RULES[1]] = ListenerRule(RULES[1], weights)

    # Then
    reason = leaves(stage)
    assert RULES[1] in reason
    assert sentence in reason


def test_what_was_judged_on_a_share_that_somebody_else_gave_is_not_promoted():
    # Given
    stage = living(1, decision="promote", reason="No harm.")
    give(stage, 95, RULES[0])

    # Then
    assert "it gives the canary 95 %, not 50 %" in leaves(stage)
    assert record(stage).phase == "analysing"


def test_a_rule_that_is_gone_stops_the_canary():
    # Given
    stage = ready(0)
    del stage.ports.listener_rules.rules[RULES[0]]

    # Then
    assert leaves(stage) == f"Listener rule {RULES[0]} is gone."


def test_an_undecided_canary_is_waited_for():
    assert shift(living())["outcome"] == "waiting"


def test_a_canary_whose_pulse_is_silent_is_taken_back():
    # Given
    stage = living()
    stage.ports.clock.advance(SILENCE.total_seconds())

    # Then
    assert "its pulse is silent" in leaves(stage)


def test_a_pulse_that_never_beat_is_silent_since_the_canary_was_opened():
    # Given
    stage = opened()
    stage.ports.clock.advance(SILENCE.total_seconds())

    # Then
    assert "its pulse is silent" in leaves(stage)


def test_a_decision_that_stands_needs_no_pulse():
    # Given
    stage = ready()
    stage.ports.clock.advance(2 * SILENCE.total_seconds())

    # Then
    assert shift(stage)["outcome"] == "shifted"


def test_a_pulse_that_decides_at_the_last_moment_was_not_silent():
    # Given
    stage = living()
    stage.ports.clock.advance(SILENCE.total_seconds())
    save, late = stage.ports.canaries.save, []

    def overtaken(canary):
        if not late:
            late.append(canary)
            edit(stage, decision="roll_back", reason="Worse.", evidence="judge")
        return save(canary)

    stage.ports.canaries.save = overtaken

    # Then
    result = shift(stage)
    assert (result["outcome"], result["reason"], result["evidence"]) == ("leaving", "Worse.", "judge")


@pytest.mark.parametrize("decision", ["roll_back", "fail", "cancel"])
def test_a_canary_that_is_to_leave_gets_no_more_traffic(decision: str):
    # Given
    stage = living(decision=decision, reason="Why.", evidence="alarm")

    # Then
    assert shift(stage) == {"outcome": "leaving", "reason": "Why.", "evidence": "alarm"}
    assert not stage.ports.listener_rules.called("set_weights")


@pytest.mark.parametrize("phase", ["returning", "withdrawn", "ended"])
def test_a_canary_that_is_being_taken_back_gets_no_more_traffic(phase: str):
    # Given
    stage = ready(0, phase=phase)

    # Then
    assert shift(stage)["outcome"] == "leaving"
    assert not stage.ports.listener_rules.called("set_weights")


@pytest.mark.parametrize("decision", ["none", "advance", "promote", "ask"])
@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_was_told_to_stop_takes_its_canary_back(signal: StopSignal, decision: str):
    # Given
    stage = living(decision=decision)
    stage.stop(signal, "Enough.")

    # Then
    result = shift(stage)
    assert (result["outcome"], result["reason"]) == ("leaving", "Enough.")
    assert record(stage).decision == "cancel"


def test_a_canary_that_has_proved_itself_is_promoted():
    # Given
    stage = living(1, decision="promote", reason="No harm.")

    # Then
    for _ in range(2):
        assert shift(stage) == {"outcome": "promote", "reason": "No harm.", "evidence": None}
        assert record(stage).phase == "promoting"
    assert share(stage) == [50.0, 50.0]


def test_a_canary_that_is_overtaken_while_it_is_promoted_leaves():
    # Given
    stage = living(1, decision="promote")
    save, late = stage.ports.canaries.save, []

    def overtaken(canary):
        if not late:
            late.append(canary)
            edit(stage, decision="roll_back", evidence="alarm")
        return save(canary)

    stage.ports.canaries.save = overtaken

    # Then
    assert shift(stage)["outcome"] == "leaving"
    assert record(stage).phase == "analysing"


def test_an_inconclusive_canary_is_asked_about_apart_from_other_questions():
    # Given
    rule = ApprovalRule(approvers=("ops@example.com",), expires_after_seconds=900)
    stage = living(1, prepared(approval=rule), decision="ask", phase="asking", reason="No data.")

    # Then
    result = shift(stage)
    assert result["outcome"] == "ask"
    assert (result["round"], result["expires_after_seconds"]) == (101, 900)
    assert result["subject"] == record(stage).subject


def test_without_a_rule_nobody_is_waited_for():
    result = shift(living(decision="ask"))

    # Then whoever asks has the time to say so
    assert (result["expires_after_seconds"], result["wait_seconds"]) == (0, 60)


def test_who_is_asked_about_a_canary_is_waited_for_until_the_reminder_and_then_until_the_end():
    # Given nobody has been asked yet
    rule = ApprovalRule(approvers=("ops@example.com",), expires_after_seconds=900)
    stage = living(1, prepared(approval=rule), decision="ask")
    assert shift(stage)["wait_seconds"] == 676

    # When they are asked, and time goes by
    name = approval_id(stage.release.id, "dev", 1, 101, 0)
    asked = Approval(
        id=name,
        release=stage.release.id,
        service="checkout",
        environment="dev",
        digests=stage.release.digests,
        from_task_definition=None,
        from_images={},
        requested_at=stage.ports.clock.now(),
        expires_at=stage.ports.clock.now() + timedelta(seconds=900),
        requested_by=None,
        asked=("ops@example.com",),
    )
    stage.ports.approvals.create(asked, {})
    stage.ports.clock.advance(700)

    # Then
    assert shift(stage)["wait_seconds"] == 202

    # When the question became void too often, which who asks will say
    stage.ports.approvals.decide(name, ApprovalStatus.VOID, by=None, comment=None, at=stage.ports.clock.now())
    for again in range(1, MOST_REQUESTS):
        void = replace(
            asked, id=approval_id(stage.release.id, "dev", 1, 101, again), status=ApprovalStatus.VOID
        )
        stage.ports.approvals.create(void, {})
    assert shift(stage)["wait_seconds"] == 676


def test_who_is_taken_back_while_the_weights_are_set_gets_them_back_whoever_has_the_lock():
    # Given
    stage = ready(0)
    set_weights = stage.ports.listener_rules.set_weights

    def slow(*arguments):
        set_weights(*arguments)
        edit(stage, phase="withdrawn", weight=0.0)

    setattr(stage.ports.listener_rules, "set_weights", slow)  # noqa: B010 - a method of a fake

    # When
    result = shift(stage)

    # Then
    assert result["outcome"] == "leaving"
    assert share(stage) == [0.0, 0.0]
    assert record(stage).weight == 0.0


def test_a_decision_that_comes_while_the_weights_are_set_stands():
    # Given
    stage = ready(0)
    set_weights = stage.ports.listener_rules.set_weights

    def slow(*arguments):
        set_weights(*arguments)
        edit(stage, decision="roll_back", reason="Worse.", evidence="judge")

    setattr(stage.ports.listener_rules, "set_weights", slow)  # noqa: B010 - a method of a fake

    # Then
    result = shift(stage)
    assert (result["outcome"], result["evidence"]) == ("leaving", "judge")
    assert record(stage).weight == 50


def test_the_lock_is_checked_directly_before_every_rule():
    # Given
    stage = ready(0)
    loses_lock_before(stage, "listener_rules", "set_weights")

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        shift(stage)
    assert share(stage) == [50.0, 10.0]
    assert record(stage).step == 0


def test_a_record_that_others_change_all_the_time_is_left_for_another_try():
    # Given
    stage = ready(0)
    stage.ports.canaries.save = lambda canary: None

    # Then
    with pytest.raises(Transient, match="being changed all the time"):
        shift(stage)


def test_a_record_whose_place_another_one_took_is_not_changed():
    # Given
    stage = ready(0)

    def replaced(canary):
        edit(stage, id="another")

    stage.ports.canaries.save = replaced

    # Then
    with pytest.raises(Terminal, match="no longer the newest"):
        shift(stage)


@pytest.mark.parametrize("decision", ["none", "advance", "promote", "ask", "roll_back"])
def test_whatever_breaks_trying_again_finishes_it(decision: str):
    def make():
        stage = living(0, decision=decision)
        return stage.ports, lambda: shift(stage)

    check_repeatable(make)


def test_whatever_breaks_when_it_is_cancelled_trying_again_finishes_it():
    def make():
        stage = living(0)
        stage.stop(StopSignal.CANCELLED)
        return stage.ports, lambda: shift(stage)

    check_repeatable(make)
