"""What the simulated world may be told: its speed, its seed, and which of AWS's habits it imitates."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True)
class Habits:
    """The unkind habits of AWS that the world imitates, each switchable on its own.

    Attributes:
        stale_describes: Describe and List calls answer from a moment before the last change.
        metric_lag: A metric datapoint becomes readable only some time after its period has closed.
        event_delay: EventBridge events leave a moment after the change that they tell of.
        start_throttling: The ECS scheduler waits ever longer between restarts of tasks that fail to start.
        timing_jitter: Durations vary around their mean, from the world's seed.
    """

    stale_describes: bool = True
    metric_lag: bool = True
    event_delay: bool = True
    start_throttling: bool = True
    timing_jitter: bool = True


@dataclass(frozen=True)
class WorldSettings:
    """Settings of one simulated world.

    Attributes:
        time_scale: By how much the minutes that AWS imposes are divided: health-check intervals,
            deregistration delays, bake times, metric periods. Timestamps stay real.
        seed: Seed of every random draw.
        port: The port of the endpoint, for the addresses that the world reports.
        stale_seconds: The longest time, real, for which a describe call may be stale.
        event_delay_seconds: The longest time, real, before an event leaves.
        stopped_task_retention_seconds: How long stopped tasks stay listed, real seconds.
    """

    time_scale: float = 60.0
    seed: int = 20260101
    port: int = 4566
    stale_seconds: float = 0.3
    event_delay_seconds: float = 0.1
    stopped_task_retention_seconds: float = 3600.0
    habits: Habits = field(default_factory=Habits)

    @classmethod
    def kind(cls, **changes: Any) -> WorldSettings:
        """Settings with every unkind habit off, for tests that look at one thing at a time."""
        off = Habits(**{habit.name: False for habit in fields(Habits)})
        return cls(**{"habits": off, **changes})

    @classmethod
    def adopt(cls, other: object) -> WorldSettings:
        """Take over whatever fields another settings object has in common with this one."""
        if isinstance(other, cls):
            return other
        names = [item.name for item in fields(cls)]
        return cls(**{name: getattr(other, name) for name in names if getattr(other, name, None) is not None})
