"""How the services of the schedules get to production: rolling, by a canary, or blue/green.

Every service stands behind two listener rules with two target groups, whatever its strategy; requests come
in such numbers that the judge has its verdict within a few periods.
"""

from __future__ import annotations

from tidegate.domain.scaling import ServiceScaling, Suspended
from tidegate.domain.strategy import (
    BakeRules,
    BlueGreenSettings,
    CanarySettings,
    CanaryStep,
    DeploymentAlarms,
    LoadBalancerMetrics,
    MetricSource,
    PublishedMetrics,
    RollingSettings,
    Strategy,
)

ELB = "arn:aws:elasticloadbalancing:us-east-1:123456789012"
SCALING = ServiceScaling(2, 6, Suspended(scale_out=True), ({"PolicyName": "requests"},))
"""How every service scales in production."""
STEPS = (CanaryStep(25.0, 60, 900), CanaryStep(75.0, 60, 900))
"""Of two tasks: one, then another one."""
WARM_UP = 30
GREEN = "green"
"""What the address says in the place of the environment where the test rule leads."""


def groups_of(service: str) -> tuple[str, str]:
    """The two target groups of a service in production; the first has the traffic in the beginning."""
    return f"{ELB}:targetgroup/{service}-a/aaaa", f"{ELB}:targetgroup/{service}-b/bbbb"


def rules_of(service: str) -> tuple[str, str]:
    """The two listener rules of a service in production."""
    one, other = (f"{ELB}:listener-rule/app/{service}/1111/2222/{name}" for name in ("a1", "b2"))
    return one, other


def strategy_of(service: str, name: str, alarm: str) -> Strategy:
    """The settings of a strategy for a service in production."""
    alarms = DeploymentAlarms(names=(alarm,))
    if name == "rolling":
        return RollingSettings(alarms=alarms)
    if name == "blue_green":
        return _blue_green(service, alarms)
    stable, canary = groups_of(service)
    return CanarySettings(
        steps=STEPS,
        listener_rules=rules_of(service),
        target_group=stable,
        canary_target_group=canary,
        metrics=_metrics(service),
        # Both: of one service what the figures do not tell is taken back, of the other people are asked.
        when_inconclusive="ask" if service == "payments" else "return",
        warm_up_seconds=WARM_UP,
        longest_seconds=7200,
        alarms=alarms,
    )


def _blue_green(service: str, alarms: DeploymentAlarms) -> BlueGreenSettings:
    production, test = rules_of(service)
    return BlueGreenSettings(
        production_rule=production,
        test_rule=test,
        target_groups=groups_of(service),
        infrastructure_role="arn:aws:iam::123456789012:role/shift",
        test_url=f"https://{service}.{GREEN}.example",
        test_checks=("health",),
        bake_minutes=8,
        hook_timeout_minutes=6,
        bake=BakeRules(minimum_requests=100),
        alarms=alarms,
    )


def _metrics(service: str) -> MetricSource:
    if service != "payments":
        return LoadBalancerMetrics()
    sides = {"canary": {"Side": "canary"}, "stable": {"Side": "stable"}}
    return PublishedMetrics("Payments", "Requests", "Errors", **sides, period_seconds=10)
