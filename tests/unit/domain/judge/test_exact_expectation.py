"""Exact enumeration: the expected evidence is at most one wherever the theorem says so."""

import math
from collections.abc import Callable

import pytest

from tidegate.domain.judge import PROFILES, JudgeSettings, JudgeState, Period, Profile, observe, start
from tidegate.domain.judge.certificate import log_certificates
from tidegate.domain.judge.late import waiting
from tidegate.domain.judge.likelihood import REACH, SPACING, log_ratios, log_sigmoid, noise_weights

WEIGHTS = [0.001, 0.05, 0.5, 0.95, 0.999]
PROFILE_NAMES = ["fast", "robust"]
Noise = Callable[[float], list[tuple[float, float]]]  # from the centre: weights and logits


def log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def expectations(profile: Profile, share: float, errors: int, noise: Noise) -> list[float]:
    """Expected evidence for each alternative, at the tolerated ratio, given all errors."""
    canary, stable = 1e5 * share, 1e5 * (1 - share)
    start = math.log(canary / stable) + SPACING * profile.tolerated_step
    sums = [0.0] * 7
    for k in range(errors + 1):
        probability = sum(
            weight * math.exp(log_choose(errors, k) + k * log_sigmoid(v) + (errors - k) * log_sigmoid(-v))
            for weight, v in noise(start)
        )
        for j, ratio in enumerate(log_ratios(profile, canary, k, stable, errors - k)):
            sums[j] += probability * math.exp(ratio)
    return sums


def on_the_grid(kappa: float, epsilon: float) -> Noise:
    weights = noise_weights(kappa, epsilon)
    return lambda start: [
        (w, start + SPACING * i) for w, i in zip(weights, range(-REACH, REACH + 1), strict=True)
    ]


@pytest.mark.parametrize("errors", [1, 2, 3, 7, 20, 60])
@pytest.mark.parametrize("share", WEIGHTS)
@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_with_noise_and_bursts_the_expected_evidence_is_exactly_one_less_epsilon(name, share, errors):
    profile = PROFILES[name]
    found = expectations(profile, share, errors, on_the_grid(profile.kappa, profile.epsilon))
    assert found == pytest.approx([1.0 - profile.epsilon] * 7, abs=1e-9)


@pytest.mark.parametrize("errors", [1, 2, 3, 7, 20, 60])
@pytest.mark.parametrize("share", WEIGHTS)
@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_with_noise_and_without_bursts_the_expected_evidence_is_at_most_one(name, share, errors):
    profile = PROFILES[name]
    assert max(expectations(profile, share, errors, on_the_grid(profile.kappa, 0.0))) <= 1.0


@pytest.mark.parametrize("errors", [200, 600])
@pytest.mark.parametrize("share", [0.05, 0.95])
def test_above_the_information_cap_the_excess_is_small(share, errors):
    # The cap is an approximation: the theorem no longer holds exactly, and the excess is below 5 %
    profile = PROFILES["fast"]
    assert max(expectations(profile, share, errors, on_the_grid(profile.kappa, profile.epsilon))) <= 1.05


@pytest.mark.parametrize("share", [0.05, 0.25, 0.5])
@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_with_independent_errors_the_expected_evidence_is_at_most_one(name, share):
    # Not covered by the theorem at every weight: up to one half it holds by enumeration
    profile = PROFILES[name]
    for errors in (1, 5, 30, 90):
        assert max(expectations(profile, share, errors, lambda start: [(1.0, start)])) <= 1.0


# --- several blocks, with tests that begin at later ones ---

BLOCKS = 3


def canary_errors(profile: Profile, share: float, errors: int, noise: Noise) -> list[float]:
    """The probability of each number of canary errors among all errors, at the tolerated ratio."""
    start_at = math.log(share / (1 - share)) + SPACING * profile.tolerated_step
    return [
        sum(
            weight * math.exp(log_choose(errors, k) + k * log_sigmoid(v) + (errors - k) * log_sigmoid(-v))
            for weight, v in noise(start_at)
        )
        for k in range(errors + 1)
    ]


