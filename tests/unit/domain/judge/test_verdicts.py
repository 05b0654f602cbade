"""Every situation has a verdict and a sentence that says what it rests on."""

import math

import pytest

from tidegate.domain.judge import (
    Calibration,
    JudgeSettings,
    JudgeState,
    Metric,
    Period,
    closed_periods,
    observe,
    start,
)

FAST = JudgeSettings(profile="fast")
CLEAN = Period(1500, 1, 28500, 28)
BAD = Period(1500, 75, 28500, 28)


def judged(periods, settings=FAST, **arguments) -> JudgeState:
    state = start(settings, **arguments)
    for period in periods:
        state = observe(state, period)
    return state


def test_nothing_observed_is_a_hold():
    state = start()
    assert (state.verdict, state.reason, state.inconclusive) == ("hold", "no_period", True)
    assert "nothing is known" in state.sentence


def test_a_grossly_bad_canary_is_returned_in_its_first_minute():
    state = judged([BAD])
    assert (state.verdict, state.reason) == ("roll_back", "harm_proven")
    assert "75 of 1,500 requests (5 %)" in state.sentence
    assert "100 to 1" in state.sentence


def test_returning_the_canary_is_final():
    # Given a canary that was returned
    state = judged([BAD])

    # When it answers without an error for an hour
    for _ in range(60):
        state = observe(state, Period(1500, 0, 28500, 28))

    # Then the verdict stays, although the evidence has gone
    assert state.verdict == "roll_back"
    assert state.log_evidence < 0


def test_a_clean_canary_may_be_promoted_after_two_minutes_in_the_step():
    # Given a canary in its first step
    first = judged([CLEAN])
    second = observe(first, CLEAN)

    # Then it is certified in the second minute, not before
    assert [first.verdict, second.verdict] == ["continue", "promote"]
    assert "not worse than stable by 0.5 percentage points" in second.sentence

    # When the next step begins, then the minimum counts anew
    third = observe(second, Period(7500, 7, 22500, 22, step=1))
    assert third.verdict == "continue"
    assert observe(third, Period(7500, 7, 22500, 22, step=1)).verdict == "promote"


def test_mounting_evidence_holds_the_step():
    state = judged([Period(150, 3, 2850, 2)])
    assert (state.verdict, state.reason) == ("hold", "evidence_mounting")
    assert "40.2 to 1" in state.sentence


def test_two_errors_return_no_canary_however_unlikely_they_are():
    # Given a stable side that never fails
    state = judged([Period(100, 2, 10_000_000, 0)], JudgeSettings(profile="fast", alpha=0.25))

    # Then the evidence is above the limit, and the gate holds
    assert (state.verdict, state.reason) == ("hold", "few_errors")
    assert observe(state, Period(100, 1, 10_000_000, 0)).verdict == "roll_back"


@pytest.mark.parametrize(
    ("period", "reason", "words"),
    [
        (Period(0, 0, 30000, 30), "no_canary_requests", "nothing to judge"),
        (Period(30000, 30, 0, 0), "no_stable_requests", "nothing to compare"),
        (Period(0, 0, 0, 0), "no_canary_requests", "nothing to judge"),
        (Period(9, 0, 171, 0), "few_requests", "Too little data: 45 requests"),
    ],
)
def test_too_little_data_is_never_a_silent_pass(period, reason, words):
    state = judged([period] * 5)
    assert (state.verdict, state.reason, state.inconclusive) == ("hold", reason, True)
    assert words in state.sentence


def test_a_control_that_falls_silent_stops_the_comparison():
    # Given a canary that was promoted early
    state = judged([CLEAN] * 5)
    assert state.verdict == "promote"

    # When stable answers nothing for three minutes
    verdicts = []
    for _ in range(3):
        state = observe(state, Period(1500, 0, 0, 0))
        verdicts.append(state.verdict)

    # Then the third is a hold, which ends with the next comparable minute
    assert verdicts[-1] == "hold"
    assert "last 3 periods" in state.sentence
    assert observe(state, CLEAN).verdict == "promote"


def test_a_stable_side_without_errors_is_compared_all_the_same():
    # Given errors on the canary alone
    state = judged([Period(1500, 8, 28500, 0)])
    assert state.verdict == "roll_back"
    assert "stable had none to compare with" in state.sentence

    # And none on either side
    assert judged([Period(1500, 0, 28500, 0)] * 3).verdict == "promote"


