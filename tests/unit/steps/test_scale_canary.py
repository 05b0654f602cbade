"""Making what a canary needs before its first request."""

from dataclasses import replace

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.canary_stage import (
    CANARY,
    NAME,
    SCALING,
    STABLE,
    edit,
    living,
    loses_lock_before,
    opened,
    prepared,
    pulse,
    record,
    scaling,
    settings,
    share,
    wanted,
)
from tests.unit.stage import Stage, revision
from tidegate.domain.outcome import StopSignal
from tidegate.domain.scaling import Suspended
from tidegate.errors import Terminal
from tidegate.steps.scale_canary import Command, run


def scale(stage: Stage) -> dict:
    return run(Command(**stage.given()), stage.ports)


def test_the_canary_gets_its_pulse_its_service_and_the_tasks_of_its_first_step():
    # Given
    stage = opened(prepared(settings(10, 50), desired=25))

    # When
    result = scale(stage)

    # Then
    assert result == {"outcome": "scaled", "reason": "3 tasks are being started for the first step."}
    assert stage.ports.schedules.started == {pulse(stage): {"service": "checkout", "environment": "dev"}}
    canary = stage.ports.services.described["dev", NAME]
    assert (canary.desired, canary.task_definition, canary.target_groups) == (3, revision(2), (CANARY,))
    assert share(stage) == [0.0, 0.0]


@pytest.mark.parametrize(("desired", "needed"), [(1, 1), (4, 1), (10, 1), (11, 2), (200, 20)])
def test_the_tasks_are_counted_from_what_the_stable_service_wants_now(desired: int, needed: int):
    # Given
    stage = opened(prepared(desired=4))
    stage.change(desired=desired)

    # When
    scale(stage)

    # Then
    assert wanted(stage) == needed
    assert wanted(stage, "checkout") == desired


def test_the_stable_side_loses_no_task_while_it_is_compared_with():
    # Given
    stage = opened()

    # When
    scale(stage)

    # Then
    assert record(stage).held
    assert scaling(stage) == replace(SCALING, suspended=Suspended(True, True, True))


def test_it_is_noted_before_it_is_done_that_scaling_is_held():
    # Given
    stage = opened()
    stage.ports.scaling.fail("suspend", Terminal("access denied"))

    # Then
    with pytest.raises(Terminal, match="access denied"):
        scale(stage)
    assert record(stage).held


def test_the_canary_scales_as_the_stable_service_does_on_its_own_requests():
    # Given
    stage = opened(prepared(desired=40))

    # When
    scale(stage)

    # Then
    made = scaling(stage, NAME)
    assert made is not None
    assert (made.minimum, made.maximum, made.suspended) == (4, 10, Suspended())
    (policy,) = made.policies
    specification = policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]
    group = CANARY.rpartition(":")[2]
    assert specification["ResourceLabel"] == f"app/checkout/50dc6c495c0c9188/{group}"


def test_more_tasks_than_the_stable_maximum_may_be_needed():
    # Given
    stage = opened(prepared(settings(50), desired=30))

    # When
    scale(stage)

    # Then
    made = scaling(stage, NAME)
    assert made is not None
    assert (made.minimum, made.maximum) == (15, 15)


def test_a_service_that_does_not_scale_by_itself_gets_a_canary_that_does_not_either():
    # Given
    stage = prepared()
    stage.ports.scaling.scaled.clear()
    opened(stage, scaling=None)

    # When
    scale(stage)

    # Then
    assert stage.ports.scaling.scaled == {}
    assert not record(stage).held
    assert wanted(stage) == 1


def test_scaling_that_was_taken_away_meanwhile_is_not_held():
    # Given
    stage = opened()
    stage.ports.scaling.scaled.clear()

    # When
    scale(stage)

    # Then
    assert scaling(stage) is None
    assert not stage.ports.scaling.called("suspend")


def test_a_canary_service_that_is_there_from_last_time_gets_the_new_version():
    # Given
    stage = opened(prepared(desired=20))
    stage.ports.services.add("dev", NAME, revision(7), 0, target_groups=(CANARY,))

    # When
    scale(stage)

    # Then
    assert not stage.ports.services.called("create_canary")
    canary = stage.ports.services.described["dev", NAME]
    assert (canary.desired, canary.task_definition) == (2, revision(2))


def test_tasks_of_another_version_are_replaced_even_when_there_are_enough():
    # Given
    stage = opened(prepared(desired=20))
    stage.ports.services.add("dev", NAME, revision(7), 9, target_groups=(CANARY,))

    # When
    scale(stage)

    # Then
    canary = stage.ports.services.described["dev", NAME]
    assert (canary.desired, canary.task_definition) == (2, revision(2))


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_was_told_to_stop_makes_nothing(signal: StopSignal):
    # Given
    stage = opened()
    stage.stop(signal)

    # When
    result = scale(stage)

    # Then
    assert result["outcome"] == "stopped"
    assert stage.ports.schedules.started == {}
    assert (stage.place, NAME) not in stage.ports.services.described


@pytest.mark.parametrize(("step", "phase"), [(0, "analysing"), (-1, "returning"), (-1, "withdrawn")])
def test_a_canary_that_is_further_on_is_left_alone(step: int, phase: str):
    # Given
    stage = living(step, phase=phase)
    before = len(stage.ports.services.calls)

    # When
    scale(stage)

    # Then
    assert len(stage.ports.services.calls) == before


def test_a_canary_that_is_taken_back_meanwhile_holds_nothing():
    # Given
    stage = opened()
    start = stage.ports.schedules.start

    def slow(*arguments):
        start(*arguments)
        edit(stage, phase="returning")

    stage.ports.schedules.start = slow

    # Then
    with pytest.raises(Terminal, match="being taken back"):
        scale(stage)
    assert not record(stage).held
    assert scaling(stage) == SCALING


@pytest.mark.parametrize(("port", "method"), [("scaling", "describe"), ("services", "describe")])
def test_the_lock_is_checked_directly_before_every_change(port: str, method: str):
    # Given
    stage = opened()
    loses_lock_before(stage, port, method)

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        scale(stage)
    assert not stage.ports.services.called("resize")


def test_a_stable_service_that_is_gone_has_no_canary():
    # Given
    stage = opened()
    stage.ports.services.add("dev", NAME, revision(2), 0)
    del stage.ports.services.described["dev", "checkout"]

    # Then
    with pytest.raises(Terminal, match="There is no active service checkout in dev"):
        scale(stage)


def test_without_a_record_there_is_no_canary():
    # Given
    stage = prepared()

    # Then
    with pytest.raises(Terminal, match="has no canary in dev"):
        scale(stage)


def test_the_canary_of_another_attempt_is_not_ours():
    # Given
    stage = opened(attempt=2)

    # Then
    with pytest.raises(Terminal, match="has no canary in dev"):
        scale(stage)


def test_the_canary_takes_the_place_of_one_group_alone():
    # Given
    stage = opened()

    # When
    scale(stage)

    # Then
    (call,) = stage.ports.services.called("create_canary")
    assert call.arguments[-1] == {STABLE: CANARY}


def test_whatever_breaks_trying_again_finishes_it():
    def make():
        stage = opened()
        return stage.ports, lambda: scale(stage)

    check_repeatable(make)
