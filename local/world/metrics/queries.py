"""Read metrics period by period, as GetMetricData and GetMetricStatistics do.

A ``Period`` of the API is divided by the world's time scale, like every minute that AWS imposes: a period of
60 is one second at the default scale. Timestamps stay real.
"""

from __future__ import annotations

import math

from local.world.metrics.statistics import statistic
from local.world.metrics.store import Distribution, MetricStore, Series
from local.world.world import World


class Queries:
    """Reads the metric store of a world."""

    def __init__(self, world: World, store: MetricStore) -> None:
        self._world = world
        self._store = store

    def length(self, period: float) -> float:
        """The real length of a period, in seconds."""
        return self._world.scaled(period)

    def distributions(
        self, series: Series, period: float, start: float, end: float
    ) -> dict[float, Distribution]:
        """The values of every period that begins from start to before end and has any, by its beginning."""
        length = self.length(period)
        begin = math.floor(start / length + 1e-6) * length
        found: dict[float, Distribution] = {}
        for point in self._store.read(series, begin, end, self._world.now()):
            bucket = round(math.floor(point.at / length + 1e-6) * length, 6)
            found.setdefault(bucket, Distribution()).merge(point.values)
        return dict(sorted(found.items()))

    def values(
        self, series: Series, period: float, stat: str, start: float, end: float
    ) -> dict[float, float]:
        """One statistic of every period that has it, by the period's beginning."""
        found = self.distributions(series, period, start, end)
        computed = {at: statistic(values, stat) for at, values in found.items()}
        return {at: value for at, value in computed.items() if value is not None}

    def last_periods(self, period: float, number: int) -> list[float]:
        """The beginnings of the last so many whole periods, the oldest first."""
        length = self.length(period)
        current = math.floor(self._world.now() / length + 1e-6)
        return [round((current - back) * length, 6) for back in range(number, 0, -1)]
