"""Exact enumeration: the expected evidence is at most one wherever the theorem says so."""

import math
from collections.abc import Callable

import pytest

from tidegate.domain.judge import PROFILES, Period, Profile
from tidegate.domain.judge.certificate import log_certificates
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
