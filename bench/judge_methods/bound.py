"""The least time in which any test with this alpha can find the harm, for independent errors.

A test that rolls back a bad canary surely and a harmless one with probability alpha needs, on average, an
information of ``log(1/alpha)`` about "canary and stable have one rate". One minute brings the
Kullback-Leibler divergence of both groups' rates from their common mean, the least favourable common rate.
"""

import math
from dataclasses import dataclass

from bench.judge_scenarios.families import BASE_RATE, STEP_MINUTES, STEPS


@dataclass(frozen=True)
class Bound:
    """The bound for one traffic and one canary.

    Attributes:
        minutes: Minutes of data needed.
        whole_minutes: The same, read only at whole minutes.
        bad_requests: Additional bad responses until then (``whole_minutes``).
    """

    minutes: float
    whole_minutes: float
    bad_requests: float


NEVER = Bound(math.inf, math.inf, math.nan)


def _divergence(p: float, q: float) -> float:
    return p * math.log(p / q) + (1.0 - p) * math.log((1.0 - p) / (1.0 - q))


def information_bound(rate: float, canary_rate: float, alpha: float) -> Bound:
    """Return the bound for ``rate`` requests a second on the benchmark's schedule."""
    wanted, harm = math.log(1.0 / alpha), 0.0
    if canary_rate <= BASE_RATE:
        return NEVER
    for minute in range(STEP_MINUTES * len(STEPS)):
        share = STEPS[minute // STEP_MINUTES]
        canary, stable = rate * 60.0 * share, rate * 60.0 * (1.0 - share)
        mean = share * canary_rate + (1.0 - share) * BASE_RATE
        gain = canary * _divergence(canary_rate, mean) + stable * _divergence(BASE_RATE, mean)
        fraction = min(1.0, wanted / gain)
        harm += canary * (canary_rate - BASE_RATE)
        wanted -= gain
        if wanted <= 0.0:
            return Bound(minute + fraction, minute + 1.0, harm)
    return NEVER
