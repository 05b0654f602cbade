"""What the judge is told of a canary."""

import pytest

from tests.unit.canary_world import SLOW, settings
from tests.unit.examples import NOON, at
from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.judge import Calibration, JudgeSettings, Metric
from tidegate.domain.judging import LATE_HARM, OLDEST_CALIBRATION, first_state, judge_settings, outlook
from tidegate.domain.strategy import JudgeRules, PublishedMetrics

CALM = Calibration("ok", at_one_minute=1.0, largest=1.2, errors_per_minute=30.0, minutes=1400, groups=3)
NOISY = Calibration("ok", at_one_minute=4.0, largest=60.0, errors_per_minute=2.0, minutes=1400, groups=3)
NONE = Calibration("fallback", "under 30 errors in history", total_dispersion=1.5)


def stored(
    calibration: Calibration = CALM, *, age: float = 3600, note: str = "", **dispersion: float
) -> StoredCalibration:
    return StoredCalibration(at(-age), at(-age - 86_400), {"errors": calibration.to_dict()}, dispersion, note)


def profiles(rules: JudgeRules, known: StoredCalibration | None) -> list[str]:
    return [metric.profile for metric in first_state(settings(judge=rules), known, NOON).metrics]


def test_the_settings_are_those_of_the_manifest():
    # When
    rules = JudgeRules(0.02, "guarded", 0.01, 0.1, 50, 2, (SLOW,))
    found = judge_settings(rules, 10)

    # Then
    assert found == JudgeSettings(
        alpha=0.02,
        profile="guarded",
        harm=0.01,
        beta=0.1,
        late_harm=LATE_HARM,
        metrics=(Metric("errors", 1.0), Metric("slow_p99", 0.4)),
        period_seconds=10,
        minimum_requests=50,
        warm_up_minutes=2,
    )


def test_the_defaults_of_the_manifest_are_those_of_the_judge_with_tests_of_late_harm():
    assert LATE_HARM > 0
    assert judge_settings(JudgeRules()) == JudgeSettings(late_harm=LATE_HARM)


def test_robust_gives_way_to_calibrated_where_the_history_allows_it():
    assert profiles(JudgeRules(), stored()) == ["calibrated"]
    assert profiles(JudgeRules(), stored(NONE)) == ["robust"]
    assert profiles(JudgeRules(), None) == ["robust"]


def test_each_metric_has_the_profile_that_its_own_history_allows():
    assert profiles(JudgeRules(slow=(SLOW,)), stored()) == ["calibrated", "robust"]


@pytest.mark.parametrize(
    ("asked", "with_history", "without"), [("guarded", "guarded", "robust"), ("fast", "fast", "fast")]
)
def test_other_profiles_are_what_the_manifest_says(asked: str, with_history: str, without: str):
    assert profiles(JudgeRules(profile=asked), stored()) == [with_history]
    assert profiles(JudgeRules(profile=asked), None) == [without]


def test_without_a_calibration_the_dispersion_of_the_total_counts():
    state = first_state(
        settings(judge=JudgeRules(slow=(SLOW,))), stored(NONE, errors=2.5, slow_p99=0.5), NOON
    )
    assert [metric.dispersion for metric in state.metrics] == [2.5, 1.0]


def test_a_calibration_of_last_week_is_not_believed():
    old = OLDEST_CALIBRATION.total_seconds()
    assert profiles(JudgeRules(), stored(age=old)) == ["calibrated"]
    assert profiles(JudgeRules(), stored(age=old + 1)) == ["robust"]
    assert "is too old to be used" in outlook(settings(), stored(age=old + 1), NOON)


def test_the_period_is_that_of_the_metrics():
    metrics = PublishedMetrics("n", "r", "e", {}, {}, period_seconds=10)
    assert first_state(settings(metrics=metrics), None, NOON).settings.period_seconds == 10


def test_people_are_told_which_profile_judges_and_why():
    assert outlook(settings(), stored(), NOON) == (
        "errors: profile calibrated, dispersion between stable groups 1 over one minute, 1.2 at most. "
        "Measured 2026-11-23 11:00 UTC."
    )
    assert outlook(settings(), None, NOON) == (
        "errors: profile robust. The service's own noise has not been measured yet."
    )
    fallback = outlook(settings(), stored(NONE, note="Because.", errors=2.0), NOON)
    assert fallback.startswith(
        "errors: profile robust, dispersion 2 (no calibration (under 30 errors in history))."
    )
    assert fallback.endswith("Because.")


def test_people_are_warned_of_a_service_too_noisy_to_see_much():
    assert "only gross failures are found" in outlook(settings(), stored(NOISY), NOON)


def test_the_judge_of_a_noisy_service_fits_its_record():
    state = first_state(settings(judge=JudgeRules(slow=(SLOW,))), stored(NOISY), NOON)
    assert len(state.to_json()) < 1024
