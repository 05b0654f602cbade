"""Metric data: every datapoint with its distribution of values, readable when it has arrived."""

from __future__ import annotations

import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Place = tuple[str, str]
Dimensions = frozenset[tuple[str, str]]
Series = tuple[Place, str, str, Dimensions]

KEPT_DATAPOINTS = 20_000


@dataclass
class Distribution:
    """A set of values, kept as counts by value, or as a summary where the values are not known."""

    values: Counter[float] = field(default_factory=Counter)
    count: float = 0.0
    total: float = 0.0
    least: float | None = None
    most: float | None = None

    def add(self, values: Mapping[float, float]) -> None:
        """Add values with their counts."""
        for value, count in values.items():
            self.values[value] += count  # type: ignore[assignment]
            self.summarise(count, value * count, value, value)

    def summarise(self, count: float, total: float, least: float, most: float) -> None:
        """Add a statistic set whose values are not known."""
        self.count += count
        self.total += total
        self.least = least if self.least is None else min(self.least, least)
        self.most = most if self.most is None else max(self.most, most)

    def merge(self, other: Distribution) -> None:
        """Add another distribution."""
        self.values.update(other.values)
        if other.least is not None and other.most is not None:
            self.summarise(other.count, other.total, other.least, other.most)


@dataclass(frozen=True)
class Datapoint:
    """Values that a metric had at one time."""

    at: float
    visible_at: float
    values: Distribution
    unit: str = "None"


def _at(point: Datapoint) -> float:
    return point.at


def dimensions_of(pairs: Iterable[Mapping[str, str]]) -> Dimensions:
    """Dimensions as the API writes them, as a key."""
    return frozenset((each["Name"], each.get("Value", "")) for each in pairs)


class MetricStore:
    """All metric data of a world."""

    def __init__(self) -> None:
        self._series: dict[Series, list[Datapoint]] = defaultdict(list)

    def put(self, series: Series, point: Datapoint) -> None:
        """Add a datapoint."""
        points = self._series[series]
        bisect.insort(points, point, key=_at)
        if len(points) > KEPT_DATAPOINTS:
            del points[: KEPT_DATAPOINTS // 10]

    def read(self, series: Series, start: float, end: float, now: float) -> list[Datapoint]:
        """The datapoints from start to before end that can be read by now."""
        if series not in self._series:
            return []
        points = self._series[series]
        first, last = (bisect.bisect_left(points, moment, key=_at) for moment in (start, end))
        return [each for each in points[first:last] if each.visible_at <= now]

    def known(self, place: Place, now: float) -> list[Series]:
        """The series of an account and region that have a datapoint which can be read."""
        return [
            series
            for series, points in self._series.items()
            if series[0] == place and any(each.visible_at <= now for each in points)
        ]

    def unit(self, series: Series) -> str:
        """The unit of the newest datapoint."""
        points = self._series.get(series)
        return points[-1].unit if points else "None"
