"""Answering the pause of a blue/green deployment."""

import pytest

from tests.unit.blue_green_stage import (
    HOOK,
    ONE,
    PRODUCTION,
    TWO,
    becomes,
    command,
    edit,
    give,
    newest,
    paused,
    prepared,
    record,
    settings,
)
from tests.unit.breaking import check_repeatable
from tests.unit.stage import Stage
from tidegate.domain.outcome import StopSignal
from tidegate.domain.strategy import DeploymentAlarms
from tidegate.domain.workload import DeploymentHook
from tidegate.errors import Terminal, Transient
from tidegate.steps.continue_deployment import Command, run

FAILED = {"outcome": "failed", "reason": "smoke: GET / gave 500.", "evidence": "check"}


def answer(stage: Stage, **given: object) -> dict:
    told = {"outcome": "passed", "reason": "1 HTTP checks passed.", "evidence": None, **given}
    return run(Command(**command(stage, **told)), stage.ports)


def test_green_that_passed_gets_the_traffic_and_is_judged_from_then_on():
    # Given
    stage = paused()

    # When
    result = answer(stage)

    # Then
    assert result["outcome"] == "continued"
    assert stage.ports.services.continued == [(newest(stage).arn, HOOK, True)]
    found = record(stage)
    assert (found.phase, found.weight, found.shifted_at) == ("analysing", 100.0, stage.ports.clock.at)
    assert found.decision == "none"


def test_green_that_failed_is_given_back_explicitly_with_its_evidence():
    # Given
    stage = paused()

    # When
    result = answer(stage, **FAILED)

    # Then
    assert result == {"outcome": "returned", "reason": FAILED["reason"]}
    assert stage.ports.services.continued == [(newest(stage).arn, HOOK, False)]
    found = record(stage)
    assert (found.decision, found.evidence, found.shifted_at) == ("roll_back", "check", None)


def test_a_stop_signal_counts_for_more_than_the_checks():
    # Given
    stage = paused()
    stage.stop(StopSignal.CANCELLED, "Not today.")

    # When
    result = answer(stage, **FAILED)

    # Then
    assert (result["outcome"], result["reason"]) == ("returned", "Not today.")
    assert (record(stage).decision, record(stage).evidence) == ("cancel", None)
    assert stage.ports.services.continued == [(newest(stage).arn, HOOK, False)]


def test_an_alarm_that_went_off_meanwhile_keeps_green_from_the_traffic():
    # Given
    stage = paused(prepared(settings(alarms=DeploymentAlarms(("errors",)))))
    stage.ports.alarms.known["errors"] = "ALARM"

    # When
    result = answer(stage)

    # Then
    assert (result["outcome"], record(stage).decision, record(stage).evidence) == ("returned", "fail", None)
    assert "Alarm errors is in ALARM before the switch." in result["reason"]


def test_an_alarm_that_the_manifest_accepts_does_not():
    # Given
    alarms = DeploymentAlarms(("errors",), when_already_in_alarm="accept")
    stage = paused(prepared(settings(alarms=alarms)))
    stage.ports.alarms.known["errors"] = "ALARM"

    # Then
    assert answer(stage)["outcome"] == "continued"


@pytest.mark.parametrize("weights", [{ONE: 80, TWO: 20}, {ONE: 0, TWO: 100}])
def test_a_foreign_change_of_the_rule_stops_the_deployment(weights: dict):
    # Given
    stage = paused()
    stage.ports.listener_rules.add(PRODUCTION, weights)

    # When
    result = answer(stage)

    # Then
    assert (result["outcome"], record(stage).decision) == ("returned", "fail")
    assert "Somebody else has changed listener rule" in result["reason"]
    assert stage.ports.services.continued == [(newest(stage).arn, HOOK, False)]


def test_a_decision_that_stands_is_followed():
    # Given
    stage = paused()
    edit(stage, decision="roll_back", reason="An alarm.", evidence="alarm")

    # Then
    assert answer(stage) == {"outcome": "returned", "reason": "An alarm."}


def test_an_answer_that_comes_too_late_changes_nothing():
    # Given
    stage = paused()
    becomes(stage, status="ROLLBACK_IN_PROGRESS", hooks=(DeploymentHook(HOOK, "TIMED_OUT"),))

    # Then
    assert answer(stage)["outcome"] == "continued"
    assert stage.ports.services.continued == []


def test_the_moment_of_the_switch_is_noted_once():
    # Given
    stage = paused()
    answer(stage)
    noted = record(stage).shifted_at
    stage.ports.clock.advance(30)
    give(stage, PRODUCTION, TWO)

    # When the same is asked again after the switch
    result = answer(stage)

    # Then
    assert result["outcome"] == "continued"
    assert record(stage).shifted_at == noted


def test_without_the_lock_nothing_is_answered():
    # Given
    stage = paused()
    stage.ports.locks.held.clear()

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        answer(stage)
    assert stage.ports.services.continued == []


@pytest.mark.parametrize("given", [{}, FAILED])
def test_answering_can_be_tried_again_after_every_failure(given: dict):
    def make():
        stage = paused()
        return stage.ports, lambda: answer(stage, **given)

    check_repeatable(make)


def test_a_deployment_that_ecs_does_not_tell_of_is_not_said_to_go_on():
    # Given a service that is not there for a moment
    stage = paused()
    state = stage.ports.services.described.pop((stage.place, "checkout"))

    # When
    with pytest.raises(Transient, match="tells of no deployment"):
        answer(stage)

    # Then trying again answers it
    stage.ports.services.described[stage.place, "checkout"] = state
    assert answer(stage)["outcome"] == "continued"
    assert stage.ports.services.continued == [(newest(stage).arn, HOOK, True)]
