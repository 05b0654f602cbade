"""A canary of `checkout` in `dev` as its pulse finds it: services, targets, listener rule, metrics."""

from dataclasses import dataclass, field, replace
from typing import Any

from tests.unit.examples import NOON, at, wait
from tests.unit.stage import Stage, entered, only, planned, revision, task
from tidegate.domain.canary import Canary, schedule_name
from tidegate.domain.figures import figures_of
from tidegate.domain.strategy import CanarySettings, CanaryStep, JudgeRules, SlowResponses
from tidegate.domain.traffic import weights_for
from tidegate.domain.workload import TargetState
from tidegate.steps import pulse

ELB = "arn:aws:elasticloadbalancing:us-east-1:123456789012"
STABLE = f"{ELB}:targetgroup/checkout/aaaa"
CANARY = f"{ELB}:targetgroup/checkout-canary/bbbb"
RULE = f"{ELB}:listener-rule/app/shop/1111/2222/3333"
NAME = "checkout-canary"
PULSE = schedule_name("tidegate", "checkout", "dev")
STEPS = (CanaryStep(5.0, 120, 600), CanaryStep(50.0, 120, 600), CanaryStep(95.0, 120, 600))
SLOW = SlowResponses("slow_p99", 800)
Flow = tuple[float, float, float, float]
"""Requests and errors of the canary, then of the stable side, in one minute."""
CLEAN: Flow = (1500, 1, 28500, 28)
BAD: Flow = (1500, 150, 28500, 28)


def settings(**more: Any) -> CanarySettings:
    """Three steps, one listener rule."""
    return CanarySettings(
        **{
            "steps": STEPS,
            "listener_rules": (RULE,),
            "target_group": STABLE,
            "canary_target_group": CANARY,
            "judge": JudgeRules(minimum_requests=100),
            **more,
        }
    )


@dataclass
class CanaryWorld:
    """The stage, and the canary on it. Minutes count from noon, when it was opened."""

    stage: Stage
    strategy: CanarySettings
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ports(self) -> Any:
        return self.stage.ports

    @property
    def record(self) -> Canary:
        return self.ports.canaries.stored["checkout", "dev"]

    def change(self, **more: Any) -> None:
        """Let the record be otherwise."""
        self.ports.canaries.stored["checkout", "dev"] = replace(self.record, **more)

    def pulse(self) -> dict[str, Any]:
        self.told.append(pulse.run(pulse.Command(service="checkout", environment="dev"), self.ports))
        return self.told[-1]

    def outcome(self) -> str:
        return str(self.pulse()["outcome"])

    def at_minute(self, minute: float) -> None:
        self.ports.clock.at = at(60 * minute)

    def measure(self, minute: float, flow: Flow, slow: tuple[float, float] | None = None) -> None:
        """Let CloudWatch have the figures of the minute that begins then; a 0 has no datapoint."""
        values = dict(
            zip(("canary_requests", "canary_bad_0", "stable_requests", "stable_bad_0"), flow, strict=True)
        )
        values |= dict(zip(("canary_bad_1", "stable_bad_1"), slow, strict=True)) if slow else {}
        for query in figures_of(self.strategy).queries:
            if values.get(query.id):
                self.ports.metrics.record(query, at(60 * minute), values[query.id])

    def pulse_through(self, first: int, last: int, flow: Flow) -> str:
        """Pulse every minute from one to before another, each minute's figures arriving when it is over."""
        outcome = ""
        for minute in range(first, last):
            self.at_minute(minute + 1)
            self.measure(minute, flow)
            outcome = self.outcome()
        return outcome

    def has_tasks(self, running: int, desired: int | None = None, healthy: int | None = None) -> None:
        """Let the canary service have tasks, and targets that are healthy or on their way."""
        known = self.ports.services.described.get(("dev", NAME))
        more = {"running": running, "desired": running if desired is None else desired}
        if known is None:
            self.ports.services.add("dev", NAME, revision(2), **more)
        else:
            self.ports.services.described["dev", NAME] = replace(known, task_definition=revision(2), **more)
        well = running if healthy is None else healthy
        states = ["healthy"] * well + ["initial"] * (running - well)
        self.ports.target_groups.targets[CANARY] = tuple(
            TargetState(str(number), state) for number, state in enumerate(states)
        )

    def lose(self, number: int, minute: float, **more: Any) -> None:
        """Let tasks of the canary have stopped by themselves."""
        stopped = self.ports.services.stopped.setdefault(("dev", NAME), [])
        for _ in range(number):
            known = {
                "stop_code": "EssentialContainerExited",
                "stopped_reason": "Essential container in task exited",
            }
            stopped.append(
                task(
                    90 + len(stopped),
                    revision(2),
                    "b",
                    last_status="STOPPED",
                    stopped_at=at(60 * minute),
                    **known | more,
                )
            )

    def gives(self, percent: float) -> None:
        """Let the listener rule give the canary a share."""
        self.ports.listener_rules.add(RULE, weights_for(percent, STABLE, CANARY))

    def waits(self, state: str = "Await verdict", token: str = "token") -> None:
        """Let the machine wait."""
        stored = wait(self.ports, self.record.subject, self.record.release, token)
        self.ports.waits.remove(stored)
        self.ports.waits.put(replace(stored, name=f"{self.stage.root}/{state}"))

    def journal(self, kind: str) -> list[dict[str, Any]]:
        found = self.ports.journal.entries(self.record.release)
        return [each["entry"] for each in found if each["kind"] == kind]

    def shift(self, step: int, minute: float) -> None:
        """Do what the machine does when it follows `advance`: the weights are set and seen."""
        weight = self.strategy.steps[step].weight
        self.gives(weight)
        self.change(
            phase="analysing", decision="none", step=step, weight=weight, shifted_at=at(60 * minute),
            capacity_since=None, preparing_since=None,
        )  # fmt: skip


def opened(*, desired: int = 20, place: dict[str, Any] | None = None, **more: Any) -> CanaryWorld:
    """A canary that has had no traffic; the stable service wants 20 tasks."""
    strategy = settings(**more)
    stage = entered(planned(manifest=only(strategy=strategy, **(place or {}))), strategy="canary")
    stage.change(desired=desired, running=desired)
    world = CanaryWorld(stage, strategy)
    canary = Canary(
        id=stage.deployment().id,
        release=stage.release.id,
        service="checkout",
        environment="dev",
        attempt=1,
        root=stage.root,
        task_definition=revision(2),
        stable_task_definition=revision(1),
        opened_at=NOON,
    )
    world.ports.canaries.open(canary)
    world.ports.schedules.start(PULSE, {"service": "checkout", "environment": "dev"})
    world.gives(0)
    world.waits()
    return world


def analysing(step: int = 0, minute: float = 0, **more: Any) -> CanaryWorld:
    """A canary whose step has had its share since a minute, and tasks enough for it."""
    world = opened(**more)
    world.has_tasks(max(1, round(20 * world.strategy.steps[step].weight / 100)))
    world.shift(step, minute)
    return world
