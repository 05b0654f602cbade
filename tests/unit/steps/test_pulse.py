"""The pulse of a canary: what it looks at, what it decides, what it leaves alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.canary_world import (
    BAD,
    CANARY,
    CLEAN,
    NAME,
    RULE,
    SLOW,
    STABLE,
    STEPS,
    CanaryWorld,
    analysing,
    opened,
)
from tests.unit.examples import ALARM, APPROVER, at, execution_arn
from tests.unit.stage import locked, revision
from tidegate.domain.judge import JudgeState
from tidegate.domain.service import ApprovalRule
from tidegate.domain.strategy import CanaryStep, DeploymentAlarms, JudgeRules
from tidegate.domain.traffic import ListenerRule
from tidegate.domain.workload import EcsDeployment, ServiceDeployment, TargetState
from tidegate.errors import Terminal, Transient
from tidegate.steps.pulse import MOST_TRIES, TOLD_EVERY, Command, run

COMMAND = Command(service="checkout", environment="dev")


# --- before the first request -------------------------------------------------------------------------------


def test_the_first_step_begins_when_its_tasks_are_healthy_and_warm():
    # Given a canary whose one task has just become healthy
    world = opened(warm_up_seconds=60)
    world.has_tasks(1)

    # When
    first = world.outcome()
    world.at_minute(0.5)
    too_early = world.outcome()
    world.at_minute(1)
    warm = world.outcome()

    # Then
    assert (first, too_early, warm) == ("preparing", "preparing", "advance")
    assert world.ports.machines.answers == {"token": {"signal": "advance"}}
    (step,) = world.journal("canary.step")
    assert (step["decision"], step["reason"]) == (
        "advance",
        "1 healthy tasks are there for the next step.",
    )
    assert (step["step"], step["weight"], step["to"]) == (-1, 0, 5)


def test_tasks_that_fall_ill_while_they_warm_up_begin_anew():
    # Given
    world = opened(warm_up_seconds=60)
    world.has_tasks(1)
    world.pulse()

    # When the task is unhealthy for a moment
    world.at_minute(0.5)
    world.has_tasks(1, healthy=0)
    world.pulse()
    world.at_minute(1)
    world.has_tasks(1)
    world.pulse()

    # Then
    assert world.record.capacity_since == at(60)
    assert world.record.decision == "none"


def test_capacity_follows_the_live_desired_count():
    # Given a stable service that has grown from 20 to 60 tasks
    world = opened(warm_up_seconds=0)
    world.has_tasks(1)
    world.stage.change(desired=60, running=60)

    # When
    short = world.outcome()
    world.has_tasks(3)

    # Then 5 % of 60 are 3
    assert (short, world.outcome()) == ("preparing", "advance")


def test_tasks_of_another_version_do_not_count():
    # Given a canary service that still has a task of the version before
    world = opened(warm_up_seconds=0)
    world.has_tasks(1)
    known = world.ports.services.described["dev", NAME]
    world.ports.services.described["dev", NAME] = replace(known, task_definition=revision(1))

    # Then
    assert world.outcome() == "preparing"


def broken_by_ecs(world: CanaryWorld) -> None:
    arn = "arn:aws:ecs:us-east-1:123456789012:service-deployment/dev/checkout-canary/1"
    world.ports.services.remembered["dev", NAME] = [
        ServiceDeployment(arn, "ROLLBACK_SUCCESSFUL", None, at(5), revision(2), breaker="TRIGGERED",
                          rollback_reason="tasks failed to start")
    ]  # fmt: skip


def losing_tasks(world: CanaryWorld) -> None:
    world.lose(2, 1, stop_code="TaskFailedToStart", stopped_reason="CannotPullContainerError")


@pytest.mark.parametrize("harm", [broken_by_ecs, losing_tasks])
def test_tasks_that_will_not_come_are_held_against_the_image(harm: Callable[[CanaryWorld], None]):
    # Given
    world = opened()
    world.has_tasks(0, desired=1)
    harm(world)
    world.at_minute(2)

    # When
    outcome = world.outcome()

    # Then
    assert (outcome, world.record.evidence) == ("fail", "start")
    assert "token" in world.ports.machines.answers


@pytest.mark.parametrize(("failed", "evidence"), [(0, None), (3, "start")])
def test_capacity_that_does_not_come_in_time_fails(failed: int, evidence: str | None):
    # Given
    world = opened(timeout_seconds=600)
    world.has_tasks(0, desired=1)
    known = world.ports.services.described["dev", NAME]
    primary = EcsDeployment("ecs-svc/9", "PRIMARY", revision(2), 1, 0, 1, failed, "IN_PROGRESS")
    world.ports.services.described["dev", NAME] = replace(known, deployments=(primary,))

    # When
    world.at_minute(9.9)
    before = world.outcome()
    world.at_minute(10)

    # Then
    assert (before, world.outcome(), world.record.evidence) == ("preparing", "fail", evidence)


def test_one_task_that_did_not_start_is_forgiven():
    world = opened()
    world.has_tasks(0, desired=1)
    world.lose(1, 1)
    assert world.outcome() == "preparing"


def test_a_canary_whose_service_does_not_exist_yet_waits_for_the_machine():
    world = opened()
    assert world.outcome() == "preparing"
    assert not world.ports.services.called("resize")


def test_an_alarm_that_is_red_before_there_is_traffic_is_not_the_canarys():
    # Given
    world = opened(alarms=DeploymentAlarms((ALARM,)))
    world.has_tasks(1)
    world.ports.alarms.known[ALARM] = "ALARM"

    # Then
    assert (world.outcome(), world.record.evidence) == ("fail", None)


# --- the judge ----------------------------------------------------------------------------------------------


def test_a_bad_canary_is_returned_on_the_judges_evidence():
    # Given
    world = analysing()

    # When minutes with 10 % errors become final
    outcome = world.pulse_through(0, 5, BAD)

    # Then
    assert (outcome, world.record.evidence) == ("roll_back", "judge")
    assert "The canary is worse than stable" in world.record.reason
    assert world.ports.machines.answers == {"token": {"signal": "roll_back"}}
    (entry,) = world.journal("canary.decision")
    assert (entry["evidence"], entry["reason"]) == ("judge", world.record.reason)


def test_a_clean_canary_gets_tasks_for_the_next_step_before_its_traffic():
    # Given
    world = analysing(warm_up_seconds=0)

    # When harm has been refuted
    outcome = world.pulse_through(0, 8, CLEAN)

    # Then the tasks for half of the traffic are made, while the first step's flows on
    assert (outcome, world.record.phase, world.record.step) == ("preparing", "preparing", 0)
    assert world.ports.services.described["dev", NAME].desired == 10
    assert JudgeState.from_json(world.record.judge).verdict == "promote"

    # And when they are healthy the next step begins
    world.has_tasks(10)
    assert world.pulse_through(8, 9, CLEAN) == "advance"
    assert world.ports.machines.answers == {"token": {"signal": "advance"}}


def test_a_canary_goes_on_being_judged_while_its_next_tasks_are_made():
    # Given a step that lasts longer than what follows
    world = analysing(steps=(CanaryStep(5, 120, 1200), CanaryStep(50)))
    world.pulse_through(0, 8, CLEAN)
    assert world.record.phase == "preparing"

    # When it turns bad
    outcome = world.pulse_through(8, 16, BAD)

    # Then
    assert (outcome, world.record.evidence) == ("roll_back", "judge")


def test_a_canary_that_turns_bad_at_the_end_of_its_step_does_not_get_the_next_one():
    # Given a canary that was clean until two minutes before the end of its step
    world = analysing()
    world.pulse_through(0, 8, CLEAN)
    assert (STEPS[0].maximum_seconds, world.record.phase) == (600, "preparing")

    # When it turns bad
    outcome = world.pulse_through(8, 12, BAD)

    # Then evidence is mounting, and it goes back before there is proof
    assert (outcome, world.record.evidence) == ("roll_back", None)
    assert "over without a conclusion. Evidence of harm is mounting" in world.record.reason


def test_tasks_that_are_there_already_need_no_further_warm_up():
    # Given steps that one task can serve
    world = analysing(steps=(CanaryStep(1, 240, 600), CanaryStep(5, 120, 600)), warm_up_seconds=3600)

    # Then
    assert world.pulse_through(0, 4, CLEAN) == "advance"


def test_no_step_ends_before_its_minimum():
    # Given
    world = analysing(steps=(CanaryStep(5, 1200, 3600), CanaryStep(50)))

    # Then
    assert world.pulse_through(0, 19, CLEAN) == "analysing"
    assert JudgeState.from_json(world.record.judge).verdict == "promote"
    assert world.pulse_through(19, 20, CLEAN) == "preparing"


def test_the_last_step_is_promoted():
    # Given
    world = analysing(step=2)
    clean = (28500, 28, 1500, 1)

    # When
    outcome = world.pulse_through(0, 10, clean)

    # Then
    assert (outcome, world.record.evidence) == ("promote", None)
    assert world.ports.machines.answers == {"token": {"signal": "promote"}}


def test_a_verdict_of_the_step_before_ends_no_step():
    # Given a canary whose harm was refuted in its first step
    world = analysing()
    world.pulse_through(0, 8, CLEAN)
    world.has_tasks(10)
    world.shift(1, 9)

    # When the second step has lasted for its minimum, and none of its minutes is final
    world.at_minute(11)

    # Then
    assert world.outcome() == "analysing"


def test_minutes_from_before_the_shift_are_not_judged():
    # Given a canary that gets its share half a minute after a bad one
    world = analysing(minute=0.5)
    world.measure(0, BAD)

    # When
    world.pulse_through(1, 6, CLEAN)

    # Then
    assert [period.at for period in world.ports.canaries.periods(world.record.id)][:1] == [at(60)]


def test_minutes_are_judged_once_with_what_they_were_when_they_became_final():
    # Given
    world = analysing()
    world.pulse_through(0, 4, CLEAN)
    judged = world.ports.canaries.periods(world.record.id)

    # When CloudWatch revises a minute that was judged, and pulses come twice and late
    world.measure(0, BAD)
    before = world.record
    for _ in range(3):
        world.pulse()

    # Then
    assert world.ports.canaries.periods(world.record.id) == judged
    assert world.record == before
    assert [period.at for period in judged] == [at(0), at(60), at(120)]


def test_slow_responses_are_judged_beside_errors():
    # Given
    world = analysing(judge=JudgeRules(slow=(SLOW,)))

    # When a tenth of the canary's responses is slow
    for minute in range(12):
        world.at_minute(minute + 1)
        world.measure(minute, CLEAN, (150, 285))
        world.pulse()

    # Then
    assert (world.record.decision, world.record.evidence) == ("roll_back", "judge")
    assert "slow_p99" in world.record.reason


def test_a_pulse_reads_at_most_eight_metrics_with_two_thresholds_and_from_the_oldest_open_minute():
    # Given
    world = analysing(judge=JudgeRules(slow=(SLOW, replace(SLOW, name="slow_p50", threshold_ms=100))))
    world.pulse_through(0, 20, CLEAN)

    # When
    newest = world.ports.metrics.called("read")[-1]

    # Then
    assert len(newest.arguments[1]) == 8
    assert newest.options["until"] - newest.options["since"] <= at(240) - at(0)


def test_the_record_stays_small():
    world = analysing(judge=JudgeRules(slow=(SLOW,)), steps=(CanaryStep(5, 36000, 72000),))
    world.pulse_through(0, 60, CLEAN)
    assert len(world.record.readings) <= 2
    assert len(world.record.judge) < 2 * 1024


# --- nothing to conclude from -------------------------------------------------------------------------------

NOTHING = (0.0, 0.0, 0.0, 0.0)
RULE_OF_APPROVAL = {"approval": ApprovalRule((APPROVER,))}


@pytest.mark.parametrize(
    ("policy", "place", "outcome"),
    [
        ("return", {}, "roll_back"),
        ("ask", RULE_OF_APPROVAL, "ask"),
        ("ask", {}, "roll_back"),
        ("wait", {}, "analysing"),
    ],
)
def test_a_canary_without_traffic_never_passes(policy: str, place: dict[str, Any], outcome: str):
    # Given
    world = analysing(when_inconclusive=policy, place=place)

    # Then
    assert world.pulse_through(0, 9, NOTHING) == "analysing"
    assert world.pulse_through(9, 10, NOTHING) == outcome
    assert world.record.evidence is None


def test_a_canary_that_waits_is_returned_at_last():
    world = analysing(when_inconclusive="wait", longest_seconds=3600)
    assert world.pulse_through(10, 59, NOTHING) == "analysing"
    assert world.pulse_through(59, 60, NOTHING) == "roll_back"
    assert world.record.evidence is None
    assert world.record.reason.startswith("It took longer than an hour.")


def test_a_comparison_that_has_stopped_does_not_pass_on_what_was_seen_before():
    # Given a canary that could be promoted, but for its minimum
    world = analysing(steps=(CanaryStep(5, 1200, 1800), CanaryStep(50)))
    world.pulse_through(0, 8, CLEAN)
    assert JudgeState.from_json(world.record.judge).verdict == "promote"

    # When nobody sends requests any more
    outcome = world.pulse_through(8, 29, NOTHING)

    # Then
    assert outcome == "analysing"
    assert world.pulse_through(29, 30, NOTHING) == "roll_back"
    assert "shown nothing for" in world.record.reason


def test_metrics_that_cannot_be_read_end_nothing_and_let_nothing_pass():
    # Given a canary whose step could end
    world = analysing(when_inconclusive="ask", place=RULE_OF_APPROVAL)
    world.pulse_through(0, 4, CLEAN)
    world.ports.metrics.fail("read", Transient("InternalError"), times=100)

    # When
    for minute in range(5, 13):
        world.at_minute(minute)
        with pytest.raises(Transient):
            world.pulse()

    # Then people are asked once nothing has been known for five minutes
    assert world.ports.services.described["dev", NAME].desired == 10
    assert not world.journal("canary.step")
    assert (world.record.decision, world.record.phase) == ("ask", "asking")


@pytest.mark.parametrize(
    ("port", "method"), [("alarms", "states"), ("listener_rules", "describe"), ("metrics", "read")]
)
def test_nothing_goes_on_before_all_has_been_looked_at(port: str, method: str):
    # Given a canary that is to be promoted in this minute
    world = analysing(
        step=2, alarms=DeploymentAlarms((ALARM,)), steps=(*STEPS[:2], CanaryStep(95.0, 600, 900))
    )
    world.pulse_through(0, 9, (28500, 28, 1500, 1))
    world.at_minute(10)
    getattr(world.ports, port).fail(method, Transient("InternalError"))

    # When
    with pytest.raises(Transient):
        world.pulse()
    before = world.record.decision

    # Then it is in the next one
    assert (before, world.outcome()) == ("none", "promote")


def test_the_first_step_waits_until_the_alarms_have_been_read():
    world = opened(warm_up_seconds=0, alarms=DeploymentAlarms((ALARM,)))
    world.has_tasks(1)
    world.ports.alarms.fail("states", Transient("InternalError"))
    with pytest.raises(Transient):
        world.pulse()
    assert world.record.decision == "none"


def test_what_cannot_be_read_keeps_the_alarms_from_nothing():
    # Given
    world = analysing(alarms=DeploymentAlarms((ALARM,)))
    world.ports.alarms.known[ALARM] = "ALARM"
    world.ports.machines.fail("describe", Terminal("access denied"))

    # When
    with pytest.raises(Terminal):
        world.pulse()

    # Then
    assert (world.record.decision, world.record.evidence) == ("roll_back", "alarm")


# --- people -------------------------------------------------------------------------------------------------


def asking() -> CanaryWorld:
    """People are being asked about a canary that had no traffic."""
    world = analysing(when_inconclusive="ask", place=RULE_OF_APPROVAL)
    world.pulse_through(9, 10, NOTHING)
    assert world.record.phase == "asking"
    world.ports.waits.stored.clear()
    world.waits("Request approval", "asked")
    return world


def test_who_waits_for_people_is_not_woken_by_the_question_itself():
    world = asking()
    world.pulse_through(10, 20, NOTHING)
    assert "asked" not in world.ports.machines.answers


def test_harm_that_is_proven_while_people_think_ends_the_question():
    world = asking()
    assert world.pulse_through(10, 16, BAD) == "roll_back"
    assert world.ports.machines.answers["asked"] == {"signal": "roll_back"}


def test_figures_that_come_while_people_think_do_not_answer_for_them():
    # Given
    world = asking()

    # When harm is refuted
    outcome = world.pulse_through(10, 20, CLEAN)

    # Then
    assert JudgeState.from_json(world.record.judge).verdict == "promote"
    assert (outcome, world.record.phase) == ("ask", "asking")


def test_what_people_accepted_goes_on():
    # Given
    world = asking()
    world.change(phase="analysing", decision="none", accepted=0)

    # When
    outcome = world.pulse_through(10, 11, NOTHING)

    # Then
    assert (outcome, world.record.phase) == ("preparing", "preparing")


# --- what ends a canary at once -----------------------------------------------------------------------------


def test_a_red_alarm_returns_the_canary():
    # Given
    world = analysing(alarms=DeploymentAlarms((ALARM,)))
    world.ports.alarms.known[ALARM] = "ALARM"

    # Then
    assert (world.outcome(), world.record.evidence) == ("roll_back", "alarm")
    assert world.record.reason == f"Alarm {ALARM} went off while the canary had traffic."
    assert not world.ports.metrics.called("read")


def test_an_alarm_that_was_red_before_and_is_accepted_says_nothing():
    # Given
    world = opened(alarms=DeploymentAlarms((ALARM, "other"), "accept"), warm_up_seconds=0)
    world.ports.alarms.known[ALARM] = "ALARM"
    world.has_tasks(1)
    assert world.outcome() == "advance"

    # When
    world.shift(0, 0)
    accepted = world.outcome()
    world.ports.alarms.known["other"] = "ALARM"

    # Then
    assert (accepted, world.outcome()) == ("analysing", "roll_back")


def no_target_is_healthy(world: CanaryWorld) -> None:
    world.has_tasks(1, healthy=0)
    world.ports.target_groups.targets[CANARY] = (TargetState("1", "unhealthy", "Target.Timeout"),)


def two_tasks_died(world: CanaryWorld) -> None:
    world.lose(2, 1)
    known = world.ports.services.described["dev", NAME]
    primary = EcsDeployment("ecs-svc/9", "PRIMARY", revision(2), 1, 1, 0, 2, "IN_PROGRESS")
    world.ports.services.described["dev", NAME] = replace(known, deployments=(primary,))


def fails_its_checks(world: CanaryWorld) -> None:
    world.has_tasks(0, desired=1)
    world.lose(
        1, 1, stop_code="ServiceSchedulerInitiated", stopped_reason="Task failed ELB health checks in (x)"
    )


def test_a_canary_with_traffic_grows_with_the_stable_service_and_never_shrinks():
    # Given a canary at half of the traffic, beside 20 tasks
    world = analysing(step=1)

    # When
    wanted = []
    for stable in (20, 30, 10):
        world.stage.change(desired=stable, running=stable)
        world.pulse()
        wanted.append(world.ports.services.described["dev", NAME].desired)

    # Then
    assert wanted == [10, 15, 15]
    assert world.stage.ports.services.described["dev", "checkout"].desired == 10


@pytest.mark.parametrize("harm", [no_target_is_healthy, two_tasks_died, fails_its_checks])
def test_tasks_that_die_return_the_canary(harm: Callable[[CanaryWorld], None]):
    world = analysing()
    harm(world)
    assert (world.outcome(), world.record.evidence) == ("roll_back", "health")


def test_capacity_that_somebody_took_away_is_not_held_against_the_image():
    world = analysing()
    world.has_tasks(0)
    assert (world.outcome(), world.record.evidence) == ("roll_back", None)


def test_a_shortage_is_borne_for_three_minutes():
    # Given a canary at half of the traffic, of whose ten tasks one is missing
    world = analysing(step=1)
    world.has_tasks(9, desired=10)

    # When
    outcomes = [world.pulse_through(minute, minute + 1, NOTHING) for minute in range(4)]

    # Then
    assert outcomes == ["analysing", "analysing", "analysing", "roll_back"]
    assert world.record.evidence is None


def test_a_shortage_that_passes_is_forgotten():
    world = analysing(step=1)
    world.has_tasks(9, desired=10)
    world.pulse()
    assert world.record.short_since == at(0)
    world.has_tasks(10)
    world.pulse()
    assert world.record.short_since is None


def test_the_service_of_the_canary_is_gone():
    world = analysing()
    del world.ports.services.described["dev", NAME]
    assert (world.outcome(), world.record.evidence) == ("fail", None)


def other_weights(world: CanaryWorld) -> None:
    world.gives(40)


def other_groups(world: CanaryWorld) -> None:
    world.ports.listener_rules.rules[RULE] = ListenerRule(RULE, {STABLE: 950, CANARY: 50, "arn:other": 1})


def no_rule(world: CanaryWorld) -> None:
    world.ports.listener_rules.rules.clear()


@pytest.mark.parametrize("change", [other_weights, other_groups, no_rule])
def test_a_foreign_change_of_the_rule_stops_the_canary(change: Callable[[CanaryWorld], None]):
    # Given
    world = analysing()
    change(world)

    # When
    early = world.outcome()
    world.at_minute(1)

    # Then
    assert (early, world.outcome(), world.record.evidence) == ("analysing", "fail", None)
    assert RULE in world.record.reason


def test_rules_that_change_one_after_the_other_are_no_foreign_change():
    world = analysing(minute=0)
    world.change(decision="advance", phase="preparing")
    world.gives(50)
    world.at_minute(2)
    assert world.outcome() == "advance"


def test_a_step_that_is_being_begun_does_not_end():
    # Given a canary whose next weights are set and not seen yet
    world = analysing()
    world.pulse_through(0, 4, CLEAN)
    world.change(phase="analysing", step=1, weight=50.0, shifted_at=None, decision="none", accepted=1)
    world.at_minute(60)

    # Then
    assert world.outcome() == "analysing"
    assert world.record.phase == "analysing"


def test_nothing_is_read_while_the_weights_are_changed():
    # Given
    world = analysing()
    world.change(step=1, weight=50, shifted_at=None, decision="advance")

    # Then
    assert world.outcome() == "advance"
    assert not world.ports.metrics.called("read")


# --- the dead man's switch ----------------------------------------------------------------------------------


def abandoned(world: CanaryWorld | None = None) -> CanaryWorld:
    world = world or analysing()
    locked(world.stage)
    world.ports.machines.finish(world.stage.root, "ABORTED")
    return world


def test_a_canary_whose_execution_has_stopped_is_taken_back_by_its_pulse():
    # Given
    world = abandoned()
    world.at_minute(5)

    # When: weight first, then tasks, then the schedule
    returned = world.pulse()["outcome"]
    share = world.ports.listener_rules.rules[RULE].share(CANARY)
    tasks = world.ports.services.described["dev", NAME].desired
    world.at_minute(6)
    withdrawn = world.pulse()["outcome"]
    ended = world.pulse()["outcome"]

    # Then
    assert (returned, share, tasks) == ("returning", 0, 1)
    assert (withdrawn, ended) == ("withdrawn", "ended")
    assert world.ports.services.described["dev", NAME].desired == 0
    assert (world.record.phase, world.ports.schedules.started) == ("ended", {})
    assert len(world.journal("canary.abandoned")) == 1
    assert not world.ports.metrics.called("read")


def test_people_are_called_once_where_a_foreign_rule_keeps_an_abandoned_canary_in_traffic():
    # Given
    world = abandoned()
    other_groups(world)
    world.at_minute(5)

    # When
    outcomes = [world.outcome(), world.outcome()]

    # Then its tasks are kept, for they have traffic
    assert outcomes == ["blocked", "blocked"]
    assert world.ports.services.described["dev", NAME].desired == 1
    (message,) = world.ports.notifier.messages
    assert message.subject == "checkout: the canary in dev still has traffic and needs people"
    assert RULE in message.body


def test_it_is_taken_back_while_the_stable_service_was_being_updated_too():
    world = abandoned()
    world.change(phase="promoting", decision="promote")
    assert world.outcome() == "returning"


def test_a_running_rollback_that_has_the_lock_takes_it_back_itself():
    # Given
    world = abandoned()
    rollback = execution_arn("1", "rollback")
    world.ports.machines.add(rollback)
    lock = world.ports.locks.held["checkout", "dev"]
    world.ports.locks.held["checkout", "dev"] = replace(lock, owner=rollback)

    # When
    world.pulse()

    # Then
    assert world.record.phase == "analysing"
    assert world.ports.listener_rules.rules[RULE].share(CANARY) == 5


def test_the_schedule_of_a_canary_that_has_ended_is_removed():
    world = analysing()
    world.change(phase="ended")
    assert (world.outcome(), world.ports.schedules.started) == ("ended", {})


def test_a_pulse_without_a_canary_ends_itself():
    world = analysing()
    world.ports.canaries.stored.clear()
    assert (world.outcome(), world.ports.schedules.started) == ("ended", {})


@pytest.mark.parametrize("phase", ["promoting", "returning"])
def test_what_is_the_machines_is_left_alone(phase: str):
    # Given
    world = analysing()
    world.change(phase=phase, decision="promote" if phase == "promoting" else "roll_back")

    # When
    world.pulse()

    # Then it only says that it has looked
    assert world.record.seen_at == at(0)
    assert not world.ports.metrics.called("read")
    assert not world.ports.machines.answers


# --- twice at once, late, again -----------------------------------------------------------------------------


def overtaken(world: CanaryWorld, times: int) -> None:
    """Let somebody else change the record just before it is saved."""
    save, left = world.ports.canaries.save, [times]

    def late(canary: Any) -> Any:
        if left[0]:
            left[0] -= 1
            world.change(version=world.record.version + 1)
        return save(canary)

    world.ports.canaries.save = late


def test_who_was_overtaken_looks_again():
    world = analysing()
    world.pulse_through(0, 3, BAD)
    overtaken(world, MOST_TRIES - 1)
    assert world.pulse_through(3, 4, BAD) == "roll_back"


def test_who_is_overtaken_again_and_again_leaves_it_to_the_next_pulse():
    world = analysing()
    overtaken(world, 100)
    assert world.outcome() == "overtaken"
    assert not world.ports.machines.answers


def test_two_pulses_at_once_judge_a_minute_once():
    # Given two pulses that have read the same record
    world = analysing()
    world.pulse_through(0, 3, CLEAN)
    world.at_minute(4)
    world.measure(3, CLEAN)
    get, first = world.ports.canaries.get, world.record
    stale = [first]
    world.pulse()
    once = world.record
    world.ports.canaries.get = lambda *place: stale.pop() if stale else get(*place)

    # When the second one saves after the first
    world.pulse()

    # Then
    assert JudgeState.from_json(world.record.judge) == JudgeState.from_json(once.judge)
    assert JudgeState.from_json(once.judge).periods == len(world.ports.canaries.periods(once.id))


def test_a_decision_that_the_machine_has_not_heard_of_is_told_again():
    # Given a decision whose pulse broke before it could tell anybody
    world = analysing()
    world.change(decision="roll_back", reason="Bad.", evidence="judge")

    # When
    world.pulse()

    # Then
    assert world.ports.machines.answers == {"token": {"signal": "roll_back"}}
    assert len(world.journal("canary.decision")) == 1


def test_progress_is_told_now_and_then_and_when_the_verdict_changes():
    # Given
    world = analysing(steps=(CanaryStep(5, 36000, 72000),))

    # When
    world.pulse_through(0, 3 * TOLD_EVERY, CLEAN)

    # Then
    told = world.journal("canary.progress")
    assert 3 <= len(told) <= 6
    assert told[0]["verdict"] != told[-1]["verdict"] == "promote"


def test_the_record_says_when_the_pulse_looked_last():
    world = analysing()
    world.pulse()
    world.at_minute(0.1)
    world.pulse()
    assert world.record.seen_at == at(0)
    world.at_minute(1)
    world.pulse()
    assert world.record.seen_at == at(60)


# --- broken at every call -----------------------------------------------------------------------------------


def ready() -> CanaryWorld:
    world = opened(warm_up_seconds=0, alarms=DeploymentAlarms((ALARM,)))
    world.has_tasks(1)
    return world


def proven() -> CanaryWorld:
    world = analysing()
    world.pulse_through(0, 3, BAD)
    world.at_minute(4)
    world.measure(3, BAD)
    return world


def red() -> CanaryWorld:
    world = analysing(alarms=DeploymentAlarms((ALARM,)))
    world.ports.alarms.known[ALARM] = "ALARM"
    return world


def making_room() -> CanaryWorld:
    world = analysing()
    world.change(phase="preparing", preparing_since=at(0), seen_at=at(0))
    locked(world.stage)
    return world


def drained() -> CanaryWorld:
    world = abandoned()
    for minute in (5, 6):
        world.at_minute(minute)
        world.pulse()
    return world


@pytest.mark.parametrize("stage", [ready, proven, red, making_room, drained])
def test_a_pulse_that_breaks_at_any_call_is_made_up_for_by_the_next(stage: Callable[[], CanaryWorld]):
    def make() -> Any:
        world = stage()
        return world.ports, lambda: run(COMMAND, world.ports)

    check_repeatable(make)


def test_taking_back_goes_on_wherever_it_broke():
    def make() -> Any:
        world = abandoned()
        world.at_minute(5)

        def pulses() -> dict[str, Any]:
            while (result := run(COMMAND, world.ports))["outcome"] != "ended":
                world.ports.clock.advance(60)
            return result

        return world.ports, pulses

    # A canary comes back even where its evidence is refused; then the record says so.
    read, stored = {("canaries", "periods"), ("calibrations", "get")}, {"put", "put_text"}
    check_repeatable(make, forgiven=read | {("evidence", method) for method in stored})
