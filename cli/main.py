"""The program: its commands, and what becomes of every error: one sentence and an exit code."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from cli.commands import deciding, deploying, manifests, opening, operating, reading, standing, watching
from cli.exits import Exit, Stop
from cli.output import Output
from cli.session import Tools, tools_of_this_terminal
from cli.text import shown, shown_lines
from tidegate.contracts.validation import InvalidInput
from tidegate.errors import Terminal, Transient

VERSION = "0.1.0"

app = typer.Typer(
    name="tidegate",
    help="Take container images from Amazon ECR to Amazon ECS and keep them healthy.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(*, wanted: bool) -> None:
    if wanted:
        typer.echo(f"tidegate {VERSION}")
        raise typer.Exit


@app.callback()
def _program(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Take container images from Amazon ECR to Amazon ECS and keep them healthy."""
    del version


for module in (manifests, standing, reading, watching, deploying, operating, deciding, opening):
    module.add_to(app)


def run(arguments: Sequence[str], tools: Tools) -> int:
    """Run one command line and return its exit code. No traceback leaves it."""
    try:
        result = app(list(arguments), prog_name="tidegate", standalone_mode=False, obj=tools)
        if result == Exit.INTERRUPTED:
            tools.err.print("Stopped. What was started goes on.")
        return int(result or 0)
    except Exception as error:  # noqa: BLE001 - whatever it is, people get a sentence
        code, sentence = _explained(error)
        for each in shown_lines(sentence):
            tools.err.print(each)
        if "--json" in arguments:
            Output(tools.out, as_json=True).document({"error": sentence, "exit_code": int(code)})
        return code


def _explained(error: Exception) -> tuple[Exit, str]:
    """The exit code of an error and the sentence about it."""
    if isinstance(error, Stop):
        return error.code, str(error)
    if isinstance(error, InvalidInput):
        return Exit.USAGE, str(error)
    if isinstance(error, TyperException):
        return Exit.USAGE, error.format_message()
    if isinstance(error, typer.Abort):
        return Exit.INTERRUPTED, "Nothing was done."
    if isinstance(error, Transient):
        return Exit.TRY_AGAIN, f"AWS does not answer as it should; try again. {error}"
    if isinstance(error, Terminal):
        return Exit.REFUSED_BY_AWS, str(error)
    return Exit.BROKEN, f"This is a mistake in tidegate: {type(error).__name__}: {shown(error)}"


def main() -> None:
    """What the console script calls."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):
            stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr] # of a real stream
    try:
        code = run(sys.argv[1:], tools_of_this_terminal())
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has gone, as `head` does: python's own flush at the end must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = Exit.SUCCEEDED
    except KeyboardInterrupt:
        code = Exit.INTERRUPTED
    sys.exit(int(code))
