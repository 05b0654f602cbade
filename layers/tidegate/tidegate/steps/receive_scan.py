"""Wake whoever waits for the scan of an image."""

from __future__ import annotations

from typing import Any

from tidegate.contracts.events import ImageScanFinished
from tidegate.ports import Ports
from tidegate.steps import await_scan
from tidegate.steps.resume import wake


class Command(ImageScanFinished):
    """An `ECR Image Scan` or `Inspector2 Scan` event."""


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Wake those who wait, whatever the event says of the result: they read it themselves.

    Returns:
        ``woken``: how many were waiting; or ``ignored``: ``no_image`` or ``nobody_waits``.
    """
    detail = command.detail
    if not detail.repository or not detail.digest:
        return {"ignored": "no_image"}
    woken = wake(ports, await_scan.subject(detail.repository, detail.digest), detail.status or "scanned")
    return {"woken": woken} if woken else {"ignored": "nobody_waits"}
