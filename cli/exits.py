"""Exit codes: one for each outcome, and one for each way in which a command cannot do its work."""

from __future__ import annotations

from enum import IntEnum

from tidegate.domain.outcome import Outcome


class Exit(IntEnum):
    """What `docs/cli.md` lists. Scripts rely on the numbers: they never change, new ones are added."""

    SUCCEEDED = 0
    FAILED = 1
    USAGE = 2
    REJECTED = 3
    ROLLED_BACK = 4
    EXPIRED = 5
    SUPERSEDED = 6
    CANCELLED = 7
    NOT_FOUND = 8
    REFUSED_BY_AWS = 9
    TRY_AGAIN = 10
    TIMED_OUT = 11
    BROKEN = 70
    INTERRUPTED = 130


_OF_OUTCOME = {
    Outcome.SUCCEEDED: Exit.SUCCEEDED,
    Outcome.FAILED: Exit.FAILED,
    Outcome.REJECTED: Exit.REJECTED,
    Outcome.ROLLED_BACK: Exit.ROLLED_BACK,
    Outcome.EXPIRED: Exit.EXPIRED,
    Outcome.SUPERSEDED: Exit.SUPERSEDED,
    Outcome.CANCELLED: Exit.CANCELLED,
}


def exit_of(outcome: str) -> Exit:
    """The code of an outcome; one that this version does not know is a failure."""
    try:
        return _OF_OUTCOME[Outcome(outcome)]
    except ValueError:
        return Exit.FAILED


class Stop(Exception):
    """The command ends here: one sentence for stderr that names the field, and the exit code."""

    def __init__(self, code: Exit, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def not_found(sentence: str) -> Stop:
    """What was asked for does not exist."""
    return Stop(Exit.NOT_FOUND, sentence)


def usage(sentence: str) -> Stop:
    """Something in the command line is wrong."""
    return Stop(Exit.USAGE, sentence)
