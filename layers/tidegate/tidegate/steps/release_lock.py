"""Give the lock of a service in an environment back and call the next in line."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.ports import Ports
from tidegate.steps.resume import call_next


class Command(BaseModel):
    """``root`` is the owner; somebody else's lock is left alone."""

    root: str
    service: str
    environment: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Release and wake everybody who waits; the first to ask again gets it. Idempotent."""
    released = ports.locks.release(command.service, command.environment, owner=command.root)
    call_next(ports, command.service, command.environment)
    return {"outcome": "released" if released else "not_ours"}
