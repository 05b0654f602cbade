"""Seeing that a blue/green deployment can begin, and opening the record of its bake."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.blue_green_stage import (
    GREEN,
    ONE,
    OTHER,
    PRODUCTION,
    TEST,
    TWO,
    bake,
    command,
    edit,
    give,
    healthy,
    is_pulsed,
    opened,
    prepared,
    record,
    serves,
    settings,
)
from tests.unit.breaking import check_repeatable
from tests.unit.examples import at, release
from tests.unit.stage import Stage, revision
from tidegate.domain.outcome import StopSignal
from tidegate.domain.strategy import BakeRules
from tidegate.errors import Terminal
from tidegate.steps.plan_blue_green import Command, run


def plan(stage: Stage) -> dict:
    return run(Command(**command(stage)), stage.ports)


def test_the_record_says_which_side_has_the_traffic_and_the_pulse_begins():
    # Given
    stage = prepared()

    # When
    result = plan(stage)

    # Then
    assert result["outcome"] == "ready"
    found = record(stage)
    assert (found.id, found.strategy, found.phase) == (stage.deployment().id, "blue_green", "preparing")
    assert (found.task_definition, found.stable_task_definition) == (GREEN, revision(1))
    assert (found.root, found.decision, found.shifted_at) == (stage.root, "none", None)
    assert (bake(stage).blue, bake(stage).green) == (ONE, TWO)
    assert is_pulsed(stage)


def test_the_sides_alternate():
    # Given
    stage = prepared()
    give(stage, PRODUCTION, TWO)
    healthy(stage, ONE, 0)
    healthy(stage, TWO, 2)

    # When
    plan(stage)

    # Then
    assert (bake(stage).blue, bake(stage).green) == (TWO, ONE)


def test_limits_and_alpha_are_those_of_the_manifest():
    # Given
    rules = BakeRules(alpha=0.02, error_rate=0.03, slow_rate=0.1, slow_ms=800, minimum_requests=7)
    stage = opened(prepared(settings(bake=rules)))

    # Then
    judge = bake(stage).state.settings
    assert [(each.name, each.rate) for each in judge.limits] == [("errors", 0.03), ("slow", 0.1)]
    assert (judge.alpha, judge.minimum_requests) == (0.02, 7)


def test_bursts_in_what_blue_did_lately_make_the_judge_more_careful():
    # Given an hour in which bad responses came six at a time
    stage = prepared()
    for minute in range(60):
        serves(stage, at(-60 * (minute + 1)), 600, 6.0 * (minute % 2), group=ONE)

    # When
    plan(stage)

    # Then
    assert bake(stage).state.dispersion["errors"] > 3


def test_a_short_history_tells_nothing():
    # Given
    stage = prepared()
    for minute in range(29):
        serves(stage, at(-60 * (minute + 1)), 600, 6.0 * (minute % 2), group=ONE)

    # When
    plan(stage)

    # Then
    assert bake(stage).state.dispersion == {}


def shared_out(stage: Stage) -> None:
    stage.ports.listener_rules.add(PRODUCTION, {ONE: 80, TWO: 20})


def elsewhere(stage: Stage) -> None:
    stage.ports.listener_rules.add(PRODUCTION, {ONE: 100, OTHER: 0})


def without_test_rule(stage: Stage) -> None:
    del stage.ports.listener_rules.rules[TEST]


def nobody_serves(stage: Stage) -> None:
    healthy(stage, ONE, 0, others="unhealthy")


def somebody_in_green(stage: Stage) -> None:
    healthy(stage, TWO, 0, others="initial")


def other_groups(stage: Stage) -> None:
    stage.change(target_groups=(OTHER,))


def in_flight(stage: Stage) -> None:
    known = stage.ports.services.described["dev", "checkout"]
    stage.change(deployments=(*known.deployments, *known.deployments))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (
            shared_out,
            "gives the two target groups 80 % and 20 % of the traffic; it must give all of it to one",
        ),
        (elsewhere, f"forwards to {ONE}, {OTHER}, not to both target groups"),
        (without_test_rule, f"Listener rule {TEST} does not exist."),
        (nobody_serves, f"No target of {ONE} is healthy"),
        (somebody_in_green, f"Target group {TWO} has targets (10.0.0.99) although it must be empty"),
        (other_groups, "is registered in neither target group"),
        (in_flight, "is being deployed already"),
    ],
)
def test_what_does_not_hold_beforehand_is_refused_and_nothing_is_touched(
    spoil: Callable[[Stage], None], words: str
):
    # Given
    stage = prepared()
    spoil(stage)

    # When
    result = plan(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", None)
    assert words in result["reason"]
    assert stage.ports.canaries.get("checkout", "dev") is None
    assert not is_pulsed(stage)


def test_targets_that_still_drain_in_green_are_no_obstacle():
    # Given
    stage = prepared()
    healthy(stage, TWO, 0, others="draining")

    # Then
    assert plan(stage)["outcome"] == "ready"


def test_a_service_that_is_gone_is_said_to_be():
    # Given
    stage = prepared()
    stage.ports.services.described.clear()

    # Then
    assert plan(stage)["reason"] == "There is no active service checkout in cluster dev."


def test_what_runs_already_needs_no_judge():
    # Given
    stage = prepared()
    stage.change(task_definition=GREEN)

    # Then
    assert plan(stage)["outcome"] == "ready"
    assert stage.ports.canaries.get("checkout", "dev") is None


def test_a_release_that_was_told_to_stop_begins_nothing():
    # Given
    stage = prepared()
    stage.stop(StopSignal.CANCELLED)

    # Then
    assert plan(stage)["outcome"] == "cancelled"
    assert not is_pulsed(stage)


def test_the_record_of_an_earlier_bake_is_ended():
    # Given
    stage = opened()
    old = release(stage.ports, letter="a", salt=902)
    edit(stage, id="earlier", release=old.id)

    # When
    result = plan(stage)

    # Then
    assert result["outcome"] == "ready"
    assert record(stage).id == stage.deployment().id


def test_a_canary_that_has_not_gone_is_not_taken_for_a_bake():
    # Given a manifest that has changed its strategy
    stage = opened()
    old = release(stage.ports, letter="a", salt=902)
    edit(stage, id="earlier", release=old.id, strategy="canary")

    # When
    result = plan(stage)

    # Then
    assert result["outcome"] == "failed"
    assert result["reason"].startswith(f"The canary of {old.id} has not gone yet")


def test_without_the_lock_nothing_is_opened():
    # Given
    stage = prepared()
    stage.ports.locks.held.clear()

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        plan(stage)
    assert stage.ports.canaries.get("checkout", "dev") is None


def test_without_an_open_deployment_something_is_wrong():
    # Given
    stage = prepared()
    deployment = stage.deployment()
    stage.ports.deployments.close(replace(deployment, outcome="failed", ended_at=at(1)))

    # Then
    with pytest.raises(Terminal, match="has no open deployment"):
        plan(stage)


def test_planning_can_be_tried_again_after_every_failure():
    def make():
        stage = prepared()
        return stage.ports, lambda: plan(stage)

    check_repeatable(make)
