"""Random counts, drawn in aggregate, so that a thousand requests cost no more than one."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

EXACT = 64


def poisson(chance: random.Random, mean: float) -> int:
    """How often something happens whose mean number is given."""
    if mean <= 0:
        return 0
    if mean > EXACT:
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, number = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        number += 1
    return number


def binomial(chance: random.Random, trials: int, share: float) -> int:
    """How many of so many trials succeed, each with the given probability."""
    if trials <= 0 or share <= 0:
        return 0
    if share >= 1:
        return trials
    if share > 0.5:
        return trials - binomial(chance, trials, 1 - share)
    if trials * share > EXACT:
        spread = math.sqrt(trials * share * (1 - share))
        return min(trials, max(0, round(chance.gauss(trials * share, spread))))
    # From one success straight to the next: the gaps are geometric.
    successes, position = 0, 0
    while True:
        position += int(math.log(1 - chance.random()) / math.log(1 - share)) + 1
        if position > trials:
            return successes
        successes += 1


def spread(chance: random.Random, number: int, weights: Mapping[str, float]) -> dict[str, int]:
    """Share so many requests out by weight."""
    left, total = number, float(sum(weights.values()))
    shares: dict[str, int] = {}
    for name, weight in weights.items():
        shares[name] = binomial(chance, left, weight / total) if total > 0 else 0
        left -= shares[name]
        total -= weight
    return shares
