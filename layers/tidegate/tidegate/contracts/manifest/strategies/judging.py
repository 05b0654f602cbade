"""What is judged while a canary or a new green gets traffic, and where its figures come from."""

from typing import Annotated, Literal

from pydantic import Field

from tidegate.contracts.fields import Between, Choice, Contract, Number, OneNumberOf, Tagged
from tidegate.contracts.manifest.strategies.fields import JudgedName, MetricName, Share, Zone
from tidegate.domain import strategy as domain

PERIODS = (1, 5, 10, 20, 30, 60)
"""Periods that CloudWatch has and that divide a minute."""

Dimensions = Annotated[dict[MetricName, MetricName], Field(min_length=1, max_length=30)]
Milliseconds = Annotated[int, Between(1, 60_000)]


class SlowResponses(Contract):
    """Responses slower than a threshold, as a metric of their own."""

    name: Annotated[JudgedName, Field(description="the name of the metric in the evidence")]
    threshold_ms: Annotated[Milliseconds, Field(description="responses slower than this are bad")]
    weight: Annotated[
        float, Number(0.01, 10.0), Field(description="its share of alpha beside errors, which have 1")
    ] = 0.4

    def to_domain(self) -> domain.SlowResponses:
        """The metric as a domain value."""
        return domain.SlowResponses(self.name, self.threshold_ms, self.weight)


class JudgeRules(Contract):
    """What the judge of a canary guarantees, and what it looks at."""

    alpha: Annotated[Share, Field(description="the highest probability of returning a harmless canary")] = (
        0.01
    )
    profile: Annotated[
        domain.JudgeProfile,
        Choice(("calibrated", "guarded", "robust", "fast")),
        Field(description="how much noise between the two sides is withstood"),
    ] = "robust"
    harm: Annotated[Share, Field(description="the difference of bad-response rates that is harm")] = 0.005
    beta: Annotated[Share, Field(description="the highest probability of promoting such harm early")] = 0.05
    minimum_requests: Annotated[
        int,
        Between(1, 1_000_000),
        Field(description="requests a side below which nothing is concluded"),
    ] = 100
    warm_up_minutes: Annotated[
        int, Between(0, 60), Field(description="minutes of each step that are not judged")
    ] = 0
    slow: Annotated[
        list[SlowResponses], Field(max_length=4, description="slow responses to judge beside errors")
    ] = Field([])

    def to_domain(self) -> domain.JudgeRules:
        """The rules as a domain value."""
        return domain.JudgeRules(
            alpha=self.alpha,
            profile=self.profile,
            harm=self.harm,
            beta=self.beta,
            minimum_requests=self.minimum_requests,
            warm_up_minutes=self.warm_up_minutes,
            slow=tuple(each.to_domain() for each in self.slow),
        )


class LoadBalancerMetrics(Contract):
    """The metrics of the two target groups in `AWS/ApplicationELB`, which have one period, a minute."""

    kind: Annotated[Literal["load_balancer"], Field(description="load_balancer")]
    period_seconds: Annotated[int, OneNumberOf((60,)), Field(description="60")] = 60

    def to_domain(self) -> domain.LoadBalancerMetrics:
        """The source as a domain value."""
        return domain.LoadBalancerMetrics(period_seconds=self.period_seconds)


class PublishedMetrics(Contract):
    """Metrics that the application publishes to CloudWatch, summed over a period."""

    kind: Annotated[Literal["published"], Field(description="published")]
    namespace: Annotated[MetricName, Field(description="the namespace of the metrics")]
    requests: Annotated[MetricName, Field(description="the metric that counts requests")]
    errors: Annotated[MetricName, Field(description="the metric that counts bad ones")]
    canary: Annotated[Dimensions, Field(description="the dimensions that select the canary")]
    stable: Annotated[Dimensions, Field(description="the dimensions that select the stable side")]
    slow: Annotated[
        dict[JudgedName, MetricName],
        Field(description="name of slow responses to what counts them"),
    ] = Field({})
    period_seconds: Annotated[
        int,
        OneNumberOf(PERIODS),
        Field(description="how long a period is; below 60 only for high-resolution metrics"),
    ] = 60

    def to_domain(self) -> domain.PublishedMetrics:
        """The source as a domain value."""
        return domain.PublishedMetrics(
            namespace=self.namespace,
            requests=self.requests,
            errors=self.errors,
            canary=dict(self.canary),
            stable=dict(self.stable),
            slow=dict(self.slow),
            period_seconds=self.period_seconds,
        )


class ZoneHistory(Contract):
    """The stable target group by Availability Zone, where the dimension is that of the target."""

    kind: Annotated[Literal["zones"], Field(description="zones")]
    zones: Annotated[list[Zone], Field(min_length=2, max_length=4, description="2 to 4 Availability Zones")]

    def to_domain(self) -> domain.ZoneHistory:
        """The source as a domain value."""
        return domain.ZoneHistory(zones=tuple(self.zones))


class PublishedHistory(Contract):
    """Groups of stable tasks whose figures the application publishes."""

    kind: Annotated[Literal["published"], Field(description="published")]
    namespace: Annotated[MetricName, Field(description="the namespace of the metrics")]
    requests: Annotated[MetricName, Field(description="the metric that counts requests")]
    errors: Annotated[MetricName, Field(description="the metric that counts bad ones")]
    groups: Annotated[
        list[Dimensions], Field(min_length=2, max_length=4, description="2 to 4 sets of dimensions")
    ]

    def to_domain(self) -> domain.PublishedHistory:
        """The source as a domain value."""
        return domain.PublishedHistory(
            namespace=self.namespace,
            requests=self.requests,
            errors=self.errors,
            groups=tuple(dict(group) for group in self.groups),
        )


MetricSource = Annotated[
    LoadBalancerMetrics | PublishedMetrics,
    Tagged("kind", {"load_balancer": LoadBalancerMetrics, "published": PublishedMetrics}),
]
HistorySource = Annotated[
    ZoneHistory | PublishedHistory, Tagged("kind", {"zones": ZoneHistory, "published": PublishedHistory})
]
