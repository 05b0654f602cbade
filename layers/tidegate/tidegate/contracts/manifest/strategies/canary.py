"""The strategy `canary`: a second service that gets more and more of the traffic."""

from typing import Annotated, Literal

from pydantic import Field

from tidegate.contracts.fields import Choice, Contract
from tidegate.contracts.manifest.strategies.fields import (
    CanaryDuration,
    ListenerRule,
    StepDuration,
    TargetGroup,
    WarmUp,
    Weight,
)
from tidegate.contracts.manifest.strategies.judging import (
    HistorySource,
    JudgeRules,
    LoadBalancerMetrics,
    MetricSource,
)
from tidegate.contracts.manifest.strategies.rolling import NativeSettings
from tidegate.domain import strategy as domain


class CanaryStep(Contract):
    """One step: a share of the traffic, and how long it is watched."""

    weight: Annotated[Weight, Field(description="the canary's share of the traffic in percent")]
    minimum_seconds: Annotated[StepDuration, Field(description="how long the step lasts at least")] = 300
    maximum_seconds: Annotated[
        StepDuration, Field(description="after how long it ends where nothing speaks against the canary")
    ] = 1800

    def to_domain(self) -> domain.CanaryStep:
        """The step as a domain value."""
        return domain.CanaryStep(self.weight, self.minimum_seconds, self.maximum_seconds)


class Canary(NativeSettings):
    """A canary beside the stable service, judged step by step; then a native rolling deployment."""

    name: Annotated[Literal["canary"], Field(description="canary")]
    steps: Annotated[
        list[CanaryStep], Field(min_length=1, max_length=20, description="1 to 20 steps, ascending")
    ]
    listener_rules: Annotated[
        list[ListenerRule],
        Field(min_length=1, max_length=10, description="1 to 10 listener rules that forward to both groups"),
    ]
    target_group: Annotated[TargetGroup, Field(description="the ARN of the stable service's target group")]
    canary_target_group: Annotated[TargetGroup, Field(description="the ARN of the canary's target group")]
    judge: Annotated[JudgeRules, Field(description="what is judged, and with which certainty")] = JudgeRules()
    metrics: Annotated[MetricSource, Field(description="where the figures come from")] = LoadBalancerMetrics(
        kind="load_balancer"
    )
    history: Annotated[
        HistorySource | None, Field(description="where figures of several stable groups come from")
    ] = None
    when_inconclusive: Annotated[
        domain.InconclusiveChoice,
        Choice(("wait", "ask", "return")),
        Field(description="what happens at the end of a step that allows no conclusion"),
    ] = "return"
    warm_up_seconds: Annotated[
        WarmUp, Field(description="how long the canary's tasks are healthy before they get traffic")
    ] = 60
    longest_seconds: Annotated[
        CanaryDuration,
        Field(description="after how long an undecided canary is returned"),
    ] = 86_400

    def to_domain(self) -> domain.CanarySettings:
        """The settings as a domain value."""
        return domain.CanarySettings(
            steps=tuple(step.to_domain() for step in self.steps),
            listener_rules=tuple(self.listener_rules),
            target_group=self.target_group,
            canary_target_group=self.canary_target_group,
            judge=self.judge.to_domain(),
            metrics=self.metrics.to_domain(),
            history=self.history.to_domain() if self.history else None,
            when_inconclusive=self.when_inconclusive,
            warm_up_seconds=self.warm_up_seconds,
            longest_seconds=self.longest_seconds,
            timeout_seconds=self.timeout_seconds,
            minimum_healthy_percent=self.minimum_healthy_percent,
            maximum_percent=self.maximum_percent,
            circuit_breaker=self.circuit_breaker.to_domain(),
            alarms=self.alarms.to_domain(),
        )
