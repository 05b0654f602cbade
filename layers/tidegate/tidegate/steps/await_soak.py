"""Wait until a release has run for its soak time, or is told to stop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.outcome import StopSignal
from tidegate.ports import Ports, Wait
from tidegate.steps.guard import told_to_stop
from tidegate.steps.scope import release_of

KEEP = timedelta(days=8)
"""The longest soak takes seven days."""
ENDS_A_SOAK = (StopSignal.SUPERSEDED, StopSignal.CANCELLED)
"""Whoever rolls a release back stops its execution as well, and says itself how it went."""


class Command(BaseModel):
    """``token`` is the task token; ``waiter`` names the waiting state."""

    root: str
    release: str
    token: str
    waiter: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Store the token, then look at the release: one that was told to stop soaks no longer.

    The timeout of the waiting state is the end of the soak. A signal sends the machine back to this step,
    which alone says whether there is a reason to stop. Once the release has ended nobody waits: this step
    came late, whoever ended the release stops the execution, and the token must not stay behind.
    """
    now = ports.clock.now()
    wait = Wait(subject(command.release), command.waiter, command.token, command.release, now, now + KEEP)
    ports.waits.put(wait)
    release = release_of(ports, command.release)
    stopped = told_to_stop(release) if release.stop in ENDS_A_SOAK else None
    if stopped is not None:
        ports.machines.resume(command.token, stopped)
    if stopped is not None or release.ended:
        ports.waits.remove(wait)
    return {"outcome": "waiting" if stopped is None else stopped["outcome"]}


def subject(release: str) -> str:
    """What a machine that soaks waits for; no event names it, only the release's stop signal finds it."""
    return f"soak/{release}"
