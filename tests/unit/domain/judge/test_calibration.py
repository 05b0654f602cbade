"""What a history of the service's own groups allows, and what it does not."""

import random
from dataclasses import replace

import pytest

from tidegate.domain.judge import Calibration, JudgeSettings, Period, calibrate, most_cautious, observe, start

Minutes = list[tuple[int, int] | None]


def group(minutes: int = 1440, mean: int = 3, seed: int = 1, requests: int = 1000) -> Minutes:
    draw = random.Random(seed)
    return [(requests, sum(draw.random() < 0.1 for _ in range(10 * mean))) for _ in range(minutes)]


def zones(count: int = 3, **arguments: int) -> list[Minutes]:
    return [group(seed=seed, **arguments) for seed in range(count)]


@pytest.mark.parametrize(
    ("minutes", "status", "reason"),
    [
        (1440, "ok", ""),
        (1200, "ok", ""),
        (1199, "ok-short", ""),
        (360, "ok-short", ""),
        (359, "fallback", "under 6 h of usable history"),
    ],
)
def test_the_length_of_the_history_sets_the_status(minutes, status, reason):
    found = calibrate(zones(minutes=minutes))
    assert (found.status, found.reason) == (status, reason)


@pytest.mark.parametrize("groups", [[], [[]], [group()], [[None] * 1440, [None] * 1440]])
def test_without_two_groups_there_is_no_calibration(groups):
    found = calibrate(groups)
    assert not found.usable
    assert found.reason
    assert found.dispersion(0.5) == 1.0


def test_a_fallback_knows_the_dispersion_of_the_total():
    noisy = [(1000, 0 if t % 2 else 20) for t in range(1440)]
    assert calibrate([noisy]).total_dispersion == pytest.approx(20.0, rel=0.01)


def test_a_group_that_was_missing_for_long_is_dropped():
    # Given three zones of which one was there for seven hours only
    present = zones()
    present[2][:1020] = [None] * 1020

    # Then the other two calibrate the whole day
    found = calibrate(present)
    assert (found.groups, found.minutes) == (2, 1440)


def test_a_group_with_hardly_any_requests_is_dropped():
    found = calibrate([*zones(2), group(seed=9, requests=40)])
    assert found.groups == 2


def test_minutes_that_cannot_be_used_cut_the_history():
    # Given a zone with silence, more errors than requests, and a hole
    groups = zones()
    groups[1][100], groups[1][200], groups[1][300] = (0, 0), (5, 6), None

    # Then those minutes are left out, and the excluded ones
    assert calibrate(groups, exclude=[400, 401, 99999]).minutes == 1440 - 5


def test_the_noisiest_hour_is_named():
    # Given one zone that failed in the eleventh hour
    groups = zones()
    for t in range(610, 640):
        groups[0][t] = (1000, 150)

    # Then it is named, and leaving it out calms the calibration
    found = calibrate(groups)
    assert found.noisiest_minute == 600
    assert calibrate(groups, exclude=range(600, 660)).largest < found.largest / 3


def test_seven_days_give_the_largest_of_their_figures():
    days = [
        Calibration("ok", at_one_minute=a, largest=b, errors_per_minute=e)
        for a, b, e in [(2, 3, 1), (1, 9, 5)]
    ]
    found = most_cautious([*days, Calibration("fallback", "under 6 h of usable history")])
    assert (found.at_one_minute, found.largest, found.errors_per_minute) == (2, 9, 5)
    assert most_cautious([Calibration("fallback", "why")]).reason == "why"
    with pytest.raises(ValueError, match="at least one"):
        most_cautious([])


def test_a_service_too_noisy_to_see_much_is_warned_of():
    noisy = Calibration("ok", largest=300.0, geometry=3.0, errors_per_minute=6.0)
    assert "often be missed" in noisy.warning
    assert "too noisy" in start(calibration=noisy).sentence
    assert replace(noisy, largest=1.0).warning == ""


def test_a_calibration_survives_storage():
    found = calibrate(zones(), group_tasks=4.0)
    assert Calibration.from_dict(found.to_dict()) == found


def test_more_tasks_than_a_group_do_not_make_a_canary_calmer():
    found = Calibration("ok", at_one_minute=2.0, largest=8.0, geometry=3.0, group_tasks=4.0)
    assert found.dispersion(0.5, 1.0, 1, 12) > found.dispersion(0.5, 1.0, 4, 12)
    assert found.dispersion(0.5, 1.0, 12, 12) == found.dispersion(0.5)
    assert found.dispersion(0.5, 1.0, None, 12) == found.dispersion(0.5)


# --- groups compared live ---

CALM = Calibration("ok", geometry=3.0, errors_per_minute=30.0)


def minute(*errors: float) -> Period:
    groups = tuple((9500.0, error) for error in errors)
    return Period(1500, 2, 28500, sum(errors), stable_groups=groups)


def dispersion_after(periods: list[Period], calibration: Calibration = CALM) -> float:
    state = start(JudgeSettings(profile="calibrated"), calibration=calibration)
    for period in periods:
        state = observe(state, period)
    return state.metrics[0].dispersion


def test_noise_that_the_history_did_not_have_raises_the_dispersion():
    # Given stable groups that agree, and stable groups of which one fails for minutes
    assert dispersion_after([minute(10, 9, 11)] * 10) == 1.0
    assert dispersion_after([minute(60, 9, 11)] * 10) > 3.0


def test_groups_that_always_differ_are_compared_by_their_usual_rates():
    usual = replace(CALM, group_rates=(2.25, 0.375, 0.375))
    assert dispersion_after([minute(60, 10, 10)] * 10, usual) == 1.0


@pytest.mark.parametrize("errors", [(60.0,), (60.0, 9500.1)])
def test_a_single_or_unusable_group_says_nothing(errors):
    assert dispersion_after([minute(*errors)] * 10) == 1.0


def test_a_history_that_is_noisier_than_now_stays_in_force():
    noisy = replace(CALM, at_one_minute=3.0, largest=9.0)
    assert dispersion_after([minute(10, 9, 11)] * 10, noisy) == dispersion_after(
        [Period(1500, 2, 28500, 30)], noisy
    )
