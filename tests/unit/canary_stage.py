"""A canary at every point of its life, as steps, pulse and sweep find it."""

from dataclasses import replace
from typing import Any

from tests.unit.examples import environment, service
from tests.unit.stage import Stage, define, entered, planned, revision
from tidegate.domain.canary import Canary, canary_service, schedule_name
from tidegate.domain.scaling import ServiceScaling, Suspended, held
from tidegate.domain.service import Service
from tidegate.domain.strategy import CanarySettings, CanaryStep
from tidegate.domain.traffic import weights_for
from tidegate.domain.workload import TargetState
from tidegate.steps.withdrawing import SETTLING, Withdrawal, withdraw

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012"
STABLE = f"{ARN}:targetgroup/checkout/0123456789abcdef"
CANARY = f"{ARN}:targetgroup/checkout-canary/fedcba9876543210"
OTHER = f"{ARN}:targetgroup/somebody-elses/1111111111111111"
RULES = tuple(f"{ARN}:listener-rule/app/checkout/50dc6c495c0c9188/f2f7dc8efc522ab2/{n}" for n in ("a1", "b2"))
NAME = canary_service("checkout")
POLICY = {
    "PolicyName": "requests",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 100.0,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "ALBRequestCountPerTarget",
            "ResourceLabel": "app/checkout/50dc6c495c0c9188/targetgroup/checkout/0123456789abcdef",
        },
    },
}
UNSTORED = {
    ("canaries", "periods"), ("calibrations", "get"), ("evidence", "put"), ("evidence", "put_text"),
}  # fmt: skip
"""Calls without which there is no evidence, which keeps no canary from being taken back."""
SCALING = ServiceScaling(2, 10, Suspended(scale_out=True), (POLICY,))


def settings(*weights: float, **more: Any) -> CanarySettings:
    """A canary of two steps over two listener rules."""
    return CanarySettings(
        **{
            "steps": tuple(CanaryStep(weight) for weight in weights or (10, 50)),
            "listener_rules": RULES,
            "target_group": STABLE,
            "canary_target_group": CANARY,
            **more,
        }
    )


def manifest(strategy: CanarySettings | None = None, **more: Any) -> Service:
    """A service whose one environment gets its releases by a canary."""
    return service(environments=(environment("dev", strategy=strategy or settings(), **more),))


def prepared(strategy: CanarySettings | None = None, *, desired: int = 4, **more: Any) -> Stage:
    """The release has entered the environment; no canary has been planned yet, and none ever lived here."""
    stage = planned(manifest=manifest(strategy, **more))
    give(stage, 0)
    stage.change(desired=desired, running=desired, target_groups=(STABLE,))
    stage.ports.target_groups.targets[STABLE] = tuple(
        TargetState(f"10.0.0.{n}", "healthy") for n in range(desired)
    )
    stage.ports.target_groups.targets[CANARY] = ()
    stage.ports.scaling.scaled[stage.place, "checkout"] = SCALING
    entered(stage)
    define(stage.ports, stage.place, 2, "b")
    return stage


def give(stage: Stage, percent: float, *rules: str) -> None:
    """Let listener rules (all, if none is named) give the canary a share."""
    for rule in rules or RULES:
        stage.ports.listener_rules.add(rule, weights_for(percent, STABLE, CANARY))


def share(stage: Stage) -> list[float]:
    """What each rule gives to the canary."""
    return [rule.share(CANARY) for rule in stage.ports.listener_rules.rules.values()]


def opened(stage: Stage | None = None, **more: Any) -> Stage:
    """The canary is planned, and nothing has been made for it."""
    stage = stage or prepared()
    stage.ports.canaries.open(
        Canary(
            **{
                "id": stage.deployment().id,
                "release": stage.release.id,
                "service": "checkout",
                "environment": stage.place,
                "attempt": 1,
                "root": stage.root,
                "task_definition": revision(2, stage.place),
                "stable_task_definition": revision(1, stage.place),
                "opened_at": stage.ports.clock.at,
                "scaling": SCALING,
                **more,
            }
        )
    )
    return stage


def living(step: int = 0, stage: Stage | None = None, **more: Any) -> Stage:
    """The canary has the share of a step and tasks for it; scaling of the stable service is held."""
    stage = stage or prepared()
    strategy = stage.here.strategy
    weight = strategy.steps[step].weight if step >= 0 else 0.0
    ports = stage.ports
    given = {"phase": "analysing", "shifted_at": ports.clock.at} if step >= 0 else {}
    opened(
        stage, **{"step": step, "weight": weight, "held": True, "seen_at": ports.clock.at, **given, **more}
    )
    give(stage, weight)
    ports.services.add(stage.place, NAME, revision(2, stage.place), 2, target_groups=(CANARY,))
    ports.target_groups.targets[CANARY] = tuple(TargetState(f"10.0.1.{n}", "healthy") for n in range(2))
    known = ports.scaling.scaled[stage.place, "checkout"]
    ports.scaling.scaled[stage.place, "checkout"] = replace(known, suspended=held(known.suspended))
    ports.scaling.scaled[stage.place, NAME] = ServiceScaling(2, 10)
    ports.schedules.started[pulse(stage)] = {"service": "checkout", "environment": stage.place}
    return stage


def pulse(stage: Stage) -> str:
    """Name of the pulse's schedule."""
    return schedule_name(stage.ports.stack, "checkout", stage.place)


def record(stage: Stage) -> Canary:
    """The record as it stands."""
    found = stage.ports.canaries.get("checkout", stage.place)
    assert found
    return found


def edit(stage: Stage, **more: Any) -> None:
    """Let somebody else have changed the record."""
    key = "checkout", stage.place
    known = stage.ports.canaries.stored[key]
    stage.ports.canaries.stored[key] = replace(known, version=known.version + 1, **more)


def wanted(stage: Stage, name: str = NAME) -> int:
    """How many tasks a service wants."""
    return stage.ports.services.described[stage.place, name].desired


def scaling(stage: Stage, name: str = "checkout") -> ServiceScaling | None:
    """How a service scales by itself."""
    return stage.ports.scaling.scaled.get((stage.place, name))


def settle(stage: Stage) -> None:
    """Let the nodes of the load balancer have followed the listener rules."""
    stage.ports.clock.advance(SETTLING.total_seconds())


def take_back(stage: Stage, root: str | None = None) -> Withdrawal:
    """Take the canary back, to the end."""
    taken = withdraw(stage.ports, record(stage), root or stage.root)
    if taken.outcome != "returning":
        return taken
    settle(stage)
    return withdraw(stage.ports, taken.canary, root or stage.root)


def loses_lock_before(stage: Stage, port: str, method: str) -> None:
    """Let the lock be lost while something is being read."""
    fake = getattr(stage.ports, port)
    call = getattr(fake, method)

    def slow(*arguments: Any, **options: Any) -> Any:
        found = call(*arguments, **options)
        stage.ports.locks.held.clear()
        return found

    setattr(fake, method, slow)


def assert_at_rest(stage: Stage) -> None:
    """All traffic is the stable service's, no canary task is wanted, scaling is what it was."""
    assert share(stage) == [0.0] * len(share(stage))
    known = stage.ports.services.described.get((stage.place, NAME))
    assert known is None or known.desired == 0
    assert scaling(stage, NAME) is None
    assert scaling(stage) == SCALING
