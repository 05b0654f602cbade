"""The form of the approval page: its nonce, where it may come from, and what may stand in it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tidegate.domain.approval import ApprovalStatus

LONGEST_COMMENT = 2000
LARGEST_FORM = 32_768
"""Bytes. A comment of 2,000 characters has at most 24,000 when each is sent as four encoded bytes."""

FORM_TYPE = "application/x-www-form-urlencoded"
BREAK_GLASS = "break_glass"
_DECISIONS = {
    "approve": ApprovalStatus.APPROVED,
    "reject": ApprovalStatus.REJECTED,
    BREAK_GLASS: ApprovalStatus.APPROVED,
}


@dataclass(frozen=True, slots=True)
class Form:
    """What was sent. ``decision`` is None when it is none of those that the page offers."""

    decision: ApprovalStatus | None
    comment: str
    nonce: str
    break_glass: bool = False


def nonce(link: str, approval: str) -> str:
    """The value without which a form is not taken.

    It needs no store: only who has opened the page knows the link, and so the nonce. It binds the form to the
    request that was shown. Against forms on foreign pages stand that secret and `is_foreign` together.
    """
    return hmac.new(link.encode(), f"tidegate/approval/{approval}".encode(), hashlib.sha256).hexdigest()


def is_genuine(form: Form, link: str, approval: str) -> bool:
    """Whether the form came from the page, compared in constant time."""
    return hmac.compare_digest(form.nonce.encode(), nonce(link, approval).encode())


def is_foreign(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that the form was sent by a page of somebody else.

    Browsers say so in Sec-Fetch-Site (https://www.w3.org/TR/fetch-metadata/), older ones in Origin. Under our
    own `Referrer-Policy: no-referrer` Origin is `null`, which says nothing
    (https://fetch.spec.whatwg.org/#append-a-request-origin-header). What is no browser sends neither.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin", "null")
    return origin != "null" and urlsplit(origin).netloc != headers.get("host", "")


def is_form(headers: Mapping[str, str]) -> bool:
    """Whether the body is of the type that our own form sends."""
    return headers.get("content-type", "").partition(";")[0].strip().lower() == FORM_TYPE


def read_form(body: str) -> Form:
    """Take the form apart; of a field that is sent twice the first counts."""
    fields = parse_qs(body, keep_blank_values=True, max_num_fields=20)

    def field(name: str) -> str:
        return fields.get(name, [""])[0]

    comment = field("comment").replace("\r\n", "\n").replace("\r", "\n").strip()
    decision = field("decision")
    return Form(_DECISIONS.get(decision), comment, field("nonce"), decision == BREAK_GLASS)


def mistake(form: Form) -> str | None:
    """What is wrong with what the person wrote, as a sentence; None when nothing is."""
    if form.decision is None:
        return "Choose Approve or Reject."
    if len(form.comment) > LONGEST_COMMENT:
        too_many = len(form.comment) - LONGEST_COMMENT
        return f"The comment is {too_many} characters too long; {LONGEST_COMMENT} are allowed."
    if form.decision is ApprovalStatus.REJECTED and not form.comment:
        return "Say in the comment why you reject it."
    if form.break_glass and not form.comment:
        return "Say in the comment why you break the glass."
    return None
