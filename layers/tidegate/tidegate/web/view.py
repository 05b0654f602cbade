"""What the approval page shows: plain values, ready for a template."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from markupsafe import Markup

from tidegate.domain.approval import Approval, ApprovalStatus, same
from tidegate.domain.provenance import Provenance

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
    provenance: Provenance = field(default_factory=Provenance)

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
    strategy: str | None = None
    ended_at: datetime | None = None
    took: str | None = None
    checks: tuple[CheckLine, ...] = ()
    plot: Markup | None = None


@dataclass(frozen=True, slots=True)
class VoteLine:
    """One yes that was given already."""

    by: str
    at: datetime
    comment: str | None


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
        pushed_by: ARNs of those who pushed the images, by CloudTrail.
        required: How many people must approve in all.
        votes: The approvals so far.
        still_needed: What is still missing, in words such as ``1 of security``.
        own_release: Whether the approver asked for the release and may not approve it.
        may_break_glass: Whether the approver may approve alone.
        requester_known: Whether anybody knows who asked for the release, as far as that matters.
        question: Why people are asked, where it is not only that the rule says so.
        warning: What has changed since the request was made, if anything.
        missing: Sentences on what could not be shown.
    """

    service: str
    environment: str
    production: bool
    strategy: str
    release: str
    approver: str
    requested_by: str
    pushed_by: tuple[str, ...] = ()
    reason: str | None
    requested_at: datetime
    expires_at: datetime
    now: datetime
    images: tuple[ImageLine, ...]
    scans: tuple[ScanLine, ...] = ()
    environments: tuple[EnvironmentLine, ...] = ()
    changes: tuple[ChangeLine, ...] = ()
    question: str | None = None
    warning: str | None = None
    missing: tuple[str, ...] = ()
    required: int = 1
    votes: tuple[VoteLine, ...] = ()
    still_needed: tuple[str, ...] = ()
    own_release: bool = False
    may_break_glass: bool = False
    requester_known: bool = True

    @property
    def own_vote(self) -> VoteLine | None:
        """The yes of who looks, if they have said it."""
        return next((vote for vote in self.votes if same(vote.by, self.approver)), None)

    @property
    def gone(self) -> int:
        """How much of the time is over, in per cent."""
        whole = (self.expires_at - self.requested_at).total_seconds() or 1
        return min(100, max(0, round(100 * (self.now - self.requested_at).total_seconds() / whole)))

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
        details += [("Decision", word)]
        details += _who(approval)
        text = "The decision is recorded. It cannot be changed."
        if approval.broke_glass is not None:
            text = f"{approval.broke_glass.by} broke the glass and approved alone. {text}"
        return Message(f"{word}: {where}", text, tuple(details))
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


def _who(approval: Approval) -> list[tuple[str, str]]:
    """Who decided, when, and what they said; one line for each when there were several."""
    if len(approval.votes) > 1 and approval.status is ApprovalStatus.APPROVED:
        return [
            (f"Approved by {vote.by}", ". ".join(filter(None, (moment(vote.at), vote.comment))))
            for vote in approval.votes
        ]
    lines = [("Decided by", approval.decided_by or "unknown")]
    lines += [("Decided at", moment(approval.decided_at))] if approval.decided_at else []
    return lines + ([("Comment", approval.comment)] if approval.comment else [])


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
