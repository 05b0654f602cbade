"""What every command has: where it prints, whom it speaks to, and who asks."""

from __future__ import annotations

import secrets
import sys
import time
import webbrowser
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated

import typer
from rich.console import Console

from cli.output import Output, console_for
from cli.pages import Browser, UrllibBrowser
from cli.stack import Tidegate, connect
from tidegate.errors import Terminal, Transient

STACK = "tidegate"

StackName = Annotated[
    str, typer.Option("--stack", envvar="TIDEGATE_STACK", help="Name of Tidegate's stack.", metavar="NAME")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
RequestedBy = Annotated[
    str | None,
    typer.Option("--requested-by", help="Who asks; by default whom AWS says you are.", metavar="NAME"),
]


@dataclass(frozen=True)
class Tools:
    """What a command needs of the world; a test hands in others.

    Attributes:
        ask: Asks a person a question that is answered by yes or no; None when nobody can be asked.
        show: Opens an address in a browser; None when there is nobody to see it.
    """

    connect: Callable[[str], Tidegate] = connect
    browser: Browser = field(default_factory=UrllibBrowser)
    out: Console = field(default_factory=lambda: console_for(sys.stdout))
    err: Console = field(default_factory=lambda: console_for(sys.stderr))
    ask: Callable[[str], bool] | None = None
    show: Callable[[str], bool] | None = None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic
    salt: Callable[[], str] = lambda: secrets.token_hex(6)


def tools_of_this_terminal() -> Tools:
    """The tools of a person at a terminal, or of a script when there is none."""
    person = sys.stdin.isatty() and sys.stdout.isatty()
    return Tools(
        ask=typer.confirm if person else None,
        show=webbrowser.open if person else None,
    )


class Session:
    """One run of one command."""

    def __init__(self, tools: Tools, stack: str, *, as_json: bool) -> None:
        self.tools = tools
        self.stack = stack
        self.out = Output(tools.out, as_json=as_json)

    @cached_property
    def tidegate(self) -> Tidegate:
        """The stack, found when it is first needed."""
        return self.tools.connect(self.stack)

    def requester(self, named: str | None) -> str | None:
        """Who asks: the name that was given, or whom AWS says; None when it does not say."""
        if named is not None:
            return named
        try:
            return self.tidegate.caller()
        except (Transient, Terminal):
            return None  # A role may be forbidden to ask who it is; what it asks for is done all the same.


def session_of(context: typer.Context, stack: str, *, as_json: bool) -> Session:
    """The session of a command."""
    tools = context.obj
    return Session(tools if isinstance(tools, Tools) else tools_of_this_terminal(), stack, as_json=as_json)
