"""How an execution can end, and what each ending means to whoever reads it."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The terminal outcome of a release or of an operator's request."""

    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"

    @property
    def ends_red(self) -> bool:
        """Whether the execution ends in Fail, so that the console shows it red."""
        return self in (Outcome.ROLLED_BACK, Outcome.FAILED)


class StopSignal(StrEnum):
    """Why a running release must not go on past its next gate."""

    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"
