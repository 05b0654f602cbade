"""Runs the real steps as Lambda runs them: they can be stopped between any two of their calls, or killed.

A function that pauses lies in a thread of its own; only one thread runs at a time, so that the same schedule
always does the same.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from tests.schedules.watchman import Violation
from tests.support.ports import FakePorts
from tests.unit.breaking import fakes_of
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports


class Killed(BaseException):
    """The worker is gone; no step can catch that, and none of its later calls is made."""


class StepBroke(AssertionError):
    """Something else than `Transient` or `Terminal` left a step: a mistake of ours."""


@dataclass(frozen=True)
class Trouble:
    """What happens to an invocation at one of its calls.

    Attributes:
        at: The number of the call, from 0.
        what: ``pause`` before it; ``kill`` or ``throttle`` instead of it; ``lose`` kills after it.
    """

    at: int
    what: str


class Call:
    """One invocation of a function."""

    def __init__(self, workers: Workers, function: str, payload: Any, trouble: Trouble | None) -> None:
        self.function = function
        self.payload = payload
        self._workers = workers
        self._trouble = trouble
        self._calls = 0
        self._dead = False
        self._inside = False
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self.finished = False
        self.result: Any = None
        self.error: BaseException | None = None

    def go_on(self) -> bool:
        """Run until it ends or pauses; returns whether it has ended."""
        before, self._workers.current = self._workers.current, self
        try:
            self._continue()
        finally:
            self._workers.current = before
        return self.finished

    def _continue(self) -> None:
        if self._thread is None and (self._trouble is None or self._trouble.what != "pause"):
            self._all()
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._in_thread, daemon=True)
            self._thread.start()
        else:
            self._mine.release()
        self._theirs.acquire()
        if self.finished:
            self._thread.join()

    def kill(self) -> None:
        """Let a paused call end where it is."""
        self._dead = True
        if not self.finished and self._thread is not None:
            self.go_on()

    def _in_thread(self) -> None:
        try:
            self._all()
        finally:
            self._theirs.release()

    def _all(self) -> None:
        try:
            self.result = run_step(self.function, self.payload, self._workers.ports)
        except BaseException as error:  # noqa: BLE001 - whoever asked looks at it
            self.error = error
        self.finished = True

    def around(self, call: Callable[[], Any]) -> Any:
        """Make one call of a port, or let happen to it what was planned."""
        if self._inside:
            return call()
        if self._dead:
            raise Killed
        number, self._calls = self._calls, self._calls + 1
        what = self._trouble.what if self._trouble and self._trouble.at == number else None
        if what == "pause":
            self._theirs.release()
            self._mine.acquire()
            if self._dead:
                raise Killed
        elif what == "throttle":
            raise Transient("Rate exceeded")
        elif what == "kill":
            self._die()
        self._inside = True
        try:
            result = call()
        finally:
            self._inside = False
        if what == "lose":
            self._die()
        return result

    def _die(self) -> None:
        self._dead = True
        raise Killed


class Workers:
    """Lambda: every function of Tidegate, with one bundle of ports for all of them."""

    def __init__(self, ports: FakePorts) -> None:
        self.ports = ports
        self.current: Call | None = None
        for _, fake in fakes_of(ports):
            for method in {each for each in dir(type(fake)) if not each.startswith("_")}:
                call = getattr(fake, method)
                if callable(call):
                    setattr(fake, method, self._watched(call))

    def _watched(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*arguments: Any, **options: Any) -> Any:
            if self.current is None:
                return call(*arguments, **options)
            return self.current.around(lambda: call(*arguments, **options))

        return watched

    def call(self, function: str, payload: Any, trouble: Trouble | None = None) -> Call:
        """Prepare an invocation; `Call.go_on` runs it."""
        return Call(self, function, json.loads(json.dumps(payload)), trouble)


@cache
def _step(function: str) -> Any:
    return import_module(f"tidegate.steps.{function}")


def run_step(function: str, payload: Any, ports: Ports) -> Any:
    """What the handler of a function does, without its logs and metrics: see `tidegate.entrypoint`."""
    step = _step(function)
    try:
        command = step.Command.model_validate(payload)
    except ValidationError as error:
        raise Terminal(f"{function}: {error}") from None
    try:
        result = step.run(command, ports)
    except (Transient, Terminal, Violation):
        raise
    except Exception as error:
        raise StepBroke(f"{function} broke: {error!r}") from error
    result.pop("measured", None)
    return json.loads(json.dumps(result))
