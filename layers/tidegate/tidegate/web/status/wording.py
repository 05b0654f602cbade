"""Words for what the ledger writes in one word: kinds of entries, what is waited for, how things ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tidegate.domain.status import Version, Waiting
from tidegate.web.view import duration, short

_GOOD = ("succeeded", "passed", "approved", "lifted", "registered")
_BAD = ("failed", "rolled_back", "rejected", "blocked", "expired", "refused", "unreachable")
_KINDS = {
    "release.created": "Release created",
    "release.started": "Release started",
    "scan.passed": "Scan gate passed",
    "scan.blocked": "Stopped by the scan gate",
    "approval.requested": "Approval requested",
    "approval.void": "Approval void, asked again",
    "approval.mail_refused": "Approval mail refused",
    "deployment.opened": "Deployment begun",
    "deployment.progress": "Deployment progress",
    "deployment.rolled_back": "Deployment rolled back",
    "notice.failed": "Notification not sent",
    "session.offered": "Link to the status pages given",
    "wake.failed": "Next in line could not be called",
}
_WAITS = {
    "approval": "for approval",
    "lock": "for the lock",
    "freeze": "for a thaw",
    "scan": "for a scan",
    "service-deployment": "for ECS to deploy",
    "task": "for a task",
    "soak": "for its soak to end",
}


def kind_words(kind: str) -> str:
    """A kind of entry as a short phrase."""
    words = kind.replace(".", " ").replace("_", " ").replace("-", " ")
    return _KINDS.get(kind) or words[:1].upper() + words[1:]


def tone(word: str) -> str:
    """``good``, ``bad`` or nothing: how a kind of entry or an outcome is coloured. Words say it as well."""
    last = word.rpartition(".")[2]
    return "good" if last in _GOOD else "bad" if last in _BAD else ""


def outcome_words(outcome: str) -> str:
    """An outcome as people write it."""
    return outcome.replace("_", " ")


def wait_words(wait: Waiting) -> str:
    """What is waited for, to follow the word "waits"."""
    about = wait.about
    if wait.kind in ("lock", "freeze"):
        service, _, environment = about.partition("/")
        return f"{_WAITS[wait.kind]} of {service} in {environment}"
    if wait.kind == "scan":
        repository, _, digest = about.partition("@")
        return f"{_WAITS['scan']} of {repository} {short(digest)}"
    if wait.kind == "approval":
        parts = about.split(".")
        return f"{_WAITS['approval']} of {parts[1]}" if len(parts) > 1 else _WAITS["approval"]
    return _WAITS.get(wait.kind, f"for {wait.kind.replace('-', ' ').replace('_', ' ')}")


def version_words(version: Version) -> str:
    """The tags of a version, or short digests where there is no tag; several containers with their names."""
    named = {
        name: version.tags.get(name) or digest_in(image) for name, image in sorted(version.images.items())
    }
    return _joined(named)


def images_words(tags: Mapping[str, str | None], digests: Mapping[str, str]) -> str:
    """The same of a release's images."""
    return _joined({name: tags.get(name) or short(digest) for name, digest in sorted(digests.items())})


def digest_in(image: str) -> str:
    """The short digest of an image reference, or the reference itself when it has none."""
    _, at, digest = image.rpartition("@")
    return short(digest) if at else image


def ago(then: datetime, now: datetime) -> str:
    """How long ago something was; what is younger than five seconds is now."""
    seconds = (now - then).total_seconds()
    return "now" if seconds < 5 else f"{duration(seconds)} ago"


def _joined(named: dict[str, str]) -> str:
    if len(named) == 1:
        return next(iter(named.values()))
    return ", ".join(f"{name} {value}" for name, value in named.items()) or "nothing"
