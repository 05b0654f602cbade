"""From readings of metrics to the periods that the judge takes: each once, in order, when it is final.

CloudWatch publishes late, leaves out what would be 0, and may still change a figure that it has shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tidegate.domain.figures import Figures
from tidegate.domain.judge import Period
from tidegate.domain.plain import time_text

Series = Mapping[str, Mapping[datetime, float]]
"""Id of a query to its datapoints, by the beginning of their period."""
Reading = list[float | None]
"""The datapoints of one period, in the order of the queries; None where there is none."""
Counts = tuple[float, float, float, float]
"""Requests and bad responses of the canary, then of the stable side."""

LATER = 2
"""A period is final when so many later ones have data; with one, when two readings agree."""
SLACK = timedelta(seconds=120)
"""A period that is older than two periods and this is final whatever came later."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What one final period says: per metric, and of each group of stable tasks where that was read."""

    at: datetime
    figures: Mapping[str, Counts]
    groups: tuple[tuple[float, float], ...] = ()

    def periods(self, step: int) -> dict[str, Period]:
        """The same as the judge takes it: the groups tell of errors, the first metric."""
        plain = {name: Period(*counts, step=step) for name, counts in self.figures.items()}
        first = next(iter(plain))
        return plain | {first: replace(plain[first], stable_groups=self.groups)}


@dataclass(frozen=True, slots=True)
class Assembled:
    """The periods that are final now, oldest first, and what was read of those that are not."""

    final: tuple[Measured, ...]
    readings: dict[str, Reading]


def assemble(
    figures: Figures,
    series: Series,
    *,
    since: datetime,
    judged_until: datetime | None,
    earlier: Mapping[str, Sequence[float | None]],
    now: datetime,
    period_seconds: int,
) -> Assembled:
    """Pick the periods that became final.

    Nothing is taken beyond the first period that is not final, so periods come in order, and nothing that
    comes for a period at or before `judged_until` counts any more: neither a revision nor a late arrival.
    Lengths are not counted on, for periods are told apart by when they begin.

    Args:
        figures: What was asked for.
        series: What CloudWatch has.
        since: Periods that began before are left out.
        judged_until: Beginning of the last period that was taken.
        earlier: `readings` of the last time.
        now: The time of the reading.
        period_seconds: Length of a period as it was asked for.
    """
    ids = [query.id for query in figures.queries]
    known = sorted({at for id_ in ids for at in series.get(id_, {})})
    times = [at for at in known if at >= since and (judged_until is None or at > judged_until)]
    settled = now - timedelta(seconds=2 * period_seconds) - SLACK
    final: list[Measured] = []
    for position, at in enumerate(times):
        reading = _reading(ids, series, at)
        later = len(times) - position - 1
        agree = later == 1 and list(earlier.get(time_text(at), ())) == reading
        if not (later >= LATER or agree or at < settled):
            break
        final.append(_measured(figures, dict(zip(ids, reading, strict=True)), at))
    rest = times[len(final) :]
    return Assembled(tuple(final), {time_text(at): _reading(ids, series, at) for at in rest})


def _reading(ids: Sequence[str], series: Series, at: datetime) -> Reading:
    return [series.get(id_, {}).get(at) for id_ in ids]


def _measured(figures: Figures, found: Mapping[str, float | None], at: datetime) -> Measured:
    """Where a final period has no datapoint, its count is 0: CloudWatch has none for what did not happen.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """

    def count(id_: str) -> float:
        return max(0.0, found.get(id_) or 0.0)

    canary, stable = figures.requests
    return Measured(
        at,
        {
            name: (count(canary), count(bad), count(stable), count(stable_bad))
            for name, (bad, stable_bad) in figures.bad.items()
        },
        tuple((count(requests), count(errors)) for requests, errors in figures.groups),
    )
