"""Fakes of what a canary needs: listener rules, scaling, metrics, the pulse's schedule, its records."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.support.fakes.fake import Fake
from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.canary import Canary, JudgedPeriod
from tidegate.domain.metrics import MetricQuery
from tidegate.domain.plain import from_plain, to_plain
from tidegate.domain.scaling import ServiceScaling, Suspended
from tidegate.domain.service import Target
from tidegate.domain.traffic import ListenerRule, Stickiness
from tidegate.errors import Terminal


class FakeListenerRules(Fake):
    """`rules` maps ARNs to rules; of the target groups in `sticky_groups` targets keep their clients."""

    def __init__(self) -> None:
        super().__init__()
        self.rules: dict[str, ListenerRule] = {}
        self.sticky_groups: set[str] = set()

    def add(self, arn: str, weights: Mapping[str, int], stickiness: Stickiness | None = None) -> None:
        """Let a rule exist."""
        self.rules[arn] = ListenerRule(arn, dict(weights), stickiness or Stickiness())

    def describe(self, target: Target, rules: Sequence[str]) -> tuple[ListenerRule, ...]:
        return tuple(self.rules[arn] for arn in rules if arn in self.rules)

    def set_weights(
        self,
        target: Target,
        rule: str,
        weights: Mapping[str, int],
        *,
        stickiness: Stickiness | None = None,
        instead_of: Collection[str] | None = None,
    ) -> bool:
        known = self.rules.get(rule)
        if known is None:
            raise Terminal(f"RuleNotFound: there is no rule {rule}.")
        if set(known.weights) != set(weights if instead_of is None else instead_of):
            raise Terminal(f"{rule} forwards to other target groups.")
        kept = known.stickiness if stickiness is None else stickiness
        if len(weights) > 1 and not kept.enabled and self.sticky_groups & set(weights):
            if stickiness is None:
                raise Terminal(f"InvalidLoadBalancerAction: {rule} has to be sticky.")
            return False
        self.rules[rule] = replace(known, weights=dict(weights), stickiness=kept)
        return True


class FakeScaling(Fake):
    """`scaled` maps (cluster, service) to how it scales by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.scaled: dict[tuple[str, str], ServiceScaling] = {}

    def describe(self, target: Target, cluster: str, service: str) -> ServiceScaling | None:
        return self.scaled.get((cluster, service))

    def suspend(self, target: Target, cluster: str, service: str, suspended: Suspended) -> None:
        if known := self.scaled.get((cluster, service)):
            self.scaled[cluster, service] = replace(known, suspended=suspended)

    def put(self, target: Target, cluster: str, service: str, scaling: ServiceScaling) -> None:
        policies = tuple(sorted(scaling.policies, key=lambda policy: str(policy["PolicyName"])))
        self.scaled[cluster, service] = replace(scaling, policies=policies)

    def remove(self, target: Target, cluster: str, service: str) -> None:
        self.scaled.pop((cluster, service), None)


class FakeMetrics(Fake):
    """`series` maps (namespace, metric, dimensions, statistic) to datapoints; see `record`."""

    def __init__(self) -> None:
        super().__init__()
        self.series: dict[tuple[str, str, frozenset[tuple[str, str]], str], dict[datetime, float]] = {}

    def record(
        self, query: MetricQuery | tuple[str, str, Mapping[str, str], str], at: datetime, value: float
    ) -> None:
        """Let CloudWatch have a datapoint for what a query asks for, or change the one it has."""
        self.series.setdefault(_series(query), {})[at] = value

    def read(
        self, target: Target, queries: Sequence[MetricQuery], *, since: datetime, until: datetime
    ) -> dict[str, dict[datetime, float]]:
        return {
            query.id: {
                at: value
                for at, value in sorted(self.series.get(_series(query), {}).items())
                if since <= at < until
            }
            for query in queries
        }


def _series(
    query: MetricQuery | tuple[str, str, Mapping[str, str], str],
) -> tuple[str, str, frozenset[tuple[str, str]], str]:
    if isinstance(query, MetricQuery):
        query = (query.namespace, query.metric, query.dimensions, query.statistic)
    namespace, metric, dimensions, statistic = query
    return namespace, metric, frozenset(dimensions.items()), statistic


class FakeSchedules(Fake):
    """`started` maps names of schedules to their payloads."""

    def __init__(self) -> None:
        super().__init__()
        self.started: dict[str, dict[str, Any]] = {}

    def start(self, name: str, payload: Mapping[str, Any]) -> None:
        self.started[name] = json.loads(json.dumps(payload))

    def remove(self, name: str) -> None:
        self.started.pop(name, None)

    def exists(self, name: str) -> bool:
        return name in self.started


def _through_json(canary: Canary) -> Canary:
    """A canary as it comes back from a store: what is no JSON does not."""
    return from_plain(Canary, json.loads(json.dumps(to_plain(canary))))


class FakeCanaries(Fake):
    """`stored` maps (service, environment) to the newest canary."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[tuple[str, str], Canary] = {}
        self.judged: dict[str, dict[datetime, JudgedPeriod]] = {}

    def open(self, canary: Canary) -> Canary:
        key = canary.service, canary.environment
        known = self.stored.get(key)
        if known is not None and known.id == canary.id:
            return known
        if known is not None and known.phase != "ended":
            raise Terminal(f"Canary {known.id} of {canary.service} in {canary.environment} has not ended.")
        self.stored[key] = _through_json(replace(canary, version=1))
        return self.stored[key]

    def get(self, service: str, environment: str) -> Canary | None:
        return self.stored.get((service, environment))

    def save(self, canary: Canary) -> Canary | None:
        key = canary.service, canary.environment
        known = self.stored.get(key)
        saved = _through_json(replace(canary, version=canary.version + 1))
        if known is None or (known.id, known.version) != (canary.id, canary.version):
            return known if known == saved else None
        self.stored[key] = saved
        return saved

    def end(self, canary: Canary) -> Canary | None:
        assert canary.phase == "ended"
        return self.save(canary)

    def active(self) -> tuple[Canary, ...]:
        return tuple(each for _, each in sorted(self.stored.items()) if each.phase != "ended")

    def add_periods(self, canary: str, periods: Sequence[JudgedPeriod]) -> None:
        kept = self.judged.setdefault(canary, {})
        for period in periods:
            kept.setdefault(period.at, period)

    def periods(self, canary: str) -> tuple[JudgedPeriod, ...]:
        return tuple(period for _, period in sorted(self.judged.get(canary, {}).items()))


class FakeCalibrations(Fake):
    """`stored` maps (service, environment) to the newest calibration."""

    def __init__(self) -> None:
        super().__init__()
        self.stored: dict[tuple[str, str], StoredCalibration] = {}

    def get(self, service: str, environment: str) -> StoredCalibration | None:
        return self.stored.get((service, environment))

    def put(self, service: str, environment: str, calibration: StoredCalibration) -> None:
        known = self.stored.get((service, environment))
        if known is None or known.at <= calibration.at:
            self.stored[service, environment] = calibration