def evidence_of_all_courses(
    profile: Profile, share: float, errors: int, late_harm: float, noise: Noise
) -> list[tuple[float, list[float]]]:
    """Every course of some blocks of one minute: its probability, and the evidence after each block."""
    chances = canary_errors(profile, share, errors, noise)
    courses: list[tuple[float, list[float], JudgeState]] = [
        (1.0, [], start(JudgeSettings(profile=profile.name, late_harm=late_harm)))
    ]
    for step in range(BLOCKS):  # a block ends with its step
        courses = [
            (chance * probability, [*evidence, math.exp(after.log_evidence)], after)
            for chance, evidence, state in courses
            for k, probability in enumerate(chances)
            for after in [observe(state, Period(1e5 * share, k, 1e5 * (1 - share), errors - k, step=step))]
        ]
    return [(chance, evidence) for chance, evidence, _ in courses]


@pytest.mark.parametrize("late_harm", [0.0, 0.2, 0.9])
@pytest.mark.parametrize(("errors", "share"), [(1, 0.05), (3, 0.05), (3, 0.5), (3, 0.95), (3, 0.001)])
@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_with_tests_of_late_harm_the_expected_evidence_is_what_epsilon_leaves(name, share, errors, late_harm):
    # Given all courses of three blocks with noise and bursts
    profile = PROFILES[name]
    noise = on_the_grid(profile.kappa, profile.epsilon)
    courses = evidence_of_all_courses(profile, share, errors, late_harm, noise)
    assert sum(chance for chance, _ in courses) == pytest.approx(1.0)

    # Then each test loses epsilon in each block since it began, and what has not begun loses nothing
    kept = 1.0 - profile.epsilon
    expected = (1.0 - late_harm) * kept**BLOCKS + waiting(late_harm, BLOCKS - 1)
    for begin in range(1, BLOCKS):
        weight = waiting(late_harm, begin - 1) - waiting(late_harm, begin)
        expected += weight * kept ** (BLOCKS - begin)
    assert expected <= 1.0
    found = sum(chance * evidence[-1] for chance, evidence in courses)
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("late_harm", [0.2, 0.9])
@pytest.mark.parametrize(("errors", "share"), [(1, 0.05), (3, 0.05), (3, 0.5), (3, 0.95), (3, 0.001)])
@pytest.mark.parametrize("epsilon", ["of the profile", "none"])
@pytest.mark.parametrize("name", PROFILE_NAMES)
def test_with_tests_of_late_harm_evidence_is_expected_to_stay_and_rarely_large(
    name, share, errors, late_harm, epsilon
):
    # Given all courses of three blocks, with and without bursts
    profile = PROFILES[name]
    noise = on_the_grid(profile.kappa, profile.epsilon if epsilon == "of the profile" else 0.0)
    courses = evidence_of_all_courses(profile, share, errors, late_harm, noise)

    # Then the expectation is at most one after each block
    for block in range(BLOCKS):
        assert sum(chance * evidence[block] for chance, evidence in courses) <= 1.0 + 1e-9

    # And no odds are ever reached with a higher probability than they allow
    for odds in (2.0, 5.0, 20.0, 100.0):
        assert sum(chance for chance, evidence in courses if max(evidence) >= odds) <= 1.0 / odds


def binomial(n: int, p: float) -> list[float]:
    return [math.exp(log_choose(n, k) + k * math.log(p) + (n - k) * math.log1p(-p)) for k in range(n + 1)]


@pytest.mark.parametrize(("canary", "stable"), [(20, 180), (60, 60), (95, 5), (1, 99)])
@pytest.mark.parametrize("base", [0.001, 0.05, 0.3])
@pytest.mark.parametrize("harm", [0.005, 0.1])
def test_the_certificate_is_valid_for_independent_requests(canary, stable, base, harm):
    # Given a canary that is worse by exactly the harm
    sums = [0.0] * 6
    for k_c, p in enumerate(binomial(canary, base + harm)):
        for k_b, q in enumerate(binomial(stable, base)):
            logs = log_certificates(Period(canary, k_c, stable, k_b), harm, 1.0)
            sums = [total + p * q * math.exp(log) for total, log in zip(sums, logs, strict=True)]

    # Then no factor is expected to certify it
    assert max(sums) <= 1.0 + 1e-12
