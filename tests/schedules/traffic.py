"""The load balancer and CloudWatch in small: who gets requests, whose tasks answer, and what is measured.

Requests come evenly. One in five hundred fails, whoever answers; of a harmful image one in three does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.support.fakes import FakeListenerRules, FakeMetrics, FakeTargetGroups
from tidegate.domain.metrics import MetricQuery
from tidegate.domain.service import Target
from tidegate.domain.traffic import Stickiness
from tidegate.domain.workload import TargetState

REQUESTS_A_SECOND = 400
HARMLESS, HARMFUL = 0.002, 0.3
LONGEST_READ = timedelta(hours=1)
"""Nobody asks for what was measured before."""


class SmallListenerRules(FakeListenerRules):
    """Tells of every change of weights before it is made."""

    def __init__(self) -> None:
        super().__init__()
        self._about_to: Callable[[str, Mapping[str, int]], None]

    def _connect(self, before: Callable[[str, Mapping[str, int]], None]) -> None:
        self._about_to = before

    def set_weights(
        self,
        target: Target,
        rule: str,
        weights: Mapping[str, int],
        *,
        stickiness: Stickiness | None = None,
        instead_of: Collection[str] | None = None,
    ) -> bool:
        self._about_to(rule, weights)
        return super().set_weights(target, rule, weights, stickiness=stickiness, instead_of=instead_of)


class SmallTargetGroups(FakeTargetGroups):
    """The targets of a group are the tasks that are registered in it; all of them are healthy."""

    def __init__(self) -> None:
        super().__init__()
        self._tasks: Callable[[str], int]

    def _connect(self, tasks: Callable[[str], int]) -> None:
        self._tasks = tasks

    def health(self, target: Target, target_group: str) -> tuple[TargetState, ...]:
        return tuple(TargetState(f"10.0.0.{n}", "healthy") for n in range(self._tasks(target_group)))


@dataclass(frozen=True)
class Measured:
    """What is measured of one side of a service.

    ``share`` is that of its requests, ``rate`` that of its bad responses.
    """

    share: float
    rate: float


@dataclass(frozen=True)
class Meter:
    """One side of a service: the queries for its requests and its bad responses, and how it stands."""

    requests: MetricQuery
    bad: MetricQuery
    stands: Callable[[], Measured]


class SmallMetrics(FakeMetrics):
    """Has a datapoint for every period that is over, unless it lost it."""

    def __init__(self) -> None:
        super().__init__()
        self._now: Callable[[], datetime]
        self._meters: list[Meter] = []
        self._until: dict[int, datetime] = {}
        self._silent_until: datetime | None = None

    def _connect(self, now: Callable[[], datetime], meters: Sequence[Meter]) -> None:
        self._now, self._meters = now, list(meters)

    def _lose(self, seconds: float) -> None:
        """Lose what happens from now on, for a while."""
        self._fill()
        self._silent_until = self._now() + timedelta(seconds=seconds)

    def read(
        self, target: Target, queries: Sequence[MetricQuery], *, since: datetime, until: datetime
    ) -> dict[str, dict[datetime, float]]:
        self._fill()
        return super().read(target, queries, since=since, until=until)

    def _fill(self) -> None:
        """Measure the periods that are over by now. Called before whatever changes the figures."""
        for number, meter in enumerate(self._meters):
            length = timedelta(seconds=meter.requests.period_seconds)
            begun = self._until.setdefault(number, self._now().replace(second=0, microsecond=0))
            if begun + length > self._now():
                continue
            begun = max(begun, begun + ((self._now() - begun - LONGEST_READ) // length) * length)
            found = meter.stands()
            requests = round(REQUESTS_A_SECOND * found.share * length.total_seconds())
            while begun + length <= self._now():
                silent = self._silent_until is not None and begun < self._silent_until
                if requests and not silent:
                    self.record(meter.requests, begun, requests)
                    self.record(meter.bad, begun, round(requests * found.rate))
                begun += length
            self._until[number] = begun
