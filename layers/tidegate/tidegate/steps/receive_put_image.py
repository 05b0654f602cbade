"""Take in CloudTrail's word on who pushed an image, and note it with the releases that the push made."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tidegate.contracts.events import ApiCall
from tidegate.domain import intake
from tidegate.domain.release import Release
from tidegate.ports import Ports


class Command(ApiCall):
    """An `AWS API Call via CloudTrail` event of Amazon ECR's PutImage."""


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Note the pusher of the image, and of every release that this push has made so far.

    CloudTrail tells minutes after the push, as a rule; what comes before its release is found by the image.
    Delivered again, the event changes nothing.

    Returns:
        ``releases``: those that know it now; or ``ignored``: ``refused``, ``no_pusher`` or ``no_image``.
    """
    detail = command.detail
    if detail.error_code:
        return {"ignored": "refused"}
    if not detail.identity.arn:
        return {"ignored": "no_pusher"}
    if not detail.repository or not detail.digest:
        return {"ignored": "no_image"}
    key = intake.pusher_key(detail.repository, detail.digest)
    again = intake.AGAIN_AFTER_SECONDS
    ports.intake.first(key, at=detail.at, value=detail.identity.arn, again_after_seconds=again)
    noted = []
    for service in ports.catalogue.feeding(detail.repository):
        for release in ports.releases.newest(service):
            if _is_of(command, release):
                _note(command, ports, release)
                noted.append(release.id)
    return {"outcome": "noted", "releases": noted}


def _is_of(command: Command, release: Release) -> bool:
    """Whether the push made the release: the image is in it, and was pushed at about that time."""
    detail, about = command.detail, timedelta(seconds=intake.AGAIN_AFTER_SECONDS)
    return release.trigger in intake.PUSH_TRIGGERS and any(
        (image.repository, image.digest) == (detail.repository, detail.digest)
        and abs(image.pushed_at - detail.at) <= about
        for image in release.images.values()
    )


def _note(command: Command, ports: Ports, release: Release) -> None:
    detail = command.detail
    ports.releases.note_pusher(release.id, detail.identity.arn)
    entry = {"pusher": detail.identity.arn, "repository": detail.repository, "digest": detail.digest}
    entry |= {"from": detail.source_ip, "event": detail.event_id}
    ports.journal.append(
        release.id, "release.pushed_by", entry, at=detail.at, key=f"pusher/{detail.event_id}"
    )
