"""Noise that is there now: the stable groups compared with one another while the deployment runs.

A calibration knows only the noise of its history. The groups of stable tasks run one version during the
deployment too, so the same statistic over the deployment's own minutes shows noise that the history did not
have. It sets a lower limit for the dispersion; minutes already judged are never judged again.

Blocks do not overlap, so that the state stays small; the open block counts as it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .history import Minute, usable

SCALES = (1, 5, 20)  # minutes
GATE = 1.5  # standard errors below which an excess is taken for chance
SAFETY = 0.25  # standard errors by which an excess is enlarged
VARIANCE = 2.0  # of the dispersion, times blocks and degrees of freedom


@dataclass(frozen=True, slots=True)
class Scale:
    """The statistic over blocks of one length.

    Attributes:
        numerator: Of the closed blocks.
        denominator: Of the closed blocks.
        blocks: Number of closed blocks.
        periods: Periods in the open block.
        open: Requests and errors of each group in the open block.
    """

    numerator: float = 0.0
    denominator: float = 0.0
    blocks: int = 0
    periods: int = 0
    open: tuple[Minute, ...] = ()


NOTHING_SEEN = tuple(Scale() for _ in SCALES)


def _statistic(counts: Sequence[Minute], rates: Sequence[float]) -> tuple[float, float]:
    """Return numerator and denominator of the dispersion between groups in one block."""
    expected = [r * rate for (r, _), rate in zip(counts, rates, strict=True)]
    mean, total = sum(expected), sum(errors for _, errors in counts)
    shares = [value / mean for value in expected]
    numerator = sum((k - total * s) ** 2 / s for (_, k), s in zip(counts, shares, strict=True))
    return numerator, (len(counts) - 1) * total


def _relative(rates: Sequence[float], count: int) -> Sequence[float]:
    return rates if len(rates) == count else (1.0,) * count


def watched(
    scales: Sequence[Scale], groups: Sequence[Minute], rates: Sequence[float], periods_per_minute: int
) -> tuple[Scale, ...]:
    """Return the statistics after one more period of the stable groups.

    Args:
        scales: The statistics so far.
        groups: Requests and errors of each group; ignored where a group is unusable or alone.
        rates: The groups' usual error rates relative to one another; equal ones if the number differs.
        periods_per_minute: Periods in one minute.
    """
    if len(groups) < 2 or not all(map(usable, groups)):
        return tuple(scales)
    result = []
    for scale, minutes in zip(scales, SCALES, strict=True):
        before = scale.open if len(scale.open) == len(groups) else ((0.0, 0.0),) * len(groups)
        counts = tuple((a + c, b + d) for (a, b), (c, d) in zip(before, groups, strict=True))
        if scale.periods + 1 < minutes * periods_per_minute:
            result.append(Scale(scale.numerator, scale.denominator, scale.blocks, scale.periods + 1, counts))
            continue
        numerator, denominator = _statistic(counts, _relative(rates, len(counts)))
        result.append(Scale(scale.numerator + numerator, scale.denominator + denominator, scale.blocks + 1))
    return tuple(result)


def _cautious(scale: Scale, group_count: int, rates: Sequence[float]) -> float:
    numerator, denominator, blocks = scale.numerator, scale.denominator, float(scale.blocks)
    if scale.open:
        more = _statistic(scale.open, _relative(rates, len(scale.open)))
        numerator, denominator, blocks = numerator + more[0], denominator + more[1], blocks + 1.0
    if denominator <= 0.0:
        return 1.0
    error = math.sqrt(VARIANCE / (blocks * (group_count - 1)))
    excess = numerator / denominator - 1.0
    return 1.0 + excess * (1.0 + SAFETY * error) if excess > GATE * error else 1.0


def live_noise(scales: Sequence[Scale], group_count: int, rates: Sequence[float]) -> tuple[float, float]:
    """Return the dispersion between the stable groups over minutes, and the largest over all scales."""
    if group_count < 2:
        return 1.0, 1.0
    found = [_cautious(scale, group_count, rates) for scale in scales]
    return found[0], max(found)
