"""Wait for the scans of a release's images."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.scan import DONE, UNSUPPORTED
from tidegate.ports import Ports, Wait
from tidegate.steps.guard import told_to_stop
from tidegate.steps.scope import release_of

KEEP = timedelta(days=2)
DECIDED = DONE | UNSUPPORTED
"""What no later result changes; a scan that failed or was lost may be made up for until the timeout."""


class Command(BaseModel):
    """``token`` is the task token; ``waiter`` names the waiting state."""

    root: str
    release: str
    started_at: datetime
    token: str
    waiter: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Store the token under every image, then look again: the event may have come first."""
    now = ports.clock.now()
    release = release_of(ports, command.release)
    waits = [
        Wait(
            subject(image.repository, image.digest),
            command.waiter,
            command.token,
            release.id,
            now,
            now + KEEP,
        )
        for image in release.images.values()
    ]
    for wait in waits:
        ports.waits.put(wait)
    scans = [
        ports.registry.scan(ports.home, image.repository, image.digest) for image in release.images.values()
    ]
    stopped = told_to_stop(release_of(ports, command.release)) is not None
    if stopped or all(scan.status in DECIDED for scan in scans):
        ports.machines.resume(command.token, {"signal": "already"})
        for wait in waits:
            ports.waits.remove(wait)
    return {"outcome": "waiting"}


def subject(repository: str, digest: str) -> str:
    """What a machine that waits for a scan waits for."""
    return f"scan/{repository}@{digest}"
