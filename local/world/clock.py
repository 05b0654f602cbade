"""The world's clock: now, and callbacks at a later time."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

log = logging.getLogger(__name__)

Callback = Callable[[], None]


@dataclass(order=True)
class Timer:
    """A callback that is due at some time; it can be cancelled until then."""

    due: float
    order: int
    callback: Callback = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        """Do not run the callback. Cancelling twice, or too late, does nothing."""
        self.cancelled = True


class Clock(Protocol):
    """Time as the world sees it."""

    def now(self) -> float:
        """The time in seconds since the epoch."""

    def call_later(self, seconds: float, callback: Callback) -> Timer:
        """Run a callback once, that many seconds from now."""

    def close(self) -> None:
        """Run nothing more."""


class ManualClock:
    """A clock that moves only when it is told to; what falls due runs in the caller's thread."""

    def __init__(self, start: float | None = None) -> None:
        self._now = float(int(time.time())) if start is None else start
        self._timers: list[Timer] = []
        self._order = itertools.count()

    def now(self) -> float:
        """The time to which the clock has been moved."""
        return self._now

    def call_later(self, seconds: float, callback: Callback) -> Timer:
        """Note a callback for a later ``advance``."""
        timer = Timer(self._now + max(seconds, 0.0), next(self._order), callback)
        heapq.heappush(self._timers, timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Move the time on, running in order everything that falls due on the way."""
        end = self._now + seconds
        while self._timers and self._timers[0].due <= end:
            timer = heapq.heappop(self._timers)
            self._now = max(self._now, timer.due)
            if not timer.cancelled:
                timer.callback()
        self._now = end

    def advance_until(self, condition: Callable[[], bool], within: float, step: float = 0.05) -> None:
        """Move the time on step by step until the condition holds.

        Raises:
            AssertionError: It does not hold within that many seconds.
        """
        end = self._now + within
        while not condition():
            if self._now >= end:
                raise AssertionError(f"the condition does not hold after {within} simulated seconds")
            self.advance(step)

    def close(self) -> None:
        """Forget every callback."""
        self._timers.clear()


class RealClock:
    """Wall-clock time, with one background thread that runs the callbacks in order."""

    def __init__(self) -> None:
        self._timers: list[Timer] = []
        self._order = itertools.count()
        self._condition = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="world-clock", daemon=True)
        self._thread.start()

    def now(self) -> float:
        """The wall-clock time."""
        return time.time()

    def call_later(self, seconds: float, callback: Callback) -> Timer:
        """Have the background thread run a callback later."""
        timer = Timer(time.monotonic() + max(seconds, 0.0), next(self._order), callback)
        with self._condition:
            heapq.heappush(self._timers, timer)
            self._condition.notify()
        return timer

    def close(self) -> None:
        """Stop the background thread after the callback that it is in."""
        with self._condition:
            self._closed = True
            self._condition.notify()

    def _run(self) -> None:
        while (timer := self._next()) is not None:
            if timer.cancelled:
                continue
            try:
                timer.callback()
            except Exception:
                # One broken callback must not stop the world's time.
                log.exception("a callback of the world clock failed")

    def _next(self) -> Timer | None:
        with self._condition:
            while not self._closed:
                if not self._timers:
                    self._condition.wait()
                    continue
                wait = self._timers[0].due - time.monotonic()
                if wait <= 0:
                    return heapq.heappop(self._timers)
                self._condition.wait(wait)
        return None
