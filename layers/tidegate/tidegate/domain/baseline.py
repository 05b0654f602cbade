"""Measures a service's own noise: from a day of what its stable tasks did, while nothing was deployed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from tidegate.domain.assembly import Series
from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.figures import MINUTE, Figures, slow_group_id
from tidegate.domain.judge import Calibration, calibrate, estimate_dispersion, most_cautious

DAY_MINUTES = 1440
FINEST = 1.0
"""Seconds between two datapoints at the finest resolution of CloudWatch."""
DAYS = 7
"""Against calm days the most cautious of the last results counts."""

Span = tuple[datetime, datetime]
"""From when until when."""
Minutes = list[tuple[float, float] | None]
"""Requests and bad responses of each minute, None where there was no request."""


@dataclass(frozen=True, slots=True)
class History:
    """What was read of a service, and what of it must not count.

    Attributes:
        deployments: Spans in which more than one version ran, or had just ceased to.
    """

    figures: Figures
    series: Series
    deployments: Sequence[Span] = ()


def measure(
    history: History, *, since: datetime, at: datetime, before: StoredCalibration | None = None
) -> StoredCalibration:
    """Measure the dispersion of each metric, between the groups of stable tasks where they are known.

    Args:
        history: What was read.
        since: From when on it was read.
        at: Now.
        before: What was stored until now, whose days count on.
    """
    times = _minutes(history)
    excluded = {i for i, time in enumerate(times) if any(a <= time < b for a, b in history.deployments)}
    found = {name: _calibration(history, times, excluded, i) for i, name in enumerate(history.figures.bad)}
    today = {name: each.to_dict() for name, each in found.items() if each is not None}
    days = dict(sorted({**(before.days if before else {}), f"{at:%Y-%m-%d}": today}.items())[-DAYS:])
    return StoredCalibration(
        at=at,
        since=since,
        metrics={name: _cautious(name, days) for name in today},
        dispersion={
            name: estimate_dispersion(
                [
                    minute and minute[1] if i not in excluded else None
                    for i, minute in enumerate(_side(history, times, bad[1]))
                ]
            )
            for name, bad in history.figures.bad.items()
        },
        note=_note(found),
        days=days,
    )


def _minutes(history: History) -> list[datetime]:
    """The minutes of the last day of which anything is known, those between them included.

    How long a minute is, is read from the datapoints: they are never further apart than a real minute.
    """
    known = sorted({at for points in history.series.values() for at in points})
    if len(known) < 2:
        return known
    closest = min(b - a for a, b in pairwise(known)).total_seconds()
    step = min(max(closest, FINEST), float(MINUTE))
    first, last = known[0].timestamp(), known[-1].timestamp()
    count = round((last - first) / step) + 1
    by_number = {round((at.timestamp() - first) / step): at for at in known}
    zone = known[0].tzinfo
    return [
        by_number.get(number) or datetime.fromtimestamp(first + number * step, tz=zone)
        for number in range(max(0, count - DAY_MINUTES), count)
    ]


def _calibration(
    history: History, times: list[datetime], excluded: set[int], metric: int
) -> Calibration | None:
    """What the groups say of one metric; None where they were not read for it."""
    groups: list[Minutes] = []
    for number, (requests, errors) in enumerate(history.figures.groups):
        bad = errors if metric == 0 else slow_group_id(number, metric)
        if metric and bad not in {query.id for query in history.figures.queries}:
            return None
        groups.append(_counts(history.series, times, requests, bad))
    return calibrate(groups, excluded) if groups else None


def _side(history: History, times: list[datetime], bad: str) -> Minutes:
    return _counts(history.series, times, history.figures.requests[1], bad)


def _counts(series: Series, times: list[datetime], requests: str, bad: str) -> Minutes:
    """Minutes with a request; where there was one, what has no datapoint did not happen."""
    had, failed = series.get(requests, {}), series.get(bad, {})
    return [(had[at], failed.get(at, 0.0)) if at in had else None for at in times]


def _cautious(name: str, days: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """The newest usable result with the largest dispersions of all days; today's where none is usable."""
    return most_cautious(Calibration.from_dict(day[name]) for day in days.values() if name in day).to_dict()


def _note(found: Mapping[str, Calibration | None]) -> str:
    if not any(found.values()):
        return "No history of groups of stable tasks is configured: nothing can be calibrated."
    parts = []
    for name, each in found.items():
        if each is None:
            parts.append(f"{name} cannot be calibrated: the history's groups do not tell of it.")
        elif not each.usable:
            parts.append(f"{name} cannot be calibrated: {each.reason}.")
    return " ".join(parts)
