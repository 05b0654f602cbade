"""What green is judged by during the bake of a blue/green deployment, and what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tidegate.domain.assembly import Measured, Series
from tidegate.domain.figures import BALANCER, MINUTE, Figures, balancer_of, group_of
from tidegate.domain.judge import (
    AbsoluteSettings,
    AbsoluteState,
    Limit,
    estimate_dispersion,
    observe_absolute,
    start_absolute,
)
from tidegate.domain.metrics import MetricQuery
from tidegate.domain.strategy import BakeRules, BlueGreenSettings

ERRORS, SLOW = "errors", "slow"
SLOW_WEIGHT = 0.4
"""The share of alpha of slow responses beside errors, which have 1: as for a canary."""
LEAST_HISTORY = 30
"""From fewer minutes no dispersion is measured."""
REQUESTS = "requests"


@dataclass(frozen=True, slots=True)
class Bake:
    """The two target groups as they were when the deployment was planned, and the judge."""

    blue: str
    green: str
    state: AbsoluteState

    def to_json(self) -> str:
        """As it lies in the record."""
        plain = {"blue": self.blue, "green": self.green, "state": json.loads(self.state.to_json())}
        return json.dumps(plain, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Bake:
        """Read what `to_json` wrote."""
        plain = json.loads(text)
        return cls(plain["blue"], plain["green"], AbsoluteState.from_json(json.dumps(plain["state"])))

    def after(self, measured: Measured) -> Bake:
        """The same after one more period."""
        figures = {name: (counts[0], counts[1]) for name, counts in measured.figures.items()}
        return Bake(self.blue, self.green, observe_absolute(self.state, figures))


def first_bake(rules: BakeRules, blue: str, green: str, dispersion: Mapping[str, float]) -> Bake:
    """The judge before the first period."""
    limits = [Limit(ERRORS, rules.error_rate)]
    if rules.slow_ms is not None:
        limits.append(Limit(SLOW, rules.slow_rate, SLOW_WEIGHT))
    settings = AbsoluteSettings(tuple(limits), rules.alpha, rules.minimum_requests)
    known = {limit.name: dispersion[limit.name] for limit in limits if limit.name in dispersion}
    return Bake(blue, green, start_absolute(settings, known))


def figures_of_group(settings: BlueGreenSettings, group: str) -> Figures:
    """What is read of one target group; there is no second side, whose counts are 0.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """
    where = {"LoadBalancer": balancer_of(settings.production_rule), "TargetGroup": group_of(group)}
    wanted = [(REQUESTS, "RequestCount", "Sum"), (ERRORS, "HTTPCode_Target_5XX_Count", "Sum")]
    if settings.bake.slow_ms is not None:
        wanted.append((SLOW, "TargetResponseTime", f"TC({settings.bake.slow_ms / 1000:g}:)"))
    return Figures(
        queries=tuple(
            MetricQuery(id_, BALANCER, metric, where, statistic, MINUTE) for id_, metric, statistic in wanted
        ),
        requests=(REQUESTS, "none"),
        bad={name: (name, "none") for name, _, _ in wanted[1:]},
    )


def dispersion_of(figures: Figures, series: Series) -> dict[str, float]:
    """How much more bad responses came in bursts than one by one; empty where too little is known."""
    requests = series.get(REQUESTS, {})
    minutes = sorted(at for at, count in requests.items() if count > 0)
    if len(minutes) < LEAST_HISTORY:
        return {}
    return {
        name: estimate_dispersion([series.get(name, {}).get(at, 0.0) for at in minutes])
        for name in figures.bad
    }
