"""Judge the scans of a release's images by the service's scan policy."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.release import Release
from tidegate.domain.scan import Assessment, assess, assess_all
from tidegate.domain.service import Service
from tidegate.ports import Ports
from tidegate.steps.guard import told_to_stop
from tidegate.steps.scope import release_of, service_at

FIRST_LOOK_SECONDS = 15
LOOK_AGAIN_SECONDS = 300
"""How long to wait for a scan event before looking without one: first shortly, then ever longer.

An image that cannot be scanned gets no event. Looking costs three transitions.
"""


class Command(BaseModel):
    """``started_at`` is when the gate was entered: the policy's timeout counts from there."""

    root: str
    release: str
    started_at: datetime


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Read every image's scan and decide; reading changes nothing, so it may be repeated freely."""
    release = release_of(ports, command.release)
    stopped = told_to_stop(release)
    if stopped is not None:
        return stopped
    _, service = service_at(ports, release.service, release.revision)
    assessments = assess_images(ports, release, service)
    total = assess_all(assessments)
    left = command.started_at + timedelta(seconds=service.scan.timeout_seconds) - ports.clock.now()
    summary = {"counts": dict(total.counts), "blocking": dict(total.blocking), "waived": list(total.waived)}
    if total.outcome in ("pending", "missing") and left.total_seconds() > 0:
        wait = _until_next_look(waited=service.scan.timeout_seconds - left.total_seconds(), left=left)
        return {"outcome": "pending", "reason": total.reason, "wait_seconds": wait}
    allowed = total.allowed or (total.outcome == "pending" and service.scan.when_missing == "allow")
    reason = (
        total.reason if allowed or total.outcome == "blocked" else f"The scan gate stops it. {total.reason}"
    )
    ports.journal.append(
        release.id,
        "scan.passed" if allowed else "scan.blocked",
        {"reason": reason, **summary, "images": {name: each.reason for name, each in assessments.items()}},
        at=ports.clock.now(),
        key=f"scan/{release.attempt}",
    )
    return {"outcome": "passed" if allowed else "rejected", "reason": reason, **summary}


def _until_next_look(*, waited: float, left: timedelta) -> int:
    """Seconds: as long again as it has been so far, within bounds, and not past the policy's timeout."""
    again = min(LOOK_AGAIN_SECONDS, max(FIRST_LOOK_SECONDS, int(waited)))
    return max(1, min(again, int(left.total_seconds()) + 1))


def assess_images(ports: Ports, release: Release, service: Service) -> dict[str, Assessment]:
    """Container name to the assessment of its image."""
    today = ports.clock.now().date()
    return {
        name: assess(ports.registry.scan(ports.home, image.repository, image.digest), service.scan, today)
        for name, image in sorted(release.images.items())
    }
