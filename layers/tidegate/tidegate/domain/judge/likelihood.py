"""Evidence of harm in one block: a likelihood ratio that expects group noise and bursts.

Given all errors of a block, the canary's share of them is binomial. In logits it is
``log(n_c/n_b) + log(ratio) + u``: ``u`` is the noise between the groups. Each group's rate carries its own
gamma factor of shape kappa, so ``u`` has the density ``(sig(u) sig(-u))^kappa`` up to a constant; with
probability epsilon the block holds an arbitrary burst, which has the same density with shape 1/2. Averaging
over a grid of ``u`` turns every alternative ratio into a shift of one array, so a block costs a fixed number
of operations.

For every alternative the expected ratio is at most one where no ratio above the tolerated one and only that
noise is present, with or without bursts: the factor ``1 - epsilon`` covers both ends. The cap on information
is an approximation: above it enumeration finds expectations up to 1.03.
"""

import math
from functools import cache
from operator import mul

from .settings import Profile

SPACING = 0.2  # grid step in logits
REACH = 80  # nodes on each side: +-16 logits; at +-8 the expectation exceeds one for the largest ratio
SHIFTS = (3, 5, 7, 10, 15, 20, 27)  # alternatives: ratios exp(0.2 * shift), from 1.8 to 221
PRIOR = (0.20, 0.20, 0.15, 0.15, 0.12, 0.10, 0.08)  # weights of the alternatives
INFORMATION_CAP = 16.0  # keeps the likelihood wider than the grid; group noise dominates there anyway
SMALLEST = 5e-324

LOG_PRIOR = tuple(math.log(weight) for weight in PRIOR)
NO_EVIDENCE = (0.0,) * len(SHIFTS)


def log_sigmoid(x: float) -> float:
    """Return ``log(1 / (1 + exp(-x)))`` without overflow."""
    return min(x, 0.0) - math.log1p(math.exp(-abs(x)))


def log_sum_exp(terms: tuple[float, ...] | list[float]) -> float:
    """Return ``log(sum(exp(terms)))`` without overflow."""
    largest = max(terms)
    return largest + math.log(sum(math.exp(term - largest) for term in terms))


@cache
def noise_weights(kappa: float, epsilon: float) -> tuple[float, ...]:
    """Return the weights of the grid nodes: gamma noise of shape ``kappa``, contaminated with bursts."""
    nodes = [SPACING * i for i in range(-REACH, REACH + 1)]
    shapes = []
    for shape in (kappa, 0.5):
        densities = [math.exp(shape * (log_sigmoid(u) + log_sigmoid(-u))) for u in nodes]
        total = sum(densities)
        shapes.append([density / total for density in densities])
    return tuple((1.0 - epsilon) * own + epsilon * burst for own, burst in zip(*shapes, strict=True))


def capped(canary_errors: float, stable_errors: float) -> tuple[float, float]:
    """Scale both counts down where they hold more information than the grid can represent."""
    information = canary_errors / (canary_errors + stable_errors) * stable_errors
    scale = min(1.0, INFORMATION_CAP / information) if information > 0.0 else 1.0
    return canary_errors * scale, stable_errors * scale


def log_ratios(
    profile: Profile,
    canary_requests: float,
    canary_errors: float,
    stable_requests: float,
    stable_errors: float,
) -> tuple[float, ...]:
    """Return the log evidence of one block for each alternative.

    Args:
        profile: Noise that is expected between the groups.
        canary_requests: Requests of the canary.
        canary_errors: Errors of the canary, divided by the dispersion.
        stable_requests: Requests of the stable group.
        stable_errors: Errors of the stable group, divided by the dispersion.
    """
    if canary_errors + stable_errors <= 0.0 or canary_requests <= 0.0 or stable_requests <= 0.0:
        return NO_EVIDENCE
    canary, stable = capped(canary_errors, stable_errors)
    start = math.log(canary_requests) - math.log(stable_requests)
    logits = [start + SPACING * i for i in range(-REACH, REACH + SHIFTS[-1] + 1)]
    logs = [canary * log_sigmoid(v) + stable * log_sigmoid(-v) for v in logits]
    largest = max(logs)
    likelihoods = [math.exp(value - largest) for value in logs]
    weights = noise_weights(profile.kappa, profile.epsilon)

    def marginal(shift: int) -> float:
        return math.log(max(SMALLEST, sum(map(mul, weights, likelihoods[shift : shift + len(weights)]))))

    harmless = marginal(profile.tolerated_step) - math.log1p(-profile.epsilon)
    return tuple(marginal(shift) - harmless for shift in SHIFTS)


def log_mixture(log_evidence: tuple[float, ...]) -> float:
    """Return the log of the evidence averaged over the alternatives with their prior weights."""
    return log_sum_exp([log + prior for log, prior in zip(log_evidence, LOG_PRIOR, strict=True)])
