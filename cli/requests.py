"""Starting a machine as an operator does, and saying how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from pydantic import BaseModel

from cli.executions import Ending
from cli.exits import Exit, exit_of, usage
from cli.following import Deadline, ending_of
from cli.output import style_of
from cli.session import Session
from cli.text import seconds_of, words
from tidegate.contracts.validation import validate
from tidegate.errors import Transient

_TRIES = 3
_LONGEST_NAME = 80
"""https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""

Timeout = Annotated[
    str | None,
    typer.Option(
        help="How long to wait at most, such as 90s, 30m or 2h; by default for as long as it takes."
    ),
]


def deadline_of(session: Session, timeout: str | None) -> Deadline:
    """The deadline of an option `--timeout`."""
    return Deadline(session, seconds_given("timeout", timeout))


def seconds_given(option: str, text: str | None) -> int | None:
    """The seconds of an option; None when it was not given."""
    if text is None:
        return None
    seconds = seconds_of(text)
    if seconds is None:
        raise usage(f'{option}: "{text}" is no duration; give a number with s, m, h or d, such as 30m.')
    return seconds


def start(
    session: Session, machine: str, name: str, contract: type[BaseModel], given: Mapping[str, Any]
) -> str:
    """Start a machine; returns the ARN of the execution.

    What the machine would refuse because of its form is refused here, before anything is started.

    Raises:
        InvalidInput: the input has mistakes, one sentence each.
    """
    payload = {key: value for key, value in given.items() if value is not None}
    validate(contract, payload)
    # The salt makes the name no release id, and unique; the same name twice starts one execution.
    salt = session.tools.salt()
    full = f"{name[: _LONGEST_NAME - len(salt) - 1]}-{salt}"
    for left in reversed(range(_TRIES)):
        try:
            return session.tidegate.ports.machines.start(machine, full, payload)
        except Transient:
            if not left:
                raise
            session.tools.sleep(1)
    raise AssertionError


def ask(
    session: Session,
    machine: str,
    name: str,
    contract: type[BaseModel],
    given: Mapping[str, Any],
    timeout: str | None = None,
) -> Ending:
    """Start a machine and wait for its end."""
    deadline = deadline_of(session, timeout)
    return ending_of(session, start(session, machine, name, contract, given), deadline)


def printed(session: Session, ending: Ending) -> Exit:
    """Print how a request ended; returns its exit code."""
    code = exit_of(ending.outcome)
    session.out.say((words(ending.outcome), style_of(ending.outcome)), ": ", ending.reason.split("\n")[0])
    for more in ending.reason.split("\n")[1:]:
        session.out.say(more, indent=2)
    session.out.document(
        {
            "outcome": ending.outcome,
            "reason": ending.reason,
            "release": ending.release,
            "record": ending.record,
            "exit_code": int(code),
        }
    )
    return code
