"""The product's calibration for many histories at once; a test compares both."""

from dataclasses import dataclass, replace

import numpy as np

from bench.judge_scenarios.noise import Array, Indexes
from tidegate.domain.judge.blocks import (
    FEWEST_BLOCKS,
    GATE,
    HOUR,
    HOUR_GATE,
    HOUR_QUANTILE,
    HOUR_SCALES,
    SAFETY,
    SCALES,
    SLIDING,
)
from tidegate.domain.judge.calibration import FEWEST_ERRORS
from tidegate.domain.judge.dispersion import LARGEST


@dataclass(frozen=True)
class Calibrations:
    """Calibrations of many runs, one value each; ``usable`` is false where a history held too few errors."""

    at_one_minute: Array
    largest: Array
    geometry: Array
    errors_per_minute: Array
    total_dispersion: Array
    group_rates: Array
    usable: Array

    def repeated(self, times: int) -> "Calibrations":
        """Return the same with every history used by several runs."""
        return self.chosen(np.repeat(np.arange(len(self.usable)), times))

    def chosen(self, runs: Indexes) -> "Calibrations":
        """Return the calibrations of some runs."""
        return Calibrations(*(getattr(self, name)[runs] for name in self.__dataclass_fields__))

    def with_noise(self, at_one_minute: Array, largest: Array) -> "Calibrations":
        """Return the same with other dispersions."""
        return replace(self, at_one_minute=at_one_minute, largest=np.maximum(at_one_minute, largest))


def _window_sums(values: Array, length: int) -> Array:
    so_far = np.cumsum(values, axis=-1)
    sums = so_far[..., length - 1 :].copy()
    sums[..., 1:] -= so_far[..., :-length]
    return sums


def _statistic(requests: Array, errors: Array, rates: Array, length: int) -> tuple[Array, Array]:
    """Return numerator and denominator, summed over windows; zones lie on axis 1."""
    expected = _window_sums(requests, length) * rates
    counts = _window_sums(errors, length)
    shares = expected / expected.sum(axis=1, keepdims=True)
    total = counts.sum(axis=1, keepdims=True)
    numerator = ((counts - total * shares) ** 2 / shares).sum(axis=(1, -1))
    return numerator, (requests.shape[1] - 1) * total.sum(axis=(1, -1))


def _ratio(numerator: Array, denominator: Array) -> Array:
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def _peak(requests: Array, errors: Array, rates: Array) -> Array:
    runs, zones, minutes = requests.shape
    hours = minutes // HOUR
    shape = (runs, zones, hours, HOUR)
    requests, errors = (values[:, :, : hours * HOUR].reshape(shape) for values in (requests, errors))
    largest = np.ones((runs, hours))
    for scale in HOUR_SCALES:
        ratio = _ratio(*_statistic(requests, errors, rates[..., None], scale))
        limit = HOUR_GATE * np.sqrt(SLIDING / (HOUR / scale * (zones - 1)))
        largest = np.where(ratio - 1.0 > limit, np.maximum(largest, ratio), largest)
    return np.sort(largest, axis=1)[:, int(np.ceil(HOUR_QUANTILE * hours)) - 1]


def calibrate_runs(requests: Array, errors: Array) -> Calibrations:
    """Calibrate histories of shape ``(runs, zones, minutes)`` in which no minute is missing."""
    _, zones, minutes = requests.shape
    sums = requests.sum(axis=2)
    rates = ((errors.sum(axis=2) + 0.5) / sums)[..., None]
    cautious = []
    for scale in (scale for scale in SCALES if minutes / scale >= FEWEST_BLOCKS):
        excess = _ratio(*_statistic(requests, errors, rates, scale)) - 1.0
        error = np.sqrt(SLIDING / (minutes / scale * (zones - 1)))
        cautious.append(np.where(excess > GATE * error, 1.0 + excess * (1.0 + SAFETY * error), 1.0))
    total = errors.sum(axis=1)
    differences = ((total[:, 1:] - total[:, :-1]) ** 2).sum(axis=1)
    pairs = (total[:, 1:] + total[:, :-1]).sum(axis=1)
    return Calibrations(
        at_one_minute=cautious[0],
        largest=np.maximum(np.max(cautious, axis=0), _peak(requests, errors, rates)),
        geometry=(zones - 1) / (1.0 - ((sums / sums.sum(axis=1, keepdims=True)) ** 2).sum(axis=1)),
        errors_per_minute=total.sum(axis=1) / minutes,
        total_dispersion=np.clip(_ratio(differences, pairs), 1.0, LARGEST),
        group_rates=rates[..., 0] * zones / rates[..., 0].sum(axis=1, keepdims=True),
        usable=total.sum(axis=1) >= FEWEST_ERRORS,
    )
