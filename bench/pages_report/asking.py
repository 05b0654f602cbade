"""A real release that has come to its approval, so that there is an approval page to open."""

from __future__ import annotations

import time

from local.demo.approver import Approver
from local.sample import Place, SampleService
from local.sample.service import APPROVER

PATIENCE_SECONDS = 120


def asked(place: Place) -> str:
    """Register a service, push an image, and wait for the mail; returns the link in it."""
    service = SampleService(place, "bench-approval")
    service.create()
    service.register()
    service.confirm_approvers()
    service.push("1.1.0")
    approver = Approver(place, APPROVER)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if links := list(approver.links()):
            return str(links[0])
        time.sleep(0.5)
    raise SystemExit(f"No approval was asked for within {PATIENCE_SECONDS} s.")
