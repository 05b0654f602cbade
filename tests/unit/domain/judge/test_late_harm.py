"""Harm that begins after clean minutes is found soon, and nothing else changes."""

import json
import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from bench.judge_methods.judging import Evidence
from tidegate.domain.judge import (
    PROFILES,
    JudgeSettings,
    JudgeState,
    Metric,
    Period,
    ProfileName,
    observe,
    start,
)
from tidegate.domain.judge.late import HORIZON
from tidegate.domain.judge.likelihood import PRIOR, log_ratios
from tidegate.domain.judge.verdict import mounting_evidence

SHARE = 0.2
CLEAN = Period(1500, 1, 28500, 28)
BAD = Period(1500, 1500, 28500, 28)
WORSE = Period(1500, 75, 28500, 28)


def settings(profile: ProfileName = "fast", share: float = SHARE, **others: Any) -> JudgeSettings:
    return JudgeSettings(profile=profile, late_harm=share, **others)


def minutes(count: int, seed: int) -> list[Period]:
    """Minutes of some steps of seven, now better, now worse."""
    rng = np.random.default_rng(seed)
    counts = zip(rng.poisson(2, count), rng.poisson(20, count), strict=True)
    return [Period(1500, float(k), 28500, float(s), step=t // 7) for t, (k, s) in enumerate(counts)]


def summed(profile: ProfileName, share: float, periods: list[Period]) -> float:
    """The definition: a sum over the blocks with which a test may begin, each a product of its own."""
    length = PROFILES[profile].block_minutes
    begins = [
        t
        for step in {p.step for p in periods}
        for t in [t for t, p in enumerate(periods) if p.step == step][::length]
    ]
    begins = [*sorted(begins), len(periods)]
    blocks = []
    for a, b in pairwise(begins):
        rows = [
            (p.canary_requests, p.canary_errors, p.stable_requests, p.stable_errors) for p in periods[a:b]
        ]
        blocks.append(log_ratios(PROFILES[profile], *(sum(column) for column in zip(*rows, strict=True))))

    def left(t: int) -> float:
        return HORIZON / (HORIZON + t)

    total = share * left(begins[-2])  # tests of later blocks have seen nothing
    for j, prior in enumerate(PRIOR):
        for first in range(len(blocks)):
            weight = share * (left(begins[first - 1]) - left(begins[first])) if first else 1.0 - share
            total += prior * weight * math.exp(sum(block[j] for block in blocks[first:]))
    return math.log(total)


@pytest.mark.parametrize("share", [0.0, 0.05, SHARE, 0.9])
@pytest.mark.parametrize("profile", ["fast", "robust"])
def test_the_evidence_is_the_sum_over_all_tests_that_could_have_begun(profile, share):
    # Given minutes of several steps, of which the last ones are bad
    periods = [*minutes(30, seed=1), Period(1500, 30, 28500, 28, step=4)]

    # When they are judged one by one
    state = start(settings(profile, share))
    for count, period in enumerate(periods, start=1):
        state = observe(state, period)

        # Then the evidence is that of the definition after each
        assert state.log_evidence == pytest.approx(summed(profile, share, periods[:count]), abs=1e-5)


@pytest.mark.parametrize("profile", ["fast", "robust"])
def test_the_benchmark_holds_the_same_evidence(profile):
    # Given minutes that a state of the product judges
    evidence, state = Evidence(PROFILES[profile], 1, SHARE), start(settings(profile))
    for t, period in enumerate(minutes(30, seed=2)):
        counts = (
            period.canary_requests,
            period.canary_errors,
            period.stable_requests,
            period.stable_errors,
        )
        found = evidence.add(
            np.array(counts)[:, None], np.ones(1), np.array([t % 7 == 0]), np.zeros(1, dtype=int)
        )
        state = observe(state, period)

        # Then the benchmark has the same evidence, and the same that may hold a step
        assert found[0] == pytest.approx(state.log_evidence, abs=1e-5)
        assert evidence.mounting(found)[0] == pytest.approx(math.exp(mounting_evidence(state)), abs=1e-5)


def returned_after(clean: int, bad: Period, judge: JudgeSettings) -> int:
    state = start(judge)
    for _ in range(clean):
        state = observe(state, CLEAN)
    for minute in range(1, 61):
        state = observe(state, bad)
        if state.verdict == "roll_back":
            return minute
    return 61


@pytest.mark.parametrize("bad", [BAD, WORSE], ids=["all fail", "one in 20 fails"])
@pytest.mark.parametrize(("profile", "within"), [("fast", 3), ("robust", 6)])
def test_harm_after_twenty_clean_minutes_is_found_nearly_as_soon_as_at_first(profile, within, bad):
    # Then it takes minutes with the tests of late harm, and a third of an hour without them
    assert returned_after(20, bad, settings(profile)) <= within
    assert returned_after(20, bad, settings(profile, 0.0)) >= 15

    # And harm from the beginning is found in the same minute as before
    assert returned_after(0, bad, settings(profile)) == returned_after(0, bad, settings(profile, 0.0))


def test_returning_the_canary_stays_final():
    # Given a canary that was returned for harm that began late
    state = start(settings())
    for period in [CLEAN] * 20 + [BAD] * 3:
        state = observe(state, period)
    assert state.verdict == "roll_back"

    # When it answers without an error for three hours
    for _ in range(180):
        state = observe(state, CLEAN)

    # Then the verdict stays, although the evidence has gone
    assert state.verdict == "roll_back"
    assert state.log_evidence < 0


@pytest.mark.parametrize("profile", ["fast", "robust"])
def test_a_clean_canary_is_promoted_as_early_as_without(profile):
    # Given clean minutes in two steps
    periods = [CLEAN] * 4 + [Period(7500, 7, 22500, 22, step=1)] * 4

    # When both forms judge them
    states = start(settings(profile)), start(settings(profile, 0.0))
    for period in periods:
        states = observe(states[0], period), observe(states[1], period)

        # Then the verdicts are the same in every minute
        assert states[0].verdict == states[1].verdict
    assert states[0].verdict == "promote"


def test_what_has_not_begun_holds_no_step():
    # Given a judge whose tests have mostly not begun, and a minute of odds that would hold a step
    state = observe(start(settings(share=0.9)), Period(1500, 8, 28500, 26))
    assert state.log_evidence >= math.log(2.0)

    # Then the step goes on: what has begun proves less
    assert mounting_evidence(state) < math.log(2.0)
    assert state.verdict == "continue"


def test_evidence_that_mounts_late_holds_the_step():
    # Given a certified canary that begins to fail
    state = start(settings())
    for _ in range(20):
        state = observe(state, CLEAN)
    assert state.verdict == "promote"

    # Then no step is ended any more from the second bad minute on, before the canary is returned
    for _ in range(2):
        state = observe(state, Period(1500, 12, 28500, 28))
    assert (state.verdict, state.reason) == ("hold", "evidence_mounting")
    assert observe(state, Period(1500, 12, 28500, 28)).verdict == "roll_back"


def test_several_metrics_each_have_their_tests():
    # Given two metrics of which one becomes bad late
    judge = settings(metrics=(Metric("errors", 0.75), Metric("slow", 0.25)))
    state = start(judge)
    for _ in range(20):
        state = observe(state, {"errors": CLEAN, "slow": CLEAN})
    for _ in range(3):
        state = observe(state, {"errors": CLEAN, "slow": BAD})

    # Then the canary is returned for that one
    assert state.verdict == "roll_back"
    assert "bad responses (slow)" in state.sentence


def test_a_share_of_nothing_is_the_test_of_all_blocks():
    # Given the same minutes for the default settings and for a share of 0
    states = [start(JudgeSettings()), start(settings("robust", 0.0))]
    for period in minutes(30, seed=3):
        states = [observe(state, period) for state in states]

    # Then the states are the same, byte by byte
    assert states[0].to_json() == states[1].to_json()


def test_a_state_that_was_written_before_there_were_such_tests_goes_on():
    # Given a state without the number of closed periods
    state = observe(start(JudgeSettings(profile="fast")), CLEAN)
    plain = json.loads(state.to_json())
    plain["metrics"] = [values[:-1] for values in plain["metrics"]]

    # When it is read and goes on, then the evidence is as before
    old = observe(JudgeState.from_json(json.dumps(plain)), CLEAN)
    assert old.log_evidence == observe(state, CLEAN).log_evidence


@pytest.mark.parametrize("share", [-0.1, 1.0, math.nan])
def test_a_share_that_leaves_nothing_for_the_beginning_is_refused(share):
    with pytest.raises(ValueError, match="late_harm"):
        settings(share=share)
