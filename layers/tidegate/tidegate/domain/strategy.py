"""The strategies by which an environment gets a release, and their settings.

Each is a state machine of the same name. All settings have ``alarms`` and ``timeout_seconds``, the time that
one native deployment of ECS may take; `native` gives the settings of that deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

AlarmChoice = Literal["refuse", "accept"]
ThresholdType = Literal["BOUNDED_PERCENT", "UNBOUNDED_PERCENT", "COUNT"]
JudgeProfile = Literal["calibrated", "guarded", "robust", "fast"]
InconclusiveChoice = Literal["wait", "ask", "return"]
BakeChoice = Literal["accept", "return"]

STRATEGIES: frozenset[str] = frozenset({"rolling", "canary", "blue_green"})
"""The one place where a strategy is known by name; `statemachines/strategies/` holds one file for each."""


def unknown_strategy(name: str) -> str | None:
    """The sentence that refuses a strategy nobody wrote, or None when it exists."""
    if name in STRATEGIES:
        return None
    return f"{name} is no strategy; give one of {', '.join(sorted(STRATEGIES))}"


@dataclass(frozen=True, slots=True)
class CircuitBreakerThreshold:
    """How many failed tasks trip the circuit breaker: a percentage of the desired tasks, or a count."""

    type: ThresholdType = "BOUNDED_PERCENT"
    value: int = 50


@dataclass(frozen=True, slots=True)
class CircuitBreaker:
    """Settings of the ECS deployment circuit breaker, which itself is always on with rollback."""

    threshold: CircuitBreakerThreshold = CircuitBreakerThreshold()
    reset_on_healthy_task: bool = True


@dataclass(frozen=True, slots=True)
class DeploymentAlarms:
    """CloudWatch alarms that fail a deployment, and what to do when one is in ALARM before it starts."""

    names: tuple[str, ...] = ()
    when_already_in_alarm: AlarmChoice = "refuse"


@dataclass(frozen=True, slots=True)
class RollingSettings:
    """Settings of the strategy `rolling`: the native rolling deployment of ECS."""

    name: Literal["rolling"] = "rolling"
    timeout_seconds: int = 1800
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    alarms: DeploymentAlarms = DeploymentAlarms()


# --- judging ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SlowResponses:
    """Responses slower than a threshold, judged as a metric of their own.

    `weight` is its share of alpha beside the other metrics; errors have 1.
    """

    name: str
    threshold_ms: int
    weight: float = 0.4


@dataclass(frozen=True, slots=True)
class JudgeRules:
    """What the judge guarantees and judges; see `domain.judge.JudgeSettings`, whose names these are."""

    alpha: float = 0.01
    profile: JudgeProfile = "robust"
    harm: float = 0.005
    beta: float = 0.05
    minimum_requests: int = 100
    warm_up_minutes: int = 0
    slow: tuple[SlowResponses, ...] = ()


@dataclass(frozen=True, slots=True)
class LoadBalancerMetrics:
    """The canary and the stable side are told apart by their target groups in `AWS/ApplicationELB`."""

    kind: Literal["load_balancer"] = "load_balancer"
    period_seconds: int = 60


@dataclass(frozen=True, slots=True)
class PublishedMetrics:
    """Figures that the application publishes to CloudWatch, at high resolution if it likes.

    `requests` and `errors` are metric names, `slow` maps the name of a `SlowResponses` to one; `canary` and
    `stable` are the dimensions that select one side each. All are summed over a period.
    """

    namespace: str
    requests: str
    errors: str
    canary: Mapping[str, str]
    stable: Mapping[str, str]
    slow: Mapping[str, str] = field(default_factory=dict)
    kind: Literal["published"] = "published"
    period_seconds: int = 60


@dataclass(frozen=True, slots=True)
class ZoneHistory:
    """History by Availability Zone of the stable target group.

    Only where the dimension is the target's zone: with cross-zone load balancing it may be that of the
    balancer's node, so the manifest has to say that it is not.
    """

    zones: tuple[str, ...]
    kind: Literal["zones"] = "zones"


@dataclass(frozen=True, slots=True)
class PublishedHistory:
    """History by groups of stable tasks that the application publishes: dimensions of each group."""

    namespace: str
    requests: str
    errors: str
    groups: tuple[Mapping[str, str], ...]
    kind: Literal["published"] = "published"


MetricSource = LoadBalancerMetrics | PublishedMetrics
HistorySource = ZoneHistory | PublishedHistory

# --- canary -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CanaryStep:
    """One step of a canary: the share of the traffic in percent, and how long it is watched."""

    weight: float
    minimum_seconds: int = 300
    maximum_seconds: int = 1800


@dataclass(frozen=True, slots=True)
class CanarySettings:
    """Settings of the strategy `canary`.

    Attributes:
        steps: Ascending weights; the last one is at most 95, so that a stable side remains to compare with.
        listener_rules: Rules that forward to both target groups and that nobody but Tidegate changes.
        target_group: Target group of the stable service.
        canary_target_group: Target group of the service `<service>-canary`.
        when_inconclusive: What happens at the end of a step whose data allow no conclusion.
        warm_up_seconds: How long the canary's tasks must have been healthy before they get traffic.
        longest_seconds: After how long a canary that is neither promoted nor returned is returned.
        timeout_seconds: Time for the native deployment that promotes, or restores, the stable service.
    """

    steps: tuple[CanaryStep, ...]
    listener_rules: tuple[str, ...]
    target_group: str
    canary_target_group: str
    name: Literal["canary"] = "canary"
    judge: JudgeRules = JudgeRules()
    metrics: MetricSource = LoadBalancerMetrics()
    history: HistorySource | None = None
    when_inconclusive: InconclusiveChoice = "return"
    warm_up_seconds: int = 60
    longest_seconds: int = 86_400
    timeout_seconds: int = 1800
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    alarms: DeploymentAlarms = DeploymentAlarms()


# --- blue/green ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BakeRules:
    """The judge on absolute figures after the switch, while blue still runs.

    Attributes:
        alpha: Highest probability of returning a green whose rates of bad responses stay below the limits.
        error_rate: Share of 5xx responses that is tolerated.
        slow_rate: Share of responses slower than `slow_ms` that is tolerated.
        slow_ms: None judges errors only.
        minimum_requests: Requests in the whole bake, below which nothing is known of green.
        when_inconclusive: Whether a green of which nothing is known at the end of the bake stays.
    """

    alpha: float = 0.01
    error_rate: float = 0.01
    slow_rate: float = 0.05
    slow_ms: int | None = None
    minimum_requests: int = 100
    when_inconclusive: BakeChoice = "return"


@dataclass(frozen=True, slots=True)
class BlueGreenSettings:
    """Settings of the strategy `blue_green`: the native blue/green deployment of ECS.

    Attributes:
        production_rule: Listener rule whose traffic is switched.
        test_rule: Listener rule that leads to green before the switch.
        target_groups: The two target groups; which of them is blue alternates.
        infrastructure_role: Role with which ECS changes the rules.
        bake_minutes: How long both run after the switch.
        hook_timeout_minutes: After how long ECS rolls back when nobody answers its pause.
        test_checks: Names of the environment's checks that are made through the test listener; the
            requests of HTTP checks then go to `test_url`, with `test_headers`.
        test_url: Address of the test listener, which takes the place of scheme, host and port; None where
            the test rule tells its requests apart by headers alone.
        test_headers: Headers by which the test rule knows a request that is meant for green.
    """

    production_rule: str
    test_rule: str
    target_groups: tuple[str, str]
    infrastructure_role: str
    test_url: str | None = None
    test_headers: Mapping[str, str] = field(default_factory=dict)
    name: Literal["blue_green"] = "blue_green"
    bake_minutes: int = 10
    hook_timeout_minutes: int = 60
    bake: BakeRules = BakeRules()
    test_checks: tuple[str, ...] = ()
    timeout_seconds: int = 7200
    minimum_healthy_percent: int = 100
    maximum_percent: int = 200
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    alarms: DeploymentAlarms = DeploymentAlarms()


Strategy = RollingSettings | CanarySettings | BlueGreenSettings
"""The settings of any strategy, told apart by `name`."""

Native = RollingSettings | BlueGreenSettings
"""The settings of a deployment that ECS makes by itself."""


def native(strategy: Strategy) -> Native:
    """The native deployment by which the service itself gets a task definition.

    A canary is promoted, and every service is restored, by a deployment of ECS.
    """
    if not isinstance(strategy, CanarySettings):
        return strategy
    return RollingSettings(
        timeout_seconds=strategy.timeout_seconds,
        minimum_healthy_percent=strategy.minimum_healthy_percent,
        maximum_percent=strategy.maximum_percent,
        circuit_breaker=strategy.circuit_breaker,
        alarms=strategy.alarms,
    )
