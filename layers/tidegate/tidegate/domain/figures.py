"""Which metrics make up the judge's periods, and what is asked of CloudWatch for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tidegate.domain.judging import ERRORS
from tidegate.domain.metrics import MetricQuery
from tidegate.domain.strategy import (
    CanarySettings,
    HistorySource,
    LoadBalancerMetrics,
    PublishedMetrics,
    SlowResponses,
    ZoneHistory,
)

BALANCER = "AWS/ApplicationELB"
MINUTE = 60

Sides = tuple[str, str]
"""Ids of two queries: of the canary's and of the stable side's figure, or of requests and errors."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The queries that give one kind of period.

    Attributes:
        requests: Queries of the canary's and the stable side's requests.
        bad: Metric to the queries of the canary's and the stable side's bad responses.
        groups: Queries of requests and errors of each group of stable tasks.
    """

    queries: tuple[MetricQuery, ...]
    requests: Sides
    bad: Mapping[str, Sides]
    groups: tuple[Sides, ...] = field(default=())


def balancer_of(rule: str) -> str:
    """The dimension `LoadBalancer` of the load balancer that a listener rule belongs to: ``app/name/id``.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html

    Raises:
        ValueError: it is no ARN of a rule.
    """
    kind, *parts = rule.rpartition(":")[2].split("/")
    if kind != "listener-rule" or len(parts) != 5:
        raise ValueError(f"{rule} is not the ARN of a listener rule of an Application Load Balancer.")
    return "/".join(parts[:3])


def group_of(arn: str) -> str:
    """The dimension `TargetGroup` of a target group: ``targetgroup/name/id``."""
    return arn.rpartition(":")[2]


def figures_of(settings: CanarySettings, *, live: bool = False) -> Figures:
    """What is read for the periods of a canary: 4 metrics, and 2 for each threshold of slow responses.

    Args:
        settings: The canary's settings.
        live: Read each group of stable tasks as well, 2 metrics a group: where there is a history, noise
            that it does not know is seen while the canary runs.
    """
    source, period = settings.metrics, settings.metrics.period_seconds
    wanted = {f"{side}_{name}": pair for side, name, pair in _wanted(settings)}
    names = [ERRORS, *(slow.name for slow in settings.judge.slow)]
    groups = _groups(settings, period) if live else ()
    return Figures(
        queries=(
            *(
                MetricQuery(id_, _namespace(source), metric, dimensions, statistic, period)
                for id_, (metric, statistic, dimensions) in wanted.items()
            ),
            *groups,
        ),
        requests=("canary_requests", "stable_requests"),
        bad={name: (f"canary_bad_{i}", f"stable_bad_{i}") for i, name in enumerate(names)},
        groups=_pairs(groups),
    )


_Wanted = tuple[str, str, tuple[str, str, Mapping[str, str]]]
"""Side, name, and metric, statistic and dimensions."""


def _namespace(source: LoadBalancerMetrics | PublishedMetrics) -> str:
    return source.namespace if isinstance(source, PublishedMetrics) else BALANCER


def _wanted(settings: CanarySettings) -> list[_Wanted]:
    source = settings.metrics
    if isinstance(source, PublishedMetrics):
        bad = [source.errors, *(source.slow[slow.name] for slow in settings.judge.slow)]
        metrics = [("requests", source.requests), *((f"bad_{i}", name) for i, name in enumerate(bad))]
        sides = (("canary", source.canary), ("stable", source.stable))
        return [(side, name, (metric, "Sum", where)) for name, metric in metrics for side, where in sides]
    groups = (("canary", settings.canary_target_group), ("stable", settings.target_group))
    return [
        (side, name, (metric, statistic, _dimensions(settings, group)))
        for name, metric, statistic in _of_balancer(settings.judge.slow)
        for side, group in groups
    ]


def _of_balancer(slow: tuple[SlowResponses, ...]) -> list[tuple[str, str, str]]:
    """Name, metric and statistic. `TC(x:)` counts the values above x, and may be a fraction: it interpolates.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
    """
    return [
        ("requests", "RequestCount", "Sum"),
        ("bad_0", "HTTPCode_Target_5XX_Count", "Sum"),
        *(
            (f"bad_{i}", "TargetResponseTime", f"TC({each.threshold_ms / 1000:g}:)")
            for i, each in enumerate(slow, 1)
        ),
    ]


def _dimensions(settings: CanarySettings, target_group: str, zone: str | None = None) -> dict[str, str]:
    found = {
        "LoadBalancer": balancer_of(settings.listener_rules[0]),
        "TargetGroup": group_of(target_group),
    }
    return found | {"AvailabilityZone": zone} if zone else found


# --- groups of stable tasks ---------------------------------------------------------------------------------


def _groups(settings: CanarySettings, period: int) -> tuple[MetricQuery, ...]:
    """Requests and errors of every group of stable tasks, in the history's order; a balancer has minutes."""
    history = settings.history
    if history is None or (isinstance(history, ZoneHistory) and period < MINUTE):
        return ()
    names = ("RequestCount", "HTTPCode_Target_5XX_Count")
    if not isinstance(history, ZoneHistory):
        names = (history.requests, history.errors)
    return tuple(
        MetricQuery(f"group_{i}_{what}", namespace, metric, dimensions, "Sum", period)
        for i, (namespace, dimensions) in enumerate(_places(settings, history))
        for what, metric in zip(("requests", "errors"), names, strict=True)
    )


def _pairs(groups: tuple[MetricQuery, ...]) -> tuple[Sides, ...]:
    return tuple((groups[i].id, groups[i + 1].id) for i in range(0, len(groups), 2))


def _places(settings: CanarySettings, history: HistorySource) -> list[tuple[str, Mapping[str, str]]]:
    if isinstance(history, ZoneHistory):
        return [(BALANCER, _dimensions(settings, settings.target_group, zone)) for zone in history.zones]
    return [(history.namespace, dimensions) for dimensions in history.groups]


def history_of(settings: CanarySettings) -> Figures:
    """What is read to measure a service's own noise: its stable side, and each group of its stable tasks.

    Slow responses can be split by zone, not by groups that the application publishes. All at one minute.
    """
    figures = figures_of(settings)
    stable = tuple(
        MetricQuery(q.id, q.namespace, q.metric, q.dimensions, q.statistic, MINUTE)
        for q in figures.queries
        if q.id.startswith("stable_")
    )
    groups = _groups(settings, MINUTE)
    slow = _slow_groups(settings)
    return Figures(
        queries=(*stable, *groups, *slow),
        requests=figures.requests,
        bad=figures.bad,
        groups=_pairs(groups),
    )


def slow_group_id(group: int, metric: int) -> str:
    """Id of the query for the slow responses of one group; metrics count from 1, errors being 0."""
    return f"group_{group}_bad_{metric}"


def _slow_groups(settings: CanarySettings) -> tuple[MetricQuery, ...]:
    if not isinstance(settings.history, ZoneHistory) or isinstance(settings.metrics, PublishedMetrics):
        return ()
    return tuple(
        MetricQuery(slow_group_id(g, i), BALANCER, metric, dimensions, statistic, MINUTE)
        for g, (_, dimensions) in enumerate(_places(settings, settings.history))
        for i, (_, metric, statistic) in enumerate(_of_balancer(settings.judge.slow)[2:], 1)
    )
