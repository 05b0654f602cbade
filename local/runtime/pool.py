"""Warm environments: kept per function, used again, limited in number, ended when idle or out of date."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING

from local.runtime.instance import Instance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.runtime.environment import Deployed

IDLE_LIMIT_S = 300.0
MOST_IDLE = 48
MOST_BUSY_PER_FUNCTION = 8
WAIT_FOR_IDLE_S = 5.0


class Pool:
    """Execution environments of all functions.

    Lambda would start a new environment for every concurrent event. On a small machine that only makes
    all of them slower, so above `MOST_BUSY_PER_FUNCTION` an event waits for an environment to become idle;
    never longer than `WAIT_FOR_IDLE_S`, because the busy ones may themselves be waiting for this event.
    """

    def __init__(self, start: Callable[[Deployed], Instance]) -> None:
        self._start = start
        self._changed = threading.Condition()
        self._idle: dict[str, list[Instance]] = defaultdict(list)
        self._busy: Counter[str] = Counter()
        self._instances: set[Instance] = set()

    @contextmanager
    def instance(self, function: Deployed) -> Iterator[Instance]:
        """An environment of this function, warm if there is one; given back afterwards."""
        instance = self._take(function)
        try:
            yield instance
        finally:
            self._give_back(instance)

    def busy(self, function_arn: str) -> int:
        """How many events the function is handling now."""
        return self._busy[function_arn]

    def close(self) -> None:
        """End every environment."""
        with self._changed:
            for instance in self._instances:
                instance.close()
            self._instances.clear()
            self._idle.clear()

    def _take(self, function: Deployed) -> Instance:
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(function), WAIT_FOR_IDLE_S)
            self._busy[function.arn] += 1
            idle = self._idle[function.arn]
            while idle:
                instance = idle.pop()
                if instance.function == function and instance.usable:
                    return instance
                self._end(instance)
        try:
            instance = self._start(function)
        except BaseException:
            with self._changed:
                self._busy[function.arn] -= 1
                self._changed.notify_all()
            raise
        with self._changed:
            self._instances.add(instance)
        return instance

    def _has_room(self, function: Deployed) -> bool:
        return bool(self._idle[function.arn]) or self._busy[function.arn] < MOST_BUSY_PER_FUNCTION

    def _give_back(self, instance: Instance) -> None:
        with self._changed:
            self._busy[instance.function.arn] -= 1
            if instance.usable:
                self._idle[instance.function.arn].append(instance)
            else:
                self._instances.discard(instance)
            self._end_the_longest_idle()
            self._changed.notify_all()

    def _end_the_longest_idle(self) -> None:
        idle = sorted((one for some in self._idle.values() for one in some), key=lambda one: one.used_at)
        now = time.monotonic()
        surplus = len(idle) - MOST_IDLE
        for position, instance in enumerate(idle):
            if position >= surplus and now - instance.used_at < IDLE_LIMIT_S:
                break
            self._idle[instance.function.arn].remove(instance)
            self._end(instance)

    def _end(self, instance: Instance) -> None:
        instance.close()
        self._instances.discard(instance)