def test_a_period_enters_exactly_once():
    # Given a judged minute
    minute = Period(150, 3, 2850, 2, index=29_000_000)
    once = judged([minute])

    # When it is retried, revised, or an older one arrives late, then nothing changes
    assert observe(once, minute) == once
    assert observe(once, Period(150, 9, 2850, 2, index=29_000_000)) == once
    assert observe(once, Period(150, 9, 2850, 2, index=28_999_999)) == once

    # And the next one enters
    assert observe(once, Period(150, 0, 2850, 2, index=29_000_001)).periods == 2


def test_only_final_periods_are_judged():
    # Given readings of four minutes, of which the third still changed and the fourth is running
    earlier = {10: CLEAN, 11: CLEAN, 12: Period(700, 0, 14000, 9)}
    now = {10: CLEAN, 11: CLEAN, 12: CLEAN, 13: CLEAN}

    # Then a minute is final when it is old enough, or two readings agree, and none is skipped
    assert len(closed_periods(now, {}, now=13)) == 2
    assert len(closed_periods(now, earlier, now=13)) == 2
    assert len(closed_periods(now, now, now=13)) == 3
    assert len(closed_periods(now, {}, now=15)) == 4
    assert closed_periods({11: CLEAN, 12: CLEAN}, {12: CLEAN}, now=12, settled_age=2) == []


def test_the_first_minutes_of_a_step_can_be_left_out():
    # Given fresh tasks that fail in their first two minutes
    settings = JudgeSettings(profile="fast", warm_up_minutes=2)
    cold = Period(1500, 75, 28500, 28)
    state = judged([cold, cold], settings)
    assert (state.verdict, state.reason) == ("hold", "warming_up")
    assert "first 2 minutes of a step" in state.sentence

    # When they have warmed up, then the canary passes as if nothing had been
    assert observe(observe(state, CLEAN), CLEAN).verdict == "promote"
    # And the next step begins cold again
    assert observe(state, Period(7500, 300, 22500, 22, step=1)).verdict == "hold"
    # But errors that stay return the canary
    assert observe(state, cold).verdict == "roll_back"


# --- profiles ---

DAY = Calibration("ok", at_one_minute=1.5, largest=4.0, geometry=3.0, errors_per_minute=6.0, minutes=1440)
NONE = Calibration("fallback", "under 6 h of usable history", total_dispersion=7.0)


@pytest.mark.parametrize(
    ("asked", "calibration", "profile", "note"),
    [
        ("robust", None, "robust", ""),
        ("robust", DAY, "calibrated", ""),
        ("robust", NONE, "robust", "under 6 h"),
        ("calibrated", DAY, "calibrated", ""),
        ("calibrated", NONE, "robust", "under 6 h"),
        ("calibrated", None, "robust", "no history"),
        ("guarded", DAY, "guarded", ""),
        ("guarded", NONE, "robust", "under 6 h"),
        ("fast", DAY, "fast", ""),
    ],
)
def test_the_profile_in_force_follows_the_history_and_is_said(asked, calibration, profile, note):
    state = observe(start(JudgeSettings(profile=asked), calibration=calibration), CLEAN)
    assert state.metrics[0].profile == profile
    assert f"Profile {profile}" in state.sentence
    assert note in state.sentence


def test_robust_can_be_kept_although_a_calibration_exists():
    state = start(JudgeSettings(prefer_calibrated=False), calibration=DAY)
    assert state.metrics[0].profile == "robust"


def test_a_fallback_uses_the_dispersion_of_the_total_counts():
    assert start(JudgeSettings(), calibration=NONE).metrics[0].dispersion == 7.0
    assert start(JudgeSettings(), dispersion=9.0, calibration=NONE).metrics[0].dispersion == 9.0


def test_a_growing_error_rate_raises_the_dispersion():
    # Given a noisy service
    calm = observe(start(calibration=DAY), Period(15000, 3, 15000, 3))

    # When its stable tasks fail ten times as often
    rough = observe(calm, Period(15000, 30, 15000, 30))

    # Then the same difference counts for less
    assert rough.metrics[0].dispersion > 3 * calm.metrics[0].dispersion


def test_a_block_of_five_minutes_ends_with_its_step():
    # Given two minutes of the robust profile's block
    state = judged([CLEAN, CLEAN], JudgeSettings())
    assert state.metrics[0].block_periods == 2

    # When the step changes, then the block is closed and a new one begins
    state = observe(state, Period(7500, 7, 22500, 22, step=1))
    assert state.metrics[0].block_periods == 1
    assert state.metrics[0].block[0] == 7500


