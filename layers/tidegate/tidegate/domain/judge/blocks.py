"""Dispersion between groups that run the same version, over blocks of several lengths.

With ``K`` errors of all groups in a block and the expected shares ``s_z``, the statistic
``sum_z (k_z - K s_z)^2 / s_z`` has the expectation ``(Z-1) K`` where errors are independent. Its ratio to
that is one without group noise, and grows with the length of the blocks for as long as noise persists.
"""

import math
from collections.abc import Sequence
from itertools import accumulate

from .history import History, Minute

SCALES = (1, 2, 5, 10, 20, 40)  # minutes
FEWEST_BLOCKS = 9
SLIDING = 4.0 / 3.0  # variance of the ratio times blocks and degrees of freedom: 2, less 1/3 for sliding
GATE = 1.0  # standard errors below which an excess is taken for chance
SAFETY = 2.0  # standard errors by which an excess is enlarged
HOUR = 60
HOUR_SCALES = (1, 2, 5, 10)
HOUR_GATE = 3.0
HOUR_QUANTILE = 0.9

Segment = Sequence[Sequence[Minute]]


def group_rates(history: History) -> list[float]:
    """Return each group's own error rate: a constant offset between groups is no noise."""
    return [(errors + 0.5) / requests for requests, errors in history.totals()]


def _statistic(segment: Segment, rates: Sequence[float], length: int) -> tuple[float, float]:
    """Return numerator and denominator of the dispersion over all windows of ``length`` minutes."""
    windows = len(segment) - length + 1
    if windows <= 0:
        return 0.0, 0.0
    expected, errors = [], []
    for z, rate in enumerate(rates):
        so_far = [0.0, *accumulate(row[z][0] for row in segment)]
        expected.append([(b - a) * rate for a, b in zip(so_far, so_far[length:], strict=False)])
        so_far = [0.0, *accumulate(row[z][1] for row in segment)]
        errors.append([b - a for a, b in zip(so_far, so_far[length:], strict=False)])
    numerator = denominator = 0.0
    for m, k in zip(zip(*expected, strict=True), zip(*errors, strict=True), strict=True):
        mean, total = sum(m), sum(k)
        if total > 0.0:
            shares = [value / mean for value in m]
            numerator += sum((c - total * s) ** 2 / s for c, s in zip(k, shares, strict=True))
            denominator += (len(rates) - 1) * total
    return numerator, denominator


def block_dispersion(segments: Sequence[Segment], rates: Sequence[float], length: int) -> float:
    """Return the dispersion between groups over blocks of ``length`` minutes, 0 without an error."""
    parts = [_statistic(segment, rates, length) for segment in segments]
    denominator = sum(part[1] for part in parts)
    return sum(part[0] for part in parts) / denominator if denominator > 0.0 else 0.0


def dispersions(history: History) -> list[float]:
    """Return the dispersion at every scale, 0 where the history is too short for it."""
    rates = group_rates(history)
    return [
        block_dispersion(history.segments, rates, scale) if history.minutes / scale >= FEWEST_BLOCKS else 0.0
        for scale in SCALES
    ]


def upper(dispersion: float, scale: int, history: History) -> float:
    """Return a cautious value of a dispersion: 1 where it is within chance, else enlarged."""
    blocks = history.minutes / scale
    error = math.sqrt(SLIDING / (blocks * (history.group_count - 1)))
    excess = dispersion - 1.0
    return 1.0 + excess * (1.0 + SAFETY * error) if excess > GATE * error else 1.0


def hourly_peak(history: History) -> tuple[float, int | None]:
    """Return the dispersion that one hour in ten exceeds, and the minute at which the noisiest hour begins.

    Noise confined to some hours is thinned out in the average over a day.
    """
    rates = group_rates(history)
    found = [
        (_of_hour(segment[at : at + HOUR], rates), start + at)
        for segment, start in zip(history.segments, history.starts, strict=True)
        for at in range(0, len(segment) - HOUR + 1, HOUR)
    ]
    if not found:
        return 1.0, None
    ordered = sorted(value for value, _ in found)
    noisiest = max(found)
    rank = math.ceil(HOUR_QUANTILE * len(ordered))
    return ordered[rank - 1], noisiest[1] if noisiest[0] > 1.0 else None


def _of_hour(chunk: Segment, rates: Sequence[float]) -> float:
    largest = 1.0
    for scale in HOUR_SCALES:
        dispersion = block_dispersion([chunk], rates, scale)
        limit = HOUR_GATE * math.sqrt(SLIDING / (HOUR / scale * (len(rates) - 1)))
        if dispersion - 1.0 > limit:
            largest = max(largest, dispersion)
    return largest
