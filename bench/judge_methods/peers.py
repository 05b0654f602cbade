"""Other deciders of a canary, from their published definitions.

Every peer gives the minute (from 1) at which it rolls back, 0 for never, over one-minute metrics without any
delay of the metrics.
"""

import math

import numpy as np

from bench.judge_scenarios.families import STEP_MINUTES, STEPS
from bench.judge_scenarios.noise import Array, Flags, Indexes
from bench.judge_scenarios.world import Deployment, World

CONFIDENCE = 2.326  # one-sided 1 %
KAYENTA_TOLERANCE = 0.25
LEAST_SUCCESS = 0.99


def first(hits: Flags) -> Indexes:
    """Return the first minute (from 1) in which each row is true, 0 for none."""
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, 0)


def failing(data: Deployment) -> Flags:
    """Return the minutes in which fewer than 99 % of the canary's responses are good; none is no failure."""
    return data.canary_errors > (1.0 - LEAST_SUCCESS) * data.canary_requests


def argo(data: Deployment, limit: int = 3) -> Indexes:
    """Argo Rollouts, success rate of at least 99 %: fails once more measurements than the limit failed."""
    return first(np.cumsum(failing(data), axis=1) > limit)


def ecs_alarm(data: Deployment, datapoints: int) -> Indexes:
    """An alarm that ends an ECS deployment: more than 1 % errors in so many periods in a row."""
    bad = failing(data)
    streak = np.ones_like(bad)
    for back in range(datapoints):
        streak &= np.concatenate(
            [np.zeros((len(bad), back), dtype=bool), bad[:, : bad.shape[1] - back]], axis=1
        )
    return first(streak)


def peeking_z_test(data: Deployment) -> Indexes:
    """A two-proportion z-test on pooled counts at 1 %, read every minute."""
    nc, kc, nb, kb = (
        np.cumsum(values, axis=1)
        for values in (data.canary_requests, data.canary_errors, data.stable_requests, data.stable_errors)
    )
    pooled = (kc + kb) / np.maximum(nc + nb, 1.0)
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / np.maximum(nc, 1.0) + 1 / np.maximum(nb, 1.0)))
    difference = kc / np.maximum(nc, 1.0) - kb / np.maximum(nb, 1.0)
    return first((difference > CONFIDENCE * deviation) & (kc > 0) & (nb > 0))


def kayenta(data: Deployment, looks: tuple[int, ...]) -> Indexes:
    """Kayenta's judge on error rates by minute, critical metric, direction "increase", read at some minutes.

    A minute's error rate is one sample, whatever its traffic. The location shift is the Hodges-Lehmann
    estimate with the interval of the Mann-Whitney test at 98 %; "high" where the lower end exceeds a
    quarter of the shift. The interval's ends are taken exactly, as order statistics of the pairwise
    differences; Kayenta approaches them by a root search.
    """
    canary = data.canary_errors / np.maximum(data.canary_requests, 1.0)
    stable = data.stable_errors / np.maximum(data.stable_requests, 1.0)
    result = np.zeros(len(canary), dtype=int)
    for look in looks:
        high = np.array([_high(c, s) for c, s in zip(canary[:, :look], stable[:, :look], strict=True)])
        result = np.where((result == 0) & high, look, result)
    return result


def _high(canary: Array, stable: Array) -> bool:
    n, m = len(canary), len(stable)
    counts = np.unique(np.concatenate([canary, stable]), return_counts=True)[1]
    ties = float((counts**3 - counts).sum()) / ((n + m) * (n + m - 1))
    sigma = math.sqrt(n * m / 12.0 * max(0.0, n + m + 1 - ties))
    lower = max(0, math.floor(n * m / 2.0 - 0.5 - CONFIDENCE * sigma))
    middle = n * m // 2
    differences = np.partition((canary[:, None] - stable[None, :]).ravel(), (lower, middle))
    return bool(
        differences[lower] > KAYENTA_TOLERANCE * abs(differences[middle]) and canary.mean() > stable.mean()
    )


def flagger(world: World, threshold: int) -> tuple[Indexes, Array]:
    """Flagger, success rate of at least 99 %: a failed check halts the weight; the next tick returns.

    Returns:
        Minutes of the roll-back and the harm done until then.
    """
    runs = np.arange(world.runs)
    passed, failed = np.zeros(world.runs, dtype=int), np.zeros(world.runs, dtype=int)
    shares = np.array([0.0, *STEPS])
    result, harm, age = np.zeros(world.runs, dtype=int), np.zeros(world.runs), np.zeros(world.runs)
    for minute in range(world.minutes):
        step = np.minimum(passed // STEP_MINUTES, len(STEPS) - 1) + 1
        requests, errors, extra = world.draw(minute, shares[step], shares[step - 1], age)
        harm += np.where(result == 0, extra, 0.0)
        result[runs[(result == 0) & (failed >= threshold)]] = minute + 1
        bad = errors[:, 0] > (1.0 - LEAST_SUCCESS) * requests[:, 0]
        failed += bad
        passed += ~bad
        age = np.where(~bad & (passed % STEP_MINUTES == 0), 0.0, age + 1.0)
    return result, harm


_log_gamma = np.vectorize(math.lgamma, otypes=[float])


def log_dirichlet_odds(canary_errors: Array, stable_errors: Array, share: float, k: float = 100.0) -> Array:
    """Return the log Bayes factor of Lindon and Malek's sequential multinomial test (NeurIPS 2022).

    Given that an error occurs, its arm is the canary with the canary's share of the requests under the null
    hypothesis; the alternative's prior is Dirichlet with parameters ``k`` times the shares.

    Args:
        canary_errors: Cumulated errors of the canary.
        stable_errors: Cumulated errors of the stable side.
        share: Share of the requests that the canary is assigned.
        k: Concentration of the prior.
    """
    gain = math.lgamma(k) - _log_gamma(k + canary_errors + stable_errors)
    for arm, errors in ((share, canary_errors), (1.0 - share, stable_errors)):
        gain = gain + _log_gamma(k * arm + errors) - math.lgamma(k * arm) - errors * math.log(arm)
    result: Array = gain
    return result


def sequential_multinomial(data: Deployment) -> Indexes:
    """Lindon and Malek's test at 1 %, begun anew in each step, multiplied over steps, one-sided."""
    odds = np.zeros(data.canary_errors.shape)
    before = np.zeros(len(odds))
    for step, share in enumerate(STEPS):
        minutes = slice(step * STEP_MINUTES, (step + 1) * STEP_MINUTES)
        canary, stable = (np.cumsum(e[:, minutes], axis=1) for e in (data.canary_errors, data.stable_errors))
        now = before[:, None] + log_dirichlet_odds(canary, stable, share)
        odds[:, minutes] = np.where(canary > share * (canary + stable), now, -np.inf)
        before = now[:, -1]
    return first(odds >= math.log(100.0))