def test_errors_in_a_minute_without_a_comparison_are_no_evidence():
    # Given a block in which stable fell silent for a minute of canary errors
    silent = judged([CLEAN, Period(1500, 60, 0, 0), CLEAN], JudgeSettings())

    # Then the evidence is that of the other minutes
    assert silent.log_evidence == judged([CLEAN, CLEAN], JudgeSettings()).log_evidence
    assert silent.metrics[0].block_periods == 3


def test_ten_second_periods_add_up_to_the_evidence_of_their_minute():
    # Given one minute in six parts
    parts = [Period(25, k, 475, 1, index=i) for i, k in enumerate([1, 0, 2, 0, 0, 3])]

    # When they are judged one by one, and as a whole
    split = judged(parts, JudgeSettings(profile="fast", period_seconds=10))
    whole = judged([Period(150, 6, 2850, 6)])

    # Then noise of one minute has not been counted six times
    assert split.log_evidence == pytest.approx(whole.log_evidence, abs=1e-7)
    assert split.metrics[0].block_periods == 0


# --- several metrics ---

TWO = JudgeSettings(profile="fast", metrics=(Metric("errors", 0.75), Metric("slow", 0.25, harm=0.01)))


def test_harm_in_one_of_several_metrics_returns_the_canary():
    # When only the slow responses are worse
    state = judged([{"errors": CLEAN, "slow": Period(1500, 90, 28500, 285)}] * 3, TWO)

    # Then the sentence names them
    assert state.verdict == "roll_back"
    assert "bad responses (slow)" in state.sentence


def test_combined_evidence_is_the_weighted_average():
    slow = Period(1500, 20, 28500, 285)
    both = judged([{"errors": CLEAN, "slow": slow}], TWO)

    alone = [judged([p]).log_evidence for p in (CLEAN, slow)]
    assert math.exp(both.log_evidence) == pytest.approx(0.75 * math.exp(alone[0]) + 0.25 * math.exp(alone[1]))


def test_all_metrics_must_be_certified_before_a_promotion():
    # Given clean errors and slow responses of which nothing is known
    state = judged([{"errors": CLEAN}] * 5, TWO)

    # Then the deployment holds instead of passing on half of the evidence
    assert (state.verdict, state.inconclusive) == ("hold", True)

    # And with both clean it is promoted
    state = judged([{"errors": CLEAN, "slow": Period(1500, 15, 28500, 285)}] * 5, TWO)
    assert state.verdict == "promote"


def test_an_unknown_metric_is_refused():
    with pytest.raises(ValueError, match="wanted for errors, slow, not for latency"):
        observe(start(TWO), {"latency": CLEAN})


# --- JSON ---


def test_a_state_survives_json_in_less_than_a_kilobyte_a_metric():
    # Given two calibrated metrics after many fractional minutes
    settings = JudgeSettings(metrics=TWO.metrics, harm=0.004321, alpha=0.0123, late_harm=0.05)
    state = start(settings, calibration=DAY)
    for i in range(200):
        slow = Period(
            1234.5678901 + i / 7, 12.3456789 + i / 7, 98765.4321 + i / 7, 987.654321 + i / 7, 29_000_000 + i
        )
        state = observe(state, {"errors": slow, "slow": slow})

    # Then it is small and comes back the same, and goes on the same
    text = state.to_json()
    assert len(text) < 2 * 1024
    assert JudgeState.from_json(text) == state
    assert observe(JudgeState.from_json(text), {"errors": CLEAN}) == observe(state, {"errors": CLEAN})


@pytest.mark.parametrize("text", ["[]", '{"v":99}', "{}"])
def test_something_else_is_not_taken_for_a_state(text):
    with pytest.raises(ValueError, match="not a judge state"):
        JudgeState.from_json(text)


@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha": 0.0},
        {"beta": 1.0},
        {"profile": "reckless"},
        {"harm": 0.0},
        {"period_seconds": 7},
        {"metrics": []},
        {"metrics": [["errors"], ["errors"]]},
        {"tempo": 3},
    ],
)
def test_settings_that_guarantee_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"\w+"):
        JudgeSettings.from_dict(wrong)


@pytest.mark.parametrize("count", [-1.0, float("nan"), float("inf")])
def test_what_cannot_be_a_count_is_refused(count):
    with pytest.raises(ValueError, match="count"):
        Period(10, count, 10, 0)


def test_a_dispersion_below_one_is_refused():
    with pytest.raises(ValueError, match="at least 1"):
        start(FAST, dispersion=0.5)
