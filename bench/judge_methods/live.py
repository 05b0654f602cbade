"""The product's comparison of the stable zones during the deployment, for many runs at once."""

import numpy as np

from bench.judge_scenarios.noise import Array
from bench.judge_scenarios.world import Deployment
from tidegate.domain.judge.live import GATE, SAFETY, SCALES, VARIANCE

from .calibrating import Calibrations
from .judging import dispersions


def _cautious(data: Deployment, rates: Array, minutes: int) -> Array:
    """Return the cautious dispersion over blocks of so many minutes, by run and minute."""
    runs, zones, length = data.zone_errors.shape
    numerator, denominator = np.zeros(runs), np.zeros(runs)
    result = np.ones((runs, length))
    for t in range(length):
        block = slice(t - t % minutes, t + 1)
        errors = data.zone_errors[:, :, block].sum(axis=2)
        expected = data.zone_requests[:, :, block].sum(axis=2) * rates
        shares = expected / expected.sum(axis=1, keepdims=True)
        total = errors.sum(axis=1, keepdims=True)
        upper = numerator + ((errors - total * shares) ** 2 / shares).sum(axis=1)
        lower = denominator + (zones - 1) * total[:, 0]
        excess = np.where(lower > 0, upper / np.maximum(lower, 1e-300), 1.0) - 1.0
        error = np.sqrt(VARIANCE / ((t // minutes + 1) * (zones - 1)))
        result[:, t] = np.where(excess > GATE * error, 1.0 + excess * (1.0 + SAFETY * error), 1.0)
        if (t + 1) % minutes == 0:
            numerator, denominator = upper, lower
    return result


def live_dispersions(data: Deployment, found: Calibrations) -> Array:
    """Return a lower limit of the dispersion for each run and minute."""
    runs, _, minutes = data.zone_errors.shape
    scales = [_cautious(data, found.group_rates, scale) for scale in SCALES]
    largest = np.max(scales, axis=0)
    share = data.canary_requests / np.maximum(data.canary_requests + data.stable_requests, 1.0)
    columns = []
    for t in range(minutes):
        now = found.with_noise(scales[0][:, t], largest[:, t])
        columns.append(dispersions(now, share[:, t], np.ones(runs)))
    return np.stack(columns, axis=1)
