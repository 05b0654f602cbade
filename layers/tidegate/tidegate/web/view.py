"""What the approval page shows: plain values, ready for a template."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from tidegate.domain.approval import Approval, ApprovalStatus

DIGEST = 19
"""Characters of a digest that people are shown: ``sha256:`` and twelve digits."""


@dataclass(frozen=True, slots=True)
class ImageLine:
    """One container's image: what runs and what would run. Digests are whole; a template shortens them."""

    container: str
    repository: str
    to_tag: str | None
    to_digest: str
    from_tag: str | None
    from_digest: str | None

    @property
    def unchanged(self) -> bool:
        """Whether the same image runs already."""
        return self.from_digest == self.to_digest


@dataclass(frozen=True, slots=True)
class ScanLine:
    """One image's scan: a word, the reason as a sentence, the findings, and what was waived."""

    container: str
    verdict: str
    allowed: bool
    reason: str
    counts: str
    waivers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckLine:
    """One check of a deployment and its figures."""

    name: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class EnvironmentLine:
    """How the release did in an environment before this one."""

    name: str
    outcome: str
    reason: str | None
    ended_at: datetime | None = None
    took: str | None = None
    checks: tuple[CheckLine, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """One other difference of the task definition."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """Everything on the page that asks for a decision.

    Attributes:
        approver: Whose link it is.
        scans: None when the scans could not be read; then ``missing`` says why.
        warning: What has changed since the request was made, if anything.
        missing: Sentences on what could not be shown.
    """

    service: str
    environment: str
    production: bool
    release: str
    approver: str
    requested_by: str
    reason: str | None
    requested_at: datetime
    expires_at: datetime
    now: datetime
    images: tuple[ImageLine, ...]
    scans: tuple[ScanLine, ...] = ()
    environments: tuple[EnvironmentLine, ...] = ()
    changes: tuple[ChangeLine, ...] = ()
    warning: str | None = None
    missing: tuple[str, ...] = ()

    @property
    def versions(self) -> str:
        """The images in a few words, for the title."""
        return ", ".join(f"{each.repository} {each.to_tag or short(each.to_digest)}" for each in self.images)


@dataclass(frozen=True, slots=True)
class Message:
    """A page without a form: a heading, one sentence or two, and what is known besides."""

    title: str
    text: str
    details: tuple[tuple[str, str], ...] = ()
    status: int = 200


UNKNOWN = Message(
    "There is nothing here",
    "This link is not valid. Open the link in the newest mail that you have, whole and unchanged.",
    status=404,
)
"""Unknown and forged links get this very page, so that nobody can learn from the answer which is which."""


def outcome_message(approval: Approval) -> Message:
    """The page of a request that takes no decision any more: a receipt, or why it is over."""
    where = f"{approval.service} in {approval.environment}"
    details = [("Service", approval.service), ("Environment", approval.environment)]
    details += [("Release", approval.release)]
    if approval.status in (ApprovalStatus.APPROVED, ApprovalStatus.REJECTED):
        word = approval.status.value.capitalize()
        details += [("Decision", word), ("Decided by", approval.decided_by or "unknown")]
        details += [("Decided at", moment(approval.decided_at))] if approval.decided_at else []
        details += [("Comment", approval.comment)] if approval.comment else []
        return Message(f"{word}: {where}", "The decision is recorded. It cannot be changed.", tuple(details))
    sentences = {
        ApprovalStatus.PENDING: ("Expired", f"Nobody decided until {moment(approval.expires_at)}."),
        ApprovalStatus.EXPIRED: ("Expired", f"Nobody decided until {moment(approval.expires_at)}."),
        ApprovalStatus.SUPERSEDED: ("Superseded", "A newer release has taken its place."),
        ApprovalStatus.CANCELLED: ("Cancelled", "The release was stopped before anybody decided."),
        ApprovalStatus.VOID: ("No longer valid", "What this request was about has changed or ended."),
    }
    word, text = sentences[approval.status]
    if approval.status not in (ApprovalStatus.PENDING, ApprovalStatus.EXPIRED) and approval.comment:
        text = f"{text} {approval.comment}"
    return Message(f"{word}: {where}", text, tuple(details), status=410)


def moment(at: datetime) -> str:
    """A time as people read it."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def short(digest: str | None) -> str:
    """A digest that still can be told from others."""
    return digest[:DIGEST] if digest else ""


def duration(seconds: float) -> str:
    """A duration in its two largest units: `2 h 5 min`."""
    rest = max(0, round(seconds))
    parts = []
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"
