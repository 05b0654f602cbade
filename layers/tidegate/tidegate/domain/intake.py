"""Taking pushes in: what is the same push, which of two pushes is newer, and whose execution is whose."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from tidegate.domain.images import digest_set_hash
from tidegate.domain.release import Release, is_newer, service_of

AGAIN_AFTER_SECONDS = 900
"""The same images pushed again after this long are a release of their own; before, they are the same push."""

PUSH_TRIGGERS = ("push", "sweep")
_ATTEMPT = re.compile(r"-a[0-9]+\Z")


def event_key(event: str, service: str) -> str:
    """What a delivery of an event claims, for ever: an event may be delivered more than once."""
    return f"event/{event}/{service}"


def push_key(service: str, digests: Mapping[str, str]) -> str:
    """What a push claims for a while: one push of several tags is one event for each tag."""
    return f"push/{service}/{digest_set_hash(digests)}"


def moved_back_key(service: str, digests: Mapping[str, str], after: str) -> str:
    """What is claimed when a tag moves back to images that were pushed just before release ``after``."""
    return f"{push_key(service, digests)}/after/{after}"


def pusher_key(repository: str, digest: str) -> str:
    """Under this is kept who pushed an image, by CloudTrail: it may come before the release is there."""
    return f"pusher/{repository}@{digest}"


def registered_key(service: str) -> str:
    """What the first registration of a service claims, for ever: pushes from before it are not ours."""
    return f"registered/{service}"


def execution_key(execution: str) -> str:
    """What a root execution started by a person claims: however often it plans, it has one release."""
    return f"execution/{execution}"


def newest_pushed(releases: Iterable[Release]) -> Release | None:
    """The release of the newest push; what operators asked for and what was adopted does not count."""
    newest: Release | None = None
    for release in releases:
        if release.trigger in PUSH_TRIGGERS and (newest is None or is_newer(release, newest)):
            newest = release
    return newest


def is_moved_back(pushed_at: datetime, *, standing: Release | None, newest: Release | None) -> bool:
    """Whether a push of images that were claimed a moment ago is a push of its own after all.

    Somebody pushed A, then B, and quickly A again, to get rid of B. A late copy of the first event must not
    do that; it is older than the push of B.

    Args:
        pushed_at: When the images were pushed this time.
        standing: The release that they made the first time; None when it has not been stored yet.
        newest: The release of the newest push so far.
    """
    if standing is None or newest is None or standing.digests == newest.digests:
        return False
    return is_newer(newest, standing) and pushed_at > newest.newest_push


def concluded_key(release: str, attempt: int) -> str:
    """What the ending of an attempt claims last of all, when its record is whole and people were told."""
    return f"concluded/{release}/{attempt}"


def release_of_execution(name: str) -> str | None:
    """The release in the name of its root execution, without the attempt; None for other names."""
    release = _ATTEMPT.sub("", name)
    return release if service_of(release) else None
