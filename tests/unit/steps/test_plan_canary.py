"""Seeing that a canary can begin, and opening its record."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.canary_stage import (
    CANARY,
    NAME,
    OTHER,
    RULES,
    SCALING,
    STABLE,
    UNSTORED,
    assert_at_rest,
    edit,
    give,
    living,
    loses_lock_before,
    opened,
    prepared,
    record,
    settings,
    settle,
    share,
)
from tests.unit.examples import at, execution_arn, release
from tests.unit.stage import Stage, planned, revision
from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.outcome import StopSignal
from tidegate.domain.service import BeforeDeploy
from tidegate.domain.traffic import LONGEST_STICKINESS, ListenerRule, Stickiness, weights_for
from tidegate.domain.workload import TargetState
from tidegate.errors import Terminal
from tidegate.steps.plan_canary import LONGEST_WAIT, PATIENCE, Command, run


def plan(stage: Stage, **more: Any) -> dict:
    given = stage.given(task_definition=revision(2), started_at=at(0), **more)
    return run(Command(**given), stage.ports)


def refused(stage: Stage) -> str:
    """The sentence with which the plan fails; no record is opened then."""
    result = plan(stage)
    assert (result["outcome"], result["evidence"]) == ("failed", None)
    assert stage.ports.canaries.get("checkout", "dev") is None
    return result["reason"]


def with_leftovers(**more: Any) -> Stage:
    """A canary of an earlier release was never taken back, and its execution has stopped."""
    stage = living()
    old = release(stage.ports, letter="a", salt=902)
    edit(stage, id="earlier", release=old.id, root=execution_arn("earlier"), **more)
    return stage


def test_the_record_says_what_runs_what_comes_and_how_the_service_scaled():
    # Given
    stage = prepared()

    # When
    result = plan(stage)

    # Then
    assert result["outcome"] == "ready"
    canary = record(stage)
    assert canary.id == stage.deployment().id
    assert (canary.task_definition, canary.stable_task_definition) == (revision(2), revision(1))
    assert (canary.root, canary.release, canary.attempt) == (stage.root, stage.release.id, 1)
    assert (canary.phase, canary.step, canary.weight, canary.held) == ("preparing", -1, 0.0, False)
    assert canary.scaling == SCALING
    assert "errors: profile robust" in canary.note


def test_what_is_known_of_the_services_noise_is_noted():
    # Given
    stage = prepared()
    measured = StoredCalibration(at(-60), at(-86_400), dispersion={"errors": 2.5}, note="It is noisy.")
    stage.ports.calibrations.put("checkout", "dev", measured)

    # When
    plan(stage)

    # Then
    assert "dispersion 2.5" in record(stage).note
    assert "It is noisy." in record(stage).note


def test_a_service_that_does_not_scale_by_itself_is_noted_as_such():
    # Given
    stage = prepared()
    stage.ports.scaling.scaled.clear()

    # When
    plan(stage)

    # Then
    assert record(stage).scaling is None


def test_nothing_of_the_world_is_changed():
    # Given
    stage = prepared()

    # When
    plan(stage)

    # Then
    changing = ("deploy", "resize", "create_canary", "set_weights", "suspend", "put", "remove")
    calls = [call for fake in (stage.ports.services, stage.ports.listener_rules, stage.ports.scaling)
             for call in fake.calls]  # fmt: skip
    assert not [call for call in calls if call.method in changing]


def test_planned_twice_the_first_record_stands():
    # Given
    stage = opened()
    edit(stage, phase="analysing", step=0)

    # Then
    assert plan(stage)["outcome"] == "ready"
    assert record(stage).step == 0


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ({STABLE: 100}, f"forwards to {STABLE}, not to both"),
        ({}, "forwards to no target group, not to both"),
        ({STABLE: 50, CANARY: 0, OTHER: 50}, "not to both target groups"),
        ({STABLE: 900, CANARY: 100}, "gives .* 90 % of the traffic, not all of it"),
        ({STABLE: 0, CANARY: 0}, "gives .* 0 % of the traffic, not all of it"),
    ],
)
def test_a_listener_rule_that_is_not_as_we_left_it_stops_the_plan(weights: dict, sentence: str):
    # Given
    stage = prepared()
    stage.ports.listener_rules.rules[RULES[1]] = ListenerRule(RULES[1], weights)

    # Then
    reason = refused(stage)
    assert reason.startswith(f"Listener rule {RULES[1]} ")
    assert re.search(sentence, reason)


def test_a_listener_rule_that_is_gone_stops_the_plan():
    # Given
    stage = prepared()
    del stage.ports.listener_rules.rules[RULES[0]]

    # Then
    assert refused(stage) == f"Listener rule {RULES[0]} does not exist."


def test_targets_of_somebody_else_stop_the_plan():
    # Given
    stage = prepared()
    stage.ports.target_groups.targets[CANARY] = (TargetState("10.9.9.9", "healthy"),)

    # Then
    assert "has targets (10.9.9.9) although no canary lives" in refused(stage)
    assert NAME in refused(stage)


@pytest.mark.parametrize("state", ["draining", "unused"])
def test_targets_that_get_no_requests_do_not_matter(state: str):
    # Given
    stage = prepared()
    stage.ports.target_groups.targets[CANARY] = (TargetState("10.9.9.9", state),)

    # Then
    assert plan(stage)["outcome"] == "ready"


def test_a_service_that_is_gone_stops_the_plan():
    # Given
    stage = prepared()
    stage.ports.services.described.clear()

    # Then
    assert refused(stage) == "There is no active service checkout in cluster dev."


def test_a_service_that_is_being_deployed_is_no_side_to_compare_with():
    # Given
    stage = prepared()
    (one,) = stage.ports.services.described["dev", "checkout"].deployments
    stage.change(deployments=(replace(one, rollout_state="IN_PROGRESS"),))

    # Then
    assert "being deployed" in refused(stage)


def test_a_service_whose_tasks_are_elsewhere_has_no_stable_side():
    # Given
    stage = prepared()
    stage.change(target_groups=(OTHER,))

    # Then
    assert refused(stage) == f"The tasks of checkout are not registered in target group {STABLE}."


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_was_told_to_stop_plans_nothing(signal: StopSignal):
    # Given
    stage = prepared()
    stage.stop(signal, "Enough.")

    # Then
    assert plan(stage) == {"outcome": str(signal), "reason": "Enough.", "evidence": None}
    assert stage.ports.canaries.get("checkout", "dev") is None


def test_without_a_way_back_there_is_nothing_to_compare_with_so_it_is_deployed_straight():
    # Given
    stage = prepared(before_deploy=BeforeDeploy("app", ("migrate",), point_of_no_return=True))
    stage.ports.releases.mark_point_of_no_return(stage.release.id)
    stage.stop(StopSignal.CANCELLED)

    # Then
    result = plan(stage)
    assert result["outcome"] == "straight"
    assert "nothing older can run" in result["reason"]
    assert stage.ports.canaries.get("checkout", "dev") is None


def test_a_service_that_runs_it_already_needs_no_canary():
    # Given
    stage = prepared()
    stage.change(task_definition=revision(2))

    # Then
    assert plan(stage)["outcome"] == "straight"


def test_without_an_open_deployment_no_canary_is_planned():
    # Given
    stage = prepared()
    stage.ports.deployments.stored.clear()

    # Then
    with pytest.raises(Terminal, match="no open deployment"):
        plan(stage)


def test_an_environment_with_another_strategy_has_no_canary():
    # Given
    stage = planned()

    # Then
    with pytest.raises(Terminal, match="has the strategy rolling, which has no canary"):
        plan(stage)


def test_the_lock_is_checked_directly_before_the_record_is_opened():
    # Given
    stage = prepared()
    loses_lock_before(stage, "target_groups", "health")

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        plan(stage)
    assert stage.ports.canaries.get("checkout", "dev") is None


def test_what_is_left_of_the_canary_before_is_taken_back_first_one_step_after_another():
    # Given
    stage = with_leftovers()

    # When
    first = plan(stage)

    # Then
    assert first["outcome"] == "draining"
    assert share(stage) == [0.0, 0.0]

    # When
    settle(stage)
    stage.ports.target_groups.targets[CANARY] = ()
    second = plan(stage)

    # Then
    assert second["outcome"] == "ready"
    assert_at_rest(stage)
    assert record(stage).id == stage.deployment().id


def test_tasks_of_the_canary_before_are_waited_for_while_they_drain():
    # Given
    stage = with_leftovers(phase="withdrawn")
    give(stage, 0)
    stage.ports.services.described["dev", NAME] = replace(
        stage.ports.services.described["dev", NAME], desired=0, running=1
    )

    # Then
    assert plan(stage)["outcome"] == "draining"
    stage.ports.clock.advance(PATIENCE.total_seconds())
    result = plan(stage)
    assert result["outcome"] == "failed"
    assert "has not gone yet" in result["reason"]


@pytest.mark.parametrize("seconds", [1, LONGEST_STICKINESS])
def test_rules_that_keep_their_clients_for_a_bounded_time_are_as_good_as_others(seconds: int):
    # Given
    stage = prepared()
    kept = ListenerRule(RULES[1], weights_for(0, STABLE, CANARY), Stickiness(True, seconds))
    stage.ports.listener_rules.rules[RULES[1]] = kept

    # Then
    assert plan(stage)["outcome"] == "ready"
    assert record(stage).sticky_seconds == seconds
    assert stage.ports.listener_rules.rules[RULES[1]] == kept


@pytest.mark.parametrize("stickiness", [Stickiness(True, LONGEST_STICKINESS + 1), Stickiness(True)])
def test_a_rule_that_keeps_its_clients_for_too_long_is_refused(stickiness: Stickiness):
    # Given
    stage = prepared()
    stage.ports.listener_rules.add(RULES[1], weights_for(0, STABLE, CANARY), stickiness)

    # When
    result = plan(stage)

    # Then
    assert result["outcome"] == "failed"
    assert f"Listener rule {RULES[1]} keeps its clients for " in result["reason"]
    assert "give its stickiness at most 3600" in result["reason"]
    assert stage.ports.canaries.get("checkout", "dev") is None


def test_a_duration_that_is_switched_off_is_no_obstacle():
    # Given
    stage = prepared()
    stage.ports.listener_rules.add(RULES[1], weights_for(0, STABLE, CANARY), Stickiness(False, 604_800))

    # Then
    assert plan(stage)["outcome"] == "ready"
    assert record(stage).sticky_seconds == 0


def test_cookies_of_the_canary_before_are_waited_for():
    # Given rules that kept its clients for ten minutes
    stage = with_leftovers()
    for rule in RULES:
        stage.ports.listener_rules.add(rule, weights_for(10, STABLE, CANARY), Stickiness(True, 600))
    plan(stage)
    settle(stage)
    stage.ports.target_groups.targets[CANARY] = ()

    # When
    first = plan(stage)

    # Then
    assert (first["outcome"], first["wait_seconds"]) == ("draining", 60)
    assert "Its clients' cookies lead to it until 12:10:10 UTC." in first["reason"]

    # When little is left
    stage.ports.clock.advance(570)

    # Then
    assert (plan(stage)["outcome"], plan(stage)["wait_seconds"]) == ("draining", 30)

    # When they have expired
    stage.ports.clock.advance(30)

    # Then the new canary begins with clients who are kept as before
    assert plan(stage)["outcome"] == "ready"
    assert [rule.stickiness for rule in stage.ports.listener_rules.rules.values()] == [
        Stickiness(True, 600)
    ] * 2
    assert (record(stage).id, record(stage).sticky_seconds) == (stage.deployment().id, 600)


def test_cookies_are_waited_for_no_longer_than_any_may_last():
    # Given people who have let the rules keep clients for a week, while the canary before had traffic
    stage = with_leftovers()
    for rule in RULES:
        stage.ports.listener_rules.add(rule, weights_for(10, STABLE, CANARY), Stickiness(True, 604_800))
    plan(stage)
    stage.ports.target_groups.targets[CANARY] = ()

    # Then
    stage.ports.clock.advance((LONGEST_WAIT - timedelta(seconds=1)).total_seconds())
    assert plan(stage)["outcome"] == "draining"
    stage.ports.clock.advance(1)
    assert plan(stage)["outcome"] == "failed"


def test_a_canary_that_has_ended_is_in_nobodys_way():
    # Given
    stage = with_leftovers(phase="ended")
    give(stage, 0)
    stage.ports.target_groups.targets[CANARY] = ()

    # Then
    assert plan(stage)["outcome"] == "ready"


def test_whatever_breaks_trying_again_finishes_it():
    def make():
        stage = prepared(settings(5, 25, 50))
        return stage.ports, lambda: plan(stage)

    check_repeatable(make)


def test_whatever_breaks_while_leftovers_are_cleared_trying_again_finishes_it():
    def make():
        stage = with_leftovers(phase="returning")
        give(stage, 0)
        stage.ports.target_groups.targets[CANARY] = ()
        return stage.ports, lambda: plan(stage)

    check_repeatable(make, forgiven=FORGIVEN | UNSTORED)
