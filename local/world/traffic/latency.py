"""How long responses take: most some tens of milliseconds, the slow ones a second and more."""

from __future__ import annotations

import random
from collections import Counter
from statistics import NormalDist

MEDIAN_SECONDS = 0.04
_STEPS = 20
_NORMAL = NormalDist(0, 0.45)

FAST = tuple(
    round(MEDIAN_SECONDS * 2.718281828 ** _NORMAL.inv_cdf((step + 0.5) / _STEPS), 4) for step in range(_STEPS)
)
SLOW = tuple(round(1.0 + 0.25 * step, 2) for step in range(9))


def response_times(chance: random.Random, fast: int, slow: int) -> Counter[float]:
    """Response times in seconds of so many requests, as values with their counts."""
    times: Counter[float] = Counter()
    for number, values in ((fast, FAST), (slow, SLOW)):
        each, rest = divmod(number, len(values))
        if each:
            times.update(dict.fromkeys(values, each))
        if rest:
            times.update(chance.sample(values, rest))
    return times
