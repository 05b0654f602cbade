"""Whatever is counted, the arithmetic neither fails nor says something absurd."""

import math
from datetime import timedelta

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tidegate.domain.judge import (
    JudgeSettings,
    JudgeState,
    Period,
    calibrate,
    estimate_dispersion,
    observe,
    start,
)
from tidegate.domain.judge.likelihood import log_ratios, log_sigmoid
from tidegate.domain.judge.settings import PROFILES

HUGE = 1e15
counts = st.one_of(
    st.just(0.0),
    st.integers(0, 10).map(float),
    st.floats(1e-6, 1e4),
    st.floats(1e4, HUGE),
)
profiles = st.sampled_from(sorted(PROFILES))
QUICK = settings(max_examples=150, deadline=timedelta(seconds=2), derandomize=True)


@st.composite
def periods(draw) -> Period:
    """A period whose canary answers between 0.1 and 99.9 % of the requests."""
    requests = draw(st.one_of(st.integers(1, 100).map(float), st.floats(1.0, HUGE)))
    share = draw(st.floats(0.001, 0.999))
    rates = draw(st.tuples(*[st.sampled_from([0.0, 1e-9, 0.001, 0.02, 0.5, 1.0])] * 2))
    canary, stable = requests * share, requests * (1 - share)
    return Period(canary, canary * rates[0], stable, stable * rates[1])


@QUICK
@given(profiles, counts, counts, counts, counts)
@example("fast", HUGE, HUGE, 1.0, 0.0)
@example("fast", 1.0, 0.0, HUGE, HUGE)
@example("robust", 1e-6, 1e-6, HUGE, 1e-6)
def test_evidence_of_any_counts_is_finite(profile, nc, kc, nb, kb):
    assert all(map(math.isfinite, log_ratios(PROFILES[profile], nc, kc, nb, kb)))


@QUICK
@given(profiles, st.sampled_from([0.0, 1e-300, 0.2, 0.999]), st.lists(periods(), max_size=12))
def test_any_sequence_of_periods_is_judged_and_survives_json(profile, late_harm, sequence):
    state = start(JudgeSettings(profile=profile, late_harm=late_harm), dispersion=1.5)
    for period in sequence:
        returned = state.verdict == "roll_back"
        state = observe(state, period)
        assert state.verdict == "roll_back" or not returned
        assert math.isfinite(state.log_evidence)
        assert math.isfinite(state.log_certificate)
        assert state.sentence.endswith(".")
        assert JudgeState.from_json(state.to_json()) == state
        assert len(state.to_json()) < 1024


@QUICK
@given(periods(), st.sampled_from(["fast", "robust"]))
def test_one_period_never_proves_more_than_bursts_allow_when_few_errors_were_seen(period, profile):
    # A block in which at most two errors happened returns no canary
    few = Period(period.canary_requests, min(2.0, period.canary_errors), period.stable_requests, 0.0)
    assert observe(start(JudgeSettings(profile=profile)), few).verdict != "roll_back"


@QUICK
@given(profiles, periods(), st.floats(1e-3, 1e3))
def test_evidence_depends_on_the_share_of_the_requests_only(profile, period, factor):
    # Given the same errors among more requests on both sides
    errors = (min(50.0, period.canary_errors), min(50.0, period.stable_errors))
    few = log_ratios(PROFILES[profile], period.canary_requests, errors[0], period.stable_requests, errors[1])
    many = log_ratios(
        PROFILES[profile],
        factor * period.canary_requests,
        errors[0],
        factor * period.stable_requests,
        errors[1],
    )

    # Then the evidence is the same: a common rate of errors says nothing
    assert all(math.isclose(x, y, rel_tol=1e-6, abs_tol=1e-6) for x, y in zip(few, many, strict=True))


@QUICK
@given(st.floats(-1e6, 1e6))
def test_the_logarithm_of_the_sigmoid_is_stable(x):
    assert log_sigmoid(x) <= 0.0
    assert math.isclose(log_sigmoid(x) - log_sigmoid(-x), x, rel_tol=1e-9, abs_tol=1e-9)


@QUICK
@given(st.lists(st.one_of(st.none(), st.floats(0, HUGE)), max_size=50))
def test_a_dispersion_lies_between_one_and_forty(errors):
    assert 1.0 <= estimate_dispersion(errors) <= 40.0


@settings(max_examples=15, deadline=timedelta(seconds=10), derandomize=True)
@given(
    st.integers(1, 5),
    st.lists(
        st.one_of(st.none(), st.tuples(st.integers(0, 10**9), st.integers(0, 50))), min_size=1, max_size=7
    ),
    st.integers(300, 500),
)
def test_any_history_calibrates_or_says_why_not(zones, cells, minutes):
    # Given zones whose minutes repeat some cells, with holes, silence and more errors than requests
    groups = [[cells[(t * (z + 1) + t // 7) % len(cells)] for t in range(minutes)] for z in range(zones)]

    # When they are calibrated
    found = calibrate(groups, exclude=range(10, 20))

    # Then dispersion is at least one at every weight, or there is a reason
    assert bool(found.reason) != found.usable
    for share in (0.001, 0.05, 0.5, 0.95, 0.999):
        assert 1.0 <= found.dispersion(share) <= 1e4
