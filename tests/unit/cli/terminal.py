"""A terminal in a test: a stack made of fakes, and what a command printed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from rich.console import Console

from cli.executions import Ending
from cli.main import run
from cli.output import WIDE
from cli.pages import Browser, Page
from cli.session import Tools
from cli.stack import Tidegate
from tests.support.fakes.fake import Fake
from tests.support.ports import FakePorts, fake_ports
from tests.unit.examples import registered
from tidegate.steps import operate, plan_rollback, register_service


class FakeExecutions(Fake):
    """`endings` maps executions to how they ended, `states` to the states that they entered."""

    def __init__(self) -> None:
        super().__init__()
        self.endings: dict[str, Ending] = {}
        self.states: dict[str, list[str]] = {}

    def ending(self, execution: str) -> Ending | None:
        return self.endings.get(execution)

    def entered(self, execution: str) -> list[str]:
        return self.states.get(execution, [])


class FakeFunctions(Fake):
    """`answers` maps short names to answers."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[str, dict[str, Any]] = {}

    def invoke(self, name: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        return self.answers.get(name)


class FakeBrowser(Fake):
    """`pages` maps addresses to pages; `sent` maps addresses to the pages that answer a form."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: dict[str, Page] = {}
        self.sent: dict[str, Page] = {}

    def open(self, url: str, form: dict[str, str] | None = None) -> Page:
        return self.sent[url] if form is not None else self.pages[url]


@dataclass
class Said:
    """What a command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """Standard output as the one JSON document that it must be."""
        return json.loads(self.out)


@dataclass
class Terminal:
    """Runs commands against a stack of fakes.

    Machines that are started run at once where their work is one step; `on_sleep` is what happens in the
    world while a command waits.
    """

    ports: FakePorts = field(default_factory=lambda: registered(fake_ports()))
    executions: FakeExecutions = field(default_factory=FakeExecutions)
    functions: FakeFunctions = field(default_factory=FakeFunctions)
    browser: Browser = field(default_factory=FakeBrowser)
    caller: str | None = "ana"
    on_sleep: Callable[[], object] = lambda: None
    answers: list[bool] | None = None
    shown: list[str] = field(default_factory=list)
    width: int | None = None
    seconds: float = 0.0
    failure: Exception | None = None

    def run(self, *arguments: str) -> Said:
        """Run one command line."""
        out, err = io.StringIO(), io.StringIO()
        tools = Tools(
            connect=self._connect,
            browser=self.browser,
            out=self._console(out),
            err=self._console(err),
            ask=None if self.answers is None else lambda _: (self.answers or []).pop(0),
            show=self._show,
            now=self._now,
            sleep=self._sleep,
            monotonic=lambda: self.seconds,
            salt=lambda: "5a1700000000",
        )
        code = run(arguments, tools)
        return Said(code, out.getvalue(), err.getvalue())

    def started(self, machine: str) -> dict[str, Any]:
        """What the one execution of a machine was started with."""
        (found,) = [
            payload for arn, payload in self.ports.machines.payloads.items() if f"tidegate-{machine}:" in arn
        ]
        return dict(found)

    def _console(self, stream: io.StringIO) -> Console:
        terminal = self.width is not None
        return Console(
            file=stream,
            width=self.width or WIDE,
            markup=False,
            emoji=False,
            highlight=False,
            force_terminal=terminal,
            legacy_windows=False,
            _environ={"TERM": "xterm"} if terminal else {"NO_COLOR": "1"},
        )

    def _connect(self, stack: str) -> Tidegate:
        if self.failure is not None:
            raise self.failure
        return Tidegate(self.ports, _Running(self), self.functions, lambda: self.caller)

    def _show(self, url: str) -> bool:
        self.shown.append(url)
        return True

    def _now(self) -> datetime:
        return self.ports.clock.now()

    def _sleep(self, seconds: float) -> None:
        self.seconds += seconds
        assert self.seconds < 100_000, "the command waits for ever"
        self.on_sleep()


class _Running:
    """Executions that run when somebody asks how they ended."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal

    def ending(self, execution: str) -> Ending | None:
        ports = self._terminal.ports
        known = self._terminal.executions.ending(execution)
        if known is not None:
            return known
        machine = execution.split(":")[6].removeprefix("tidegate-")
        step = {"operate": operate, "register_service": register_service, "rollback": plan_rollback}.get(
            machine
        )
        if step is None:
            return None
        said = step.run(step.Command(root=execution, input=ports.machines.payloads[execution]), ports)
        outcome = "succeeded" if said["outcome"] == "ready" else said["outcome"]
        return Ending(outcome, said["reason"], said.get("release"), said.get("record"))

    def entered(self, execution: str) -> list[str]:
        return self._terminal.executions.entered(execution)
