"""The habits of EventBridge that surprise people: twice, late, out of order.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-delivery-level.html: "durable" delivery is
at least once, and some services deliver on a best-effort basis only;
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_cwe_events.html: events may come out of order,
so their `version` has to be compared.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True)
class Habits:
    """How unkind event delivery is.

    Attributes:
        duplicate_share: Share of deliveries that happen twice.
        max_delay_s: Longest extra time on the way. Most deliveries take a small part of it; as each draws
            its own, some overtake others.
        seed: Of the random draws.
    """

    duplicate_share: float = 0.05
    max_delay_s: float = 0.3
    seed: int = 20260101


class Deliveries:
    """Draws when, and how often, each delivery happens."""

    def __init__(self, habits: Habits | None = None) -> None:
        self._lock = threading.Lock()
        self.set(habits or Habits())

    def set(self, habits: Habits) -> None:
        """Take on other habits."""
        with self._lock:
            self.habits = habits
            self._random = random.Random(habits.seed)  # noqa: S311 - a simulation, not a secret

    def delays(self) -> list[float]:
        """The delay of each delivery of one event to one target: one number, now and then two."""
        with self._lock:
            delays = [self._delay()]
            if self._random.random() < self.habits.duplicate_share:
                delays.append(delays[0] + self._delay())
            return delays

    def _delay(self) -> float:
        return self.habits.max_delay_s * self._random.random() ** 3


def habits_from(description: dict[str, Any], current: Habits) -> Habits:
    """The current habits with some of them changed.

    Raises:
        ValueError: An unknown name, or not a number from 0.
    """
    names = {item.name for item in fields(Habits)}
    for name, value in description.items():
        if name not in names:
            raise ValueError(f"{name!r} is no habit; there are {', '.join(sorted(names))}")
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ValueError(f"{name} must be a number from 0")
    return Habits(**{**{item: getattr(current, item) for item in names}, **description})


deliveries = Deliveries()
"""The habits of this process."""
