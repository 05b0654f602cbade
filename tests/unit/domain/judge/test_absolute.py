"""The judge on absolute figures: what it promises, what it notices, and what it keeps."""

import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.judge import (
    AbsoluteSettings,
    AbsoluteState,
    Limit,
    observe_absolute,
    start_absolute,
)

ONE = AbsoluteSettings((Limit("errors", 0.01),))
TWO = AbsoluteSettings((Limit("errors", 0.01), Limit("slow", 0.05, 0.4)))


def judged(settings, *periods, dispersion=None):
    state = start_absolute(settings, dispersion)
    for requests, bad in periods:
        state = observe_absolute(state, {"errors": (requests, bad)})
    return state


def binomial(n: int, p: float) -> list[float]:
    return [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]


@pytest.mark.parametrize("limit", [0.01, 0.1, 0.4])
@pytest.mark.parametrize("share", [1.0, 0.7, 0.0])
def test_evidence_is_at_most_one_on_average_while_the_limit_is_kept(limit, share):
    # Given every outcome of two periods whose rates do not exceed the limit
    settings = AbsoluteSettings((Limit("errors", limit),))
    first, second = 9, 14
    chances = (binomial(first, limit * share), binomial(second, limit))

    # When
    expected = sum(
        chances[0][a] * chances[1][b] * math.exp(judged(settings, (first, a), (second, b)).log_evidence)
        for a, b in itertools.product(range(first + 1), range(second + 1))
    )

    # Then
    assert expected <= 1.0 + 1e-9


def test_evidence_is_at_most_one_on_average_for_bursts_of_the_size_that_is_known():
    # Given bursts of four responses that are all good or all bad, a hundredth of them bad
    chances = binomial(50, 0.01)

    # When
    expected = sum(
        chance * math.exp(judged(ONE, (200, 4 * bad), dispersion={"errors": 4.0}).log_evidence)
        for bad, chance in enumerate(chances)
    )

    # Then
    assert expected <= 1.0 + 1e-9


def test_evidence_of_two_dependent_kinds_is_at_most_one_on_average():
    # Given responses that are slow whenever they fail
    settings = AbsoluteSettings((Limit("errors", 0.1), Limit("slow", 0.1, 0.4)))

    # When
    expected = sum(
        chance
        * math.exp(
            observe_absolute(start_absolute(settings), {"errors": (30, k), "slow": (30, k)}).log_evidence
        )
        for k, chance in enumerate(binomial(30, 0.1))
    )

    # Then
    assert expected <= 1.0 + 1e-9


def false_rollbacks(runs: int, minutes: int, requests: int, burst: int, seed: int) -> int:
    """How often a version exactly at its limit is returned when it is judged every minute."""
    chance = random.Random(seed)
    found = 0
    for _ in range(runs):
        state = start_absolute(ONE, {"errors": float(burst)})
        for _ in range(minutes):
            bursts = requests // burst
            bad = burst * sum(chance.random() < 0.01 for _ in range(bursts))
            state = observe_absolute(state, {"errors": (bursts * burst, bad)})
            if state.verdict == "roll_back":
                found += 1
                break
    return found


@pytest.mark.parametrize(("requests", "burst"), [(60, 1), (600, 1), (600, 5)])
def test_a_version_at_its_limit_is_hardly_ever_returned(requests, burst):
    # Given 400 bakes of half an hour at exactly the tolerated rate; one in a hundred may be returned
    runs = 400

    # When
    found = false_rollbacks(runs, 30, requests, burst, seed=20261123 + requests + burst)

    # Then at most what 4 expected ones allow with a probability of 0.999
    assert found <= 11


@pytest.mark.parametrize(
    ("rate", "requests", "minutes"),
    [(0.05, 600, 1), (0.05, 60, 5), (0.02, 600, 4), (0.3, 10, 2), (1.0, 3, 2)],
)
def test_harm_is_seen_within_minutes(rate, requests, minutes):
    # Given a rate above the limit of 1 %, each minute exactly as expected
    state = judged(ONE, *[(requests, rate * requests)] * minutes)

    # Then
    assert state.verdict == "roll_back"
    assert "The evidence of more bad responses than tolerated reached" in state.sentence


def test_a_healthy_version_is_not_accused_and_its_figures_are_said():
    state = judged(ONE, *[(6000, 30)] * 60)

    assert (state.verdict, state.known) == ("continue", True)
    assert "errors 1,800 of 360,000 requests (0.5 %, 1 % tolerated)." in state.sentence


def test_without_requests_nothing_is_known():
    state = judged(ONE, *[(9, 0)] * 11)

    assert (state.verdict, state.known) == ("continue", False)
    assert state.sentence == "Nothing is known: 99 requests were seen of at least 100."
    assert judged(ONE, (9, 0), (91, 0)).known
    assert not start_absolute(ONE).known


def test_what_is_known_is_known_of_every_kind():
    # Given figures of errors alone
    state = observe_absolute(start_absolute(TWO), {"errors": (1000, 0)})

    # Then
    assert not state.known


def test_two_bad_responses_accuse_nobody():
    assert judged(ONE, (2, 2)).verdict == "continue"
    assert judged(ONE, (2, 2), (2, 2)).verdict == "roll_back"


def test_a_verdict_stays_whatever_comes_later():
    state = judged(ONE, (100, 50), *[(100_000, 0)] * 10)

    assert state.verdict == "roll_back"
    assert state.log_evidence < 0


def test_slow_responses_are_judged_beside_errors():
    state = observe_absolute(start_absolute(TWO), {"errors": (1000, 0), "slow": (1000, 200)})

    assert state.verdict == "roll_back"
    assert state.sentence.index("slow") < state.sentence.index("errors")


def test_more_bad_responses_than_requests_are_cut():
    assert judged(ONE, (10, 12)).totals == {"errors": (10.0, 10.0)}


def test_noise_that_is_known_makes_the_judge_slower():
    calm, noisy = judged(ONE, (600, 15)), judged(ONE, (600, 15), dispersion={"errors": 5.0})

    assert noisy.log_evidence < calm.log_evidence
    assert judged(ONE, (600, 15), dispersion={"errors": 0.2}).log_evidence == calm.log_evidence


@given(st.lists(st.tuples(st.floats(0, 1e9), st.floats(0, 1e9)), max_size=12), st.floats(1, 40))
def test_any_counts_are_judged_and_survive_being_stored(periods, dispersion):
    # When
    state = judged(ONE, *periods, dispersion={"errors": dispersion})

    # Then
    assert math.isfinite(state.log_evidence)
    assert AbsoluteState.from_json(state.to_json()) == state
    assert state.sentence.endswith(".")


def test_a_state_is_small():
    assert len(judged(TWO, *[(123_456.7, 89.1)] * 50).to_json()) < 1024


@pytest.mark.parametrize(
    "wrong",
    [
        {"limits": ()},
        {"limits": (Limit("a", 0.1), Limit("a", 0.2))},
        {"limits": (Limit("a", 0.0),)},
        {"limits": (Limit("a", 1.0),)},
        {"limits": (Limit("a", 0.1, 0.0),)},
        {"limits": (Limit("a", 0.1),), "alpha": 0.0},
    ],
)
def test_settings_that_guarantee_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"alpha|limit"):
        AbsoluteSettings(**wrong)
