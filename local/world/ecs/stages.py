"""The lifecycle stages of a deployment that shifts traffic, in their order.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-canary.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-linear.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.world.ecs.model import HookRun


@dataclass(frozen=True)
class Stage:
    """One stage.

    Attributes:
        name: Its documented name.
        percent: Share of the production traffic that the target revision gets in it, where it shifts any.
        bake_minutes: How long it lasts after that.
    """

    name: str
    percent: float | None = None
    bake_minutes: float = 0.0


@dataclass
class Progress:
    """How far a deployment has come through its stages."""

    stages: list[Stage]
    index: int = 0
    entered_at: float | None = None
    until: float = 0.0
    runs: list[HookRun] = field(default_factory=list)

    @property
    def stage(self) -> Stage | None:
        """The present stage, None after the last."""
        return self.stages[self.index] if self.index < len(self.stages) else None

    def advance(self) -> None:
        """Go on to the next stage."""
        self.index += 1
        self.entered_at, self.runs = None, []


def forward(configuration: Mapping[str, Any], *, reconcile: bool) -> list[Stage]:
    """The stages of a deployment. RECONCILE_SERVICE comes only where several revisions are active."""
    names = ["PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP", "TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT"]
    stages = [Stage(name) for name in (["RECONCILE_SERVICE", *names] if reconcile else names)]
    for percent, minutes in steps(configuration):
        stages.append(Stage("PRE_PRODUCTION_TRAFFIC_SHIFT"))
        stages.append(Stage("PRODUCTION_TRAFFIC_SHIFT", percent, minutes))
    return [
        *stages,
        Stage("POST_PRODUCTION_TRAFFIC_SHIFT"),
        Stage("BAKE_TIME", bake_minutes=float(configuration.get("bakeTimeInMinutes") or 0)),
        Stage("CLEAN_UP"),
    ]


def steps(configuration: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The steps of the production traffic: percent, and minutes that it stays there.

    BLUE_GREEN has one step, CANARY exactly two, LINEAR equal ones; the last one does not wait.
    """
    strategy = configuration.get("strategy")
    if strategy == "CANARY":
        canary = configuration.get("canaryConfiguration") or {}
        percent = float(canary.get("canaryPercent") or 5.0)
        return [(percent, float(canary.get("canaryBakeTimeInMinutes", 10))), (100.0, 0.0)]
    if strategy == "LINEAR":
        linear = configuration.get("linearConfiguration") or {}
        step = float(linear.get("stepPercent") or 10.0)
        minutes = float(linear.get("stepBakeTimeInMinutes", 6))
        percents = [round(step * number, 1) for number in range(1, int(99.999 / step) + 1)]
        return [*((percent, minutes) for percent in percents), (100.0, 0.0)]
    return [(100.0, 0.0)]


def backward(*, production: bool, test: bool) -> list[Stage]:
    """The stages of a rollback: only what was shifted is shifted back. There is no ROLLBACK stage."""
    stages = [Stage("TEST_TRAFFIC_SHIFT")] if test else []
    if production:
        stages.append(Stage("PRODUCTION_TRAFFIC_SHIFT", 0.0))
    return [*stages, Stage("CLEAN_UP")]
