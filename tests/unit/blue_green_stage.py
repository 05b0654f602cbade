"""A blue/green deployment at every point of its life, as its steps and its pulse find it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.unit.examples import at, environment, service
from tests.unit.stage import Stage, entered, planned, revision, task
from tidegate.domain.bake import Bake, figures_of_group
from tidegate.domain.canary import Canary, schedule_name
from tidegate.domain.service import HttpCheck, TaskCheck
from tidegate.domain.strategy import BakeRules, BlueGreenSettings
from tidegate.domain.workload import DeploymentHook, ServiceDeployment, TargetState
from tidegate.steps import continue_deployment, plan_blue_green

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012"
ONE = f"{ARN}:targetgroup/checkout-1/0123456789abcdef"
TWO = f"{ARN}:targetgroup/checkout-2/fedcba9876543210"
OTHER = f"{ARN}:targetgroup/somebody-elses/1111111111111111"
PRODUCTION, TEST = (
    f"{ARN}:listener-rule/app/checkout/50dc6c495c0c9188/f2f7dc8efc522ab2/{n}" for n in ("a1", "b2")
)
HOOK = "ecs-pause-1"
GREEN = revision(2)
URL = "https://checkout.example.com/health?deep=1"
SMOKE = HttpCheck("smoke", URL, headers={"X-Test": "0", "accept": "text/plain"}, attempts=2)
DEEP = TaskCheck("deep", "app", ("check", "all"), timeout_seconds=60)
LATER = HttpCheck("later", "https://checkout.example.com/later")
GATHERING = {
    ("services", "tasks"), ("services", "describe"), ("target_groups", "health"), ("logs", "tail"),
    ("evidence", "put"),
}  # fmt: skip
"""Calls of an analysis, which hides no verdict when one of them fails."""


def settings(**more: Any) -> BlueGreenSettings:
    """Blue/green with a check through the test listener, in requests that a header marks as well."""
    return BlueGreenSettings(
        **{
            "production_rule": PRODUCTION,
            "test_rule": TEST,
            "target_groups": (ONE, TWO),
            "infrastructure_role": "arn:aws:iam::123456789012:role/shift",
            "test_url": "https://test.example.com:8443",
            "test_headers": {"x-test": "1"},
            "test_checks": ("smoke",),
            "bake": BakeRules(minimum_requests=100),
            **more,
        }
    )


def standing(strategy: BlueGreenSettings | None = None, **more: Any) -> Stage:
    """The release is planned; the first target group is blue."""
    given = {"strategy": strategy or settings(), "checks": (SMOKE, DEEP, LATER), **more}
    stage = planned(manifest=service(environments=(environment("dev", **given),)))
    stage.change(target_groups=(ONE,))
    give(stage, PRODUCTION, ONE)
    give(stage, TEST, ONE)
    healthy(stage, ONE, 2)
    healthy(stage, TWO, 0)
    return stage


def prepared(strategy: BlueGreenSettings | None = None, **more: Any) -> Stage:
    """The release has entered the environment."""
    return entered(standing(strategy, **more))


def give(stage: Stage, rule: str, group: str) -> None:
    """Let a rule give all of its traffic to one group."""
    stage.ports.listener_rules.add(rule, {each: 100 if each == group else 0 for each in (ONE, TWO)})


def healthy(stage: Stage, group: str, number: int, *, others: str | None = None) -> None:
    """Let a group have so many healthy targets, and one in another state."""
    targets = [TargetState(f"10.0.0.{n}", "healthy") for n in range(number)]
    if others:
        targets.append(TargetState("10.0.0.99", others))
    stage.ports.target_groups.targets[group] = tuple(targets)


def command(stage: Stage, **more: Any) -> dict[str, Any]:
    """What the steps of the strategy are told."""
    return stage.given(task_definition=GREEN, started_at=at(0), **more)


def opened(stage: Stage | None = None) -> Stage:
    """The deployment is planned: its record is open and its pulse is invoked."""
    stage = stage or prepared()
    plan_blue_green.run(plan_blue_green.Command(**command(stage)), stage.ports)
    return stage


def deploying(stage: Stage | None = None) -> Stage:
    """ECS starts green."""
    stage = opened(stage)
    here = stage.here
    stage.ports.services.deploy(here.target, here.cluster, here.service, GREEN, here.strategy)
    stage.ports.services.deployed.clear()
    return stage


def paused(stage: Stage | None = None) -> Stage:
    """Green has the test traffic, and ECS waits for an answer."""
    stage = deploying(stage)
    give(stage, TEST, TWO)
    healthy(stage, TWO, 2)
    hook = DeploymentHook(HOOK, "AWAITING_ACTION", "PAUSE", "POST_TEST_TRAFFIC_SHIFT")
    becomes(stage, lifecycle_stage="POST_TEST_TRAFFIC_SHIFT", hooks=(hook,), production_weight=0.0)
    stage.ports.services.hooks.add(HOOK)
    return stage


def baking(stage: Stage | None = None) -> Stage:
    """Green passed its checks and has all traffic, since a moment."""
    stage = paused(stage)
    passed = command(stage, outcome="passed", reason="1 HTTP checks passed.")
    continue_deployment.run(continue_deployment.Command(**passed), stage.ports)
    give(stage, PRODUCTION, TWO)
    hook = DeploymentHook(HOOK, "SUCCEEDED")
    becomes(stage, lifecycle_stage="BAKE_TIME", hooks=(hook,), production_weight=100.0)
    return stage


def ended(stage: Stage, status: str = "SUCCESSFUL", reason: str | None = None, **more: Any) -> Stage:
    """ECS is done: green runs alone, or blue again."""
    stage.ports.services.finish("dev", "checkout", status, reason)
    succeeded = status == "SUCCESSFUL"
    becomes(stage, lifecycle_stage="CLEAN_UP", **more)
    give(stage, PRODUCTION, TWO if succeeded else ONE)
    healthy(stage, ONE, 0 if succeeded else 2)
    healthy(stage, TWO, 2 if succeeded else 0)
    letter, arn = ("b", GREEN) if succeeded else ("a", revision(1))
    stage.ports.services.running["dev", "checkout"] = [task(n, arn, letter) for n in range(2)]
    return stage


def becomes(stage: Stage, **more: Any) -> ServiceDeployment:
    """Let the newest service deployment be otherwise."""
    known = stage.ports.services.remembered["dev", "checkout"]
    known[0] = replace(known[0], **more)
    return known[0]


def newest(stage: Stage) -> ServiceDeployment:
    """The newest service deployment."""
    return stage.ports.services.remembered["dev", "checkout"][0]


def serves(
    stage: Stage, begins: datetime, requests: float, errors: float = 0.0, slow: float = 0.0, group: str = TWO
) -> None:
    """Let CloudWatch know of one minute of a target group."""
    figures = figures_of_group(stage.here.strategy, group)
    for query, value in zip(figures.queries, (requests, errors, slow), strict=False):
        if value:
            stage.ports.metrics.record(query, begins, value)


def minutes(stage: Stage, number: int, requests: float, errors: float = 0.0, *, first: int = 1) -> None:
    """Let green serve for some minutes after noon, and the clock stand where all of them are final."""
    for minute in range(first, first + number):
        serves(stage, at(60 * minute), requests, errors)
    stage.ports.clock.at = at(60 * (first + number)) + timedelta(minutes=5)


def record(stage: Stage) -> Canary:
    """The record as it stands."""
    found = stage.ports.canaries.get("checkout", "dev")
    assert found
    return found


def bake(stage: Stage) -> Bake:
    """The judge in the record."""
    return Bake.from_json(record(stage).judge)


def edit(stage: Stage, **more: Any) -> None:
    """Let the record be otherwise, changed by somebody else."""
    known = record(stage)
    key = "checkout", "dev"
    stage.ports.canaries.stored[key] = replace(known, version=known.version + 1, **more)


def is_pulsed(stage: Stage) -> bool:
    """Whether the pulse is invoked."""
    return schedule_name(stage.ports.stack, "checkout", "dev") in stage.ports.schedules.started
