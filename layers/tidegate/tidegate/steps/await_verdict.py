"""Wait until the pulse has decided about a canary, or its release was told to stop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.canary import Canary
from tidegate.ports import Ports, Wait
from tidegate.steps.canaries import ensure_pulse, open_canary
from tidegate.steps.guard import stopped_here
from tidegate.steps.scope import scope_of

KEEP = timedelta(days=2)


class Command(BaseModel):
    """``token`` is the task token."""

    root: str
    release: str
    service: str
    environment: str
    token: str
    waiter: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Store the token, then read again: the decision may have come before we listened.

    The pulse that decides is started again where somebody has removed its schedule.
    """
    canary = open_canary(ports, scope_of(ports, command.release, command.environment))
    now = ports.clock.now()
    wait = Wait(canary.subject, command.waiter, command.token, command.release, now, now + KEEP)
    ports.waits.put(wait)
    if not _is_decided(command, ports):
        ensure_pulse(ports, canary)
        return {"outcome": "waiting"}
    ports.machines.resume(command.token, {"signal": "already"})
    ports.waits.remove(wait)
    return {"outcome": "decided"}


def _is_decided(command: Command, ports: Ports) -> bool:
    scope = scope_of(ports, command.release, command.environment)
    canary: Canary = open_canary(ports, scope)
    return canary.decision != "none" or canary.over or stopped_here(scope) is not None
