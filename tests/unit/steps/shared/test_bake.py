"""The pulse of a bake: what it judges, what it decides, whom it wakes, what it does when nobody is left."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.blue_green_stage import (
    GREEN,
    PRODUCTION,
    TWO,
    baking,
    becomes,
    deploying,
    edit,
    ended,
    give,
    healthy,
    is_pulsed,
    minutes,
    newest,
    opened,
    paused,
    prepared,
    record,
    serves,
    settings,
)
from tests.unit.breaking import check_repeatable
from tests.unit.examples import at, execution_arn, wait
from tests.unit.stage import Stage, task
from tidegate.domain.outcome import StopSignal
from tidegate.domain.service import BeforeDeploy
from tidegate.domain.strategy import BakeRules, DeploymentAlarms
from tidegate.errors import Terminal, Transient
from tidegate.steps.pulse import Command, run

WAITED_FOR = "service-deployment/arn:aws:ecs:us-east-1:123456789012:service/dev/checkout"


def pulse(stage: Stage) -> dict:
    return run(Command(service="checkout", environment="dev"), stage.ports)


def waiting(stage: Stage) -> Stage:
    """The machine waits for the deployment."""
    wait(stage.ports, WAITED_FOR, stage.release.id)
    return stage


def woken(stage: Stage) -> list[str]:
    return [answer["signal"] for answer in stage.ports.machines.answers.values()]


def test_clean_minutes_decide_nothing_and_are_kept():
    # Given
    stage = waiting(baking())
    minutes(stage, 3, 600, 2)

    # When
    results = [pulse(stage), pulse(stage)]

    # Then
    assert [each["outcome"] for each in results] == ["analysing", "analysing"]
    periods = stage.ports.canaries.periods(record(stage).id)
    assert [(each.at, each.figures["errors"][:2]) for each in periods] == [
        (at(60), (600, 2)),
        (at(120), (600, 2)),
        (at(180), (600, 2)),
    ]
    assert record(stage).judged_until == at(180)
    assert woken(stage) == []


def test_errors_after_the_switch_are_evidence_and_wake_the_machine():
    # Given
    stage = waiting(baking())
    minutes(stage, 1, 600, 60)

    # When
    result = pulse(stage)

    # Then
    assert result["outcome"] == "roll_back"
    assert (record(stage).decision, record(stage).evidence) == ("roll_back", "judge")
    assert "errors 60 of 600 requests (10 %, 1 % tolerated)" in result["reason"]
    assert woken(stage) == ["roll_back"]
    assert stage.ports.journal.kinds(stage.release.id).count("bake.decision") == 1


def test_slow_responses_are_judged_where_the_manifest_says_what_slow_is():
    # Given
    stage = waiting(baking(prepared(settings(bake=BakeRules(slow_ms=500, slow_rate=0.05)))))
    serves(stage, at(60), 600, 0, 150)
    stage.ports.clock.at = at(600)

    # Then
    assert pulse(stage)["outcome"] == "roll_back"
    assert "slow 150 of 600 requests (25 %, 5 % tolerated)" in record(stage).reason


def test_what_was_before_the_switch_is_not_judged():
    # Given requests of testers through the test rule
    stage = paused()
    stage.ports.clock.at = at(120)
    stage = waiting(_switched_now(stage))
    serves(stage, at(60), 600, 600)
    serves(stage, at(180), 600)
    stage.ports.clock.at = at(900)

    # Then
    assert pulse(stage)["outcome"] == "analysing"


def _switched_now(stage: Stage) -> Stage:
    edit(stage, phase="analysing", step=0, weight=100.0, shifted_at=stage.ports.clock.at)
    give(stage, PRODUCTION, TWO)
    becomes(stage, lifecycle_stage="BAKE_TIME", hooks=(), production_weight=100.0)
    return stage


def test_a_period_that_may_still_change_is_not_judged_and_none_counts_twice():
    # Given one minute, just over
    stage = waiting(baking())
    serves(stage, at(60), 600, 30)
    stage.ports.clock.at = at(125)
    pulse(stage)
    unjudged = record(stage).judged_until

    # When its errors are corrected, and two later minutes are there
    serves(stage, at(60), 600, 3)
    serves(stage, at(120), 600)
    serves(stage, at(180), 600)
    stage.ports.clock.at = at(245)
    pulse(stage)
    serves(stage, at(60), 600, 600)
    pulse(stage)

    # Then
    assert unjudged is None
    judged = stage.ports.canaries.periods(record(stage).id)
    assert [(each.at, each.figures["errors"][1]) for each in judged] == [(at(60), 3), (at(120), 0)]
    assert record(stage).decision == "none"


def test_an_alarm_after_the_switch_is_evidence():
    # Given
    stage = waiting(baking(prepared(settings(alarms=DeploymentAlarms(("errors",))))))
    stage.ports.alarms.known["errors"] = "ALARM"

    # Then
    assert pulse(stage)["outcome"] == "roll_back"
    assert record(stage).evidence == "alarm"


def test_an_alarm_before_the_switch_is_left_to_ecs():
    # Given
    stage = deploying(prepared(settings(alarms=DeploymentAlarms(("errors",)))))
    stage.ports.alarms.known["errors"] = "ALARM"

    # Then
    assert pulse(stage)["outcome"] == "preparing"


def crashed(number: int) -> tuple:
    stopped = {"last_status": "STOPPED", "stop_code": "EssentialContainerExited", "stopped_at": at(30)}
    return tuple(task(90 + n, GREEN, "b", stopped_reason="It exited", **stopped) for n in range(number))


@pytest.mark.parametrize(("lost", "decision"), [(1, "none"), (2, "roll_back")])
def test_a_second_lost_task_is_held_against_green(lost: int, decision: str):
    # Given
    stage = waiting(baking())
    stage.ports.services.stopped["dev", "checkout"] = list(crashed(lost))

    # When
    pulse(stage)

    # Then
    assert record(stage).decision == decision
    assert record(stage).evidence == ("health" if lost > 1 else None)


def test_green_without_a_healthy_target_goes_back():
    # Given
    stage = waiting(baking())
    healthy(stage, TWO, 0, others="unhealthy")

    # Then
    assert pulse(stage)["outcome"] == "roll_back"
    assert "0 of 1 targets of green are healthy." in record(stage).reason


@pytest.mark.parametrize(("choice", "decision"), [("return", "roll_back"), ("accept", "none")])
def test_shortly_before_the_end_nothing_known_is_no_approval(choice: str, decision: str):
    # Given ten minutes of bake with next to no traffic
    stage = waiting(baking(prepared(settings(bake=BakeRules(when_inconclusive=choice)))))
    minutes(stage, 3, 10)
    switched = record(stage).shifted_at
    assert switched

    # When
    stage.ports.clock.at = switched + timedelta(minutes=7, seconds=59)
    pulse(stage)
    before = record(stage).decision
    stage.ports.clock.at = switched + timedelta(minutes=8)
    pulse(stage)

    # Then
    assert (before, record(stage).decision, record(stage).evidence) == ("none", decision, None)


def test_what_is_known_well_enough_stays_until_the_end():
    # Given
    stage = waiting(baking())
    minutes(stage, 3, 600)
    switched = record(stage).shifted_at
    assert switched
    stage.ports.clock.at = switched + timedelta(minutes=9)

    # Then
    assert pulse(stage)["outcome"] == "analysing"


def test_a_pause_whose_event_was_lost_is_found():
    # Given
    stage = waiting(paused())

    # When
    pulse(stage)

    # Then
    assert woken(stage) == ["none"]


def test_an_end_whose_event_was_lost_is_found():
    # Given
    stage = waiting(ended(baking()))

    # When
    pulse(stage)

    # Then
    assert woken(stage) == ["none"]
    assert record(stage).phase == "analysing"


def test_what_cannot_be_read_ends_nothing_and_the_rest_is_done():
    # Given
    stage = waiting(baking())
    minutes(stage, 1, 600, 60)
    stage.ports.target_groups.fail("health", Transient("throttled"))

    # Then
    with pytest.raises(Transient, match="throttled"):
        pulse(stage)
    assert record(stage).decision == "roll_back"
    assert woken(stage) == ["roll_back"]


def abandoned(stage: Stage) -> Stage:
    """The execution has stopped, and its lock is still its own."""
    stage.ports.machines.finish(stage.root, "ABORTED")
    return stage


@pytest.mark.parametrize("stand", [deploying, paused, baking])
def test_when_nobody_is_left_ecs_is_told_to_go_back(stand):
    # Given
    stage = abandoned(stand())

    # When
    first = pulse(stage)
    stopped = newest(stage).status
    again = pulse(stage)
    ended(stage, "ROLLBACK_SUCCESSFUL")
    last = pulse(stage)

    # Then
    assert (first["outcome"], stopped, again["outcome"]) == ("returning", "STOP_REQUESTED", "returning")
    assert (last["outcome"], record(stage).phase, record(stage).decision) == ("ended", "ended", "fail")
    assert not is_pulsed(stage)


def test_when_nobody_is_left_and_nothing_was_deployed_the_record_is_ended():
    # Given
    stage = abandoned(opened())

    # Then
    assert pulse(stage)["outcome"] == "ended"
    assert not is_pulsed(stage)


def test_a_rollback_that_has_the_lock_sees_to_it_itself():
    # Given
    stage = abandoned(baking())
    rollback = execution_arn("r", "rollback")
    stage.ports.machines.add(rollback)
    lock = stage.ports.locks.held["checkout", "dev"]
    stage.ports.locks.held["checkout", "dev"] = replace(lock, owner=rollback)

    # Then
    assert pulse(stage)["outcome"] == "analysing"
    assert newest(stage).status == "IN_PROGRESS"


def test_past_the_point_of_no_return_nothing_is_taken_back():
    # Given
    migration = BeforeDeploy("app", ("migrate",), point_of_no_return=True)
    stage = abandoned(baking(prepared(before_deploy=migration)))
    stage.ports.releases.mark_point_of_no_return(stage.release.id)

    # Then
    assert pulse(stage)["outcome"] == "ended"
    assert newest(stage).status == "IN_PROGRESS"


def test_a_stop_signal_wakes_the_machine():
    # Given
    stage = waiting(baking())
    stage.stop(StopSignal.CANCELLED)

    # When
    pulse(stage)

    # Then
    assert woken(stage) == ["none"]


def test_a_service_that_is_gone_wakes_nobody():
    # Given
    stage = waiting(baking())
    stage.ports.services.described.clear()

    # When
    pulse(stage)

    # Then
    assert woken(stage) == []


def test_an_error_that_cannot_be_mended_is_raised_after_everything_else():
    # Given
    stage = waiting(baking())
    stage.ports.metrics.fail("read", Terminal("access denied"))

    # Then
    with pytest.raises(Terminal, match="access denied"):
        pulse(stage)


def with_errors(stage: Stage) -> Stage:
    minutes(stage, 1, 600, 60)
    return waiting(stage)


@pytest.mark.parametrize("happened", [with_errors, abandoned, waiting])
def test_a_pulse_can_be_tried_again_after_every_failure(happened):
    def make():
        stage = happened(baking())
        return stage.ports, lambda: pulse(stage)

    check_repeatable(make)
