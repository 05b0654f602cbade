"""Mending canaries that nobody looks after any more."""

from datetime import timedelta

from tests.unit import blue_green_stage
from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.canary_stage import (
    UNSTORED,
    assert_at_rest,
    edit,
    living,
    pulse,
    record,
    settle,
    share,
    take_back,
)
from tests.unit.stage import Stage
from tidegate.errors import Terminal
from tidegate.steps import pulse as pulse_step
from tidegate.steps import sweep
from tidegate.steps.canaries import SILENCE
from tidegate.steps.forgotten_canaries import mend_canary


def mend(stage: Stage) -> str | None:
    return mend_canary(stage.ports, record(stage))


def silent(stage: Stage) -> Stage:
    stage.ports.clock.advance(SILENCE.total_seconds())
    return stage


def dead(stage: Stage) -> Stage:
    stage.ports.machines.finish(stage.root, "ABORTED")
    return stage


def test_a_canary_whose_pulse_beats_is_left_alone():
    # Given
    stage = living()
    stage.ports.clock.advance((SILENCE - timedelta(seconds=1)).total_seconds())

    # Then
    assert mend(stage) is None
    assert not stage.ports.schedules.called("start")


def test_a_pulse_whose_schedule_is_gone_is_started_again():
    # Given
    stage = living()
    stage.ports.schedules.started.clear()

    # Then
    assert mend(stage) == "lost_pulses"
    assert stage.ports.schedules.started == {pulse(stage): {"service": "checkout", "environment": "dev"}}


def test_a_silent_pulse_is_told_of_and_its_machine_sees_to_the_canary():
    # Given
    stage = silent(living())

    # Then
    assert mend(stage) == "silent_pulses"
    assert share(stage) == [10.0, 10.0]


def test_what_neither_pulse_nor_machine_takes_back_is_taken_back():
    # Given
    stage = silent(dead(living()))

    # Then
    assert mend(stage) == "abandoned_canaries"
    settle(stage)
    assert [mend(stage) for _ in range(2)] == ["abandoned_canaries", "drained_canaries"]
    assert_at_rest(stage)
    assert record(stage).phase == "ended"


def test_a_pulse_that_beats_takes_back_by_itself_what_its_machine_left():
    # Given
    stage = dead(living())

    # Then
    assert mend(stage) is None
    assert share(stage) == [10.0, 10.0]


def test_tasks_that_drain_without_a_pulse_are_waited_for():
    # Given
    stage = living(decision="fail")
    take_back(stage)
    silent(stage)
    state = stage.ports.services.described["dev", "checkout-canary"]
    stage.ports.services.described["dev", "checkout-canary"] = type(state)(
        **{each: getattr(state, each) for each in state.__slots__} | {"running": 1}
    )

    # Then
    assert mend(stage) == "silent_pulses"
    assert record(stage).phase == "withdrawn"


def test_the_sweep_counts_what_it_mended_and_goes_on_after_what_it_could_not():
    # Given
    stage = silent(dead(living()))

    # When
    result = sweep.run(sweep.Command(), stage.ports)

    # Then
    assert result["found"]["abandoned_canaries"] == 1
    assert share(stage) == [0.0, 0.0]

    # Given
    edit(stage, release="nobody-knows")
    result = sweep.run(sweep.Command(), stage.ports)

    # Then
    assert result["found"]["errors"] == 1
    assert "canary checkout/dev: The ledger does not know release nobody-knows." in result["reason"]


def test_a_canary_that_has_ended_is_not_looked_at():
    # Given
    stage = living(phase="ended")

    # Then
    assert "silent_pulses" not in sweep.run(sweep.Command(), silent(stage).ports)["found"]


def test_a_schedule_that_cannot_be_started_is_an_error_of_the_sweep():
    # Given
    stage = living()
    stage.ports.schedules.started.clear()
    stage.ports.schedules.fail("start", Terminal("access denied"))

    # Then
    assert "access denied" in sweep.run(sweep.Command(), stage.ports)["reason"]


def test_whatever_breaks_trying_again_finishes_it():
    def make():
        stage = silent(dead(living(-1, phase="returning", decision="fail")))
        stage.ports.schedules.started.clear()

        def until_ended():
            while record(stage).phase != "ended":
                mend(stage)
            return {"phase": record(stage).phase}

        return stage.ports, until_ended

    check_repeatable(make, forgiven=FORGIVEN | UNSTORED)


def test_a_blue_green_deployment_that_nobody_looks_after_is_told_to_go_back():
    # Given
    stage = dead(silent(blue_green_stage.baking()))

    # When
    first = mend(stage)
    status = blue_green_stage.newest(stage).status
    blue_green_stage.ended(stage, "ROLLBACK_SUCCESSFUL")
    mend(stage)

    # Then
    assert (first, status) == ("abandoned_canaries", "STOP_REQUESTED")
    assert record(stage).phase == "ended"


def test_a_blue_green_deployment_whose_pulse_looks_is_left_alone():
    # Given
    stage = blue_green_stage.baking()
    stage.ports.clock.advance(SILENCE.total_seconds() - 1)
    pulse_step.run(pulse_step.Command(service="checkout", environment="dev"), stage.ports)
    stage.ports.clock.advance(60)

    # Then
    assert mend(stage) is None
