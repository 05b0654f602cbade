"""The lock of one service in one environment: one owner, a fencing token, never held while people think."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Lock:
    """Who may change a service in an environment now.

    Attributes:
        owner: ARN of the root execution that holds it.
        fence: Counts up with every new owner; it is checked directly before every mutation.
    """

    service: str
    environment: str
    owner: str
    release: str
    fence: int
    acquired_at: datetime


def lock_key(service: str, environment: str) -> str:
    """The key under which the lock lies and under which those who wait for it are called."""
    return f"{service}/{environment}"
