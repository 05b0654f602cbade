"""How pages are rendered and sent."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.examples import APPROVER, at, digest
from tidegate.domain.approval import ApprovalStatus
from tidegate.domain.provenance import Provenance
from tidegate.web.drawing import drawing
from tidegate.web.forms import Form
from tidegate.web.pages import approval_page, headers, message_page
from tidegate.web.view import (
    UNKNOWN,
    ApprovalView,
    ChangeLine,
    CheckLine,
    EnvironmentLine,
    ImageLine,
    Message,
    ScanLine,
    VoteLine,
)

EVIL = "<script>alert(1)</script>\"'&{{ 7*7 }}"
CLAIMS = Provenance(EVIL, EVIL, EVIL, EVIL, EVIL)
VOID = {"meta", "input", "br", "link", "img", "hr"}


class Reader(HTMLParser):
    """Collects elements and text, and demands that what is opened is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)
        assert not self.open, self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def view(**more) -> ApprovalView:
    known = {
        "service": "checkout",
        "environment": "prod",
        "production": True,
        "strategy": "rolling, circuit breaker on",
        "release": "checkout-20261123T120000Z-000001",
        "approver": APPROVER,
        "requested_by": "a push of checkout:1.4.0",
        "reason": None,
        "requested_at": at(0),
        "expires_at": at(7200),
        "now": at(60),
        "images": (ImageLine("app", "checkout", "1.4.0", digest("b"), "1.3.0", digest("a")),),
        "scans": (
            ScanLine(
                "app", "passed", True, "Nothing blocks.", "1 HIGH", ("CVE-1, until 2027-01-01: no path",)
            ),
        ),
        "environments": (
            EnvironmentLine(
                "dev",
                "succeeded",
                None,
                "rolling",
                at(30),
                "1 min",
                (CheckLine("smoke", "passed", "200 in 12 ms"),),
            ),
        ),
        "changes": (ChangeLine("containers.app.environment.STAGE", "a", "b"),),
    }
    return ApprovalView(**{**known, **more})


def test_the_page_shows_what_the_approver_has_to_know():
    # When
    page = approval_page(view(), "nonce-1")
    text = " ".join(Reader(page.body).text.split())

    # Then
    assert page.status == 200
    for shown in (
        "Approve checkout 1.4.0 for prod?",
        "prod (production)",
        "a push of checkout:1.4.0",
        "2026-11-23 14:00 UTC, in 1 h 59 min",
        "1.3.0sha256:aaaaaaaaaaaa",
        "1.4.0sha256:bbbbbbbbbbbb",
        "app: passed, 1 HIGH. Nothing blocks.",
        "Waived: CVE-1, until 2027-01-01: no path",
        "rolling, circuit breaker on",
        "dev: succeeded, rolling, 2026-11-23 12:00 UTC, took 1 min",
        f"app, to{digest('b')}",
        "1 % of the time is over",
        "smoke: passed. 200 in 12 ms",
        "containers.app.environment.STAGE",
        f"You decide as {APPROVER}.",
    ):
        assert shown in text, shown


def test_the_form_posts_to_where_the_page_is_and_carries_the_nonce():
    # When
    page = Reader(approval_page(view(), "nonce-1").body)

    # Then
    assert page.all("form") == [{"method": "post"}]
    assert {"type": "hidden", "name": "nonce", "value": "nonce-1"} in page.all("input")
    assert [(each["name"], each["value"]) for each in page.all("button")] == [
        ("decision", "approve"),
        ("decision", "reject"),
    ]


def test_what_an_image_says_of_itself_is_shown_as_its_word():
    # Given
    claims = Provenance(commit="0a1b2c3", author="Ada <ada@example.com>", source="javascript:alert(1)")
    line = ImageLine("app", "checkout", "1.4.0", digest("b"), None, None, claims)

    # When
    page = Reader(approval_page(view(images=(line,), pushed_by=("arn:aws:iam::1:user/ada",)), "n").body)

    # Then it is text and no link: whoever pushes an image may write anything there
    text = " ".join(page.text.split())
    assert "What the image of app says of itself" in text
    assert "0a1b2c3" in text
    assert "arn:aws:iam::1:user/ada (CloudTrail)" in text
    assert not page.all("a")


def test_the_plot_of_a_canary_is_part_of_the_page():
    # Given
    plot = drawing(b'<svg xmlns="http://www.w3.org/2000/svg"><title>Held.</title><path d="M0 0"/></svg>')
    line = EnvironmentLine("staging", "succeeded", "Nothing was harmed.", "canary", plot=plot)

    # When
    page = Reader(approval_page(view(environments=(line,)), "n").body)

    # Then
    assert len(page.all("svg")) == len(page.all("figure")) == 1
    assert "What it was judged by in staging, period by period." in page.text


def test_where_several_must_approve_it_is_said_who_has_and_who_is_missing():
    # Given
    votes = (VoteLine("ana@example.com", at(30), "fine"),)

    # When
    page = Reader(approval_page(view(required=2, votes=votes, still_needed=("1 of security",)), "n").body)

    # Then
    text = " ".join(page.text.split())
    assert "2 people have to approve. Still needed: 1 of security." in text
    assert "ana@example.com approved, 2026-11-23 12:00 UTC: fine" in text
    assert [each["value"] for each in page.all("button")] == ["approve", "reject"]


@pytest.mark.parametrize(
    ("more", "buttons"),
    [
        ({"votes": (VoteLine(APPROVER.upper(), at(30), None),), "required": 2}, ["reject"]),
        ({"own_release": True}, ["reject"]),
        ({"may_break_glass": True, "required": 2}, ["approve", "reject", "break_glass"]),
        ({"own_release": True, "may_break_glass": True}, ["reject", "break_glass"]),
    ],
)
def test_only_what_may_be_done_is_offered(more: dict, buttons: list[str]):
    page = Reader(approval_page(view(**more), "n").body)
    assert [each["value"] for each in page.all("button")] == buttons


def test_the_page_can_be_used_with_keyboard_and_screen_reader():
    # When
    page = Reader(approval_page(view(), "nonce").body)

    # Then
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == len(page.all("main")) == 1
    assert all(each.get("scope") in ("col", "row") for each in page.all("th"))
    (textarea,) = page.all("textarea")
    assert {"for": textarea["id"]} in page.all("label")
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.elements:
        for name in ("aria-describedby", "aria-labelledby"):
            assert set((attributes.get(name) or "").split()) <= set(ids)
    assert all(each.get("tabindex") in (None, "0") for _, each in page.elements)


def test_a_mistake_is_announced_and_what_was_written_is_kept():
    # Given
    sent = Form(ApprovalStatus.REJECTED, "half a sen", "nonce")

    # When
    page = approval_page(view(), "nonce", form=sent, mistake="Say in the comment why you reject it.")
    read = Reader(page.body)

    # Then
    assert page.status == 422
    assert "Say in the comment why you reject it." in read.text
    assert "half a sen" in read.text
    assert {"class": "alert", "role": "alert", "id": "mistake"} in read.all("p")
    assert read.all("textarea")[0]["aria-invalid"] == "true"
    assert "mistake" in str(read.all("textarea")[0]["aria-describedby"])


def test_a_warning_and_what_is_missing_are_said():
    text = Reader(
        approval_page(view(warning="It has changed.", missing=("Scans cannot be shown.",)), "n").body
    ).text
    assert "It has changed." in text
    assert "Scans cannot be shown." in text


def test_a_first_deployment_comes_from_nothing():
    line = ImageLine("app", "checkout", None, digest("b"), None, None)
    text = Reader(approval_page(view(images=(line,), scans=(), environments=(), changes=()), "n").body).text
    assert "nothing" in text
    assert "no tag" in text


@pytest.mark.parametrize(
    "more",
    [
        {"service": EVIL, "environment": EVIL, "release": EVIL, "requested_by": EVIL, "reason": EVIL},
        {"approver": EVIL, "warning": EVIL, "missing": (EVIL,)},
        {"images": (ImageLine(EVIL, EVIL, EVIL, EVIL, EVIL, EVIL),)},
        {"scans": (ScanLine(EVIL, EVIL, False, EVIL, EVIL, (EVIL,)),)},
        {
            "environments": (
                EnvironmentLine(EVIL, EVIL, EVIL, EVIL, None, EVIL, (CheckLine(EVIL, EVIL, EVIL),)),
            )
        },
        {"strategy": EVIL, "pushed_by": (EVIL,), "required": 2, "still_needed": (EVIL,)},
        {"required": 2, "votes": (VoteLine(EVIL, at(0), EVIL),)},
        {"images": (ImageLine("app", "x", "1", digest("b"), "1", digest("a"), CLAIMS),)},
        {"changes": (ChangeLine(EVIL, EVIL, EVIL),)},
    ],
)
def test_everything_is_escaped(more):
    # Given
    every = view(
        pushed_by=("arn",),
        required=2,
        votes=(VoteLine("a", at(0), "b"),),
        images=(ImageLine("app", "x", "1", digest("b"), "1", digest("a"), Provenance("0a1b2c")),),
    )
    clean, evil = Reader(approval_page(every, "n").body), approval_page(view(**more), EVIL).body

    # Then
    assert "<script" not in evil
    assert "{{ 7*7 }}" in Reader(evil).text
    assert {tag for tag, _ in Reader(evil).elements} <= {tag for tag, _ in clean.elements}


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_message_and_no_comment_breaks_the_page(title: str, text: str):
    # When
    message = Reader(message_page(Message(title, text, ((title, text),))).body)
    again = Reader(approval_page(view(), "n", form=Form(None, text, ""), mistake="wrong").body)

    # Then
    assert {tag for tag, _ in message.elements} <= {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "p", "dl", "div", "dt", "dd",
    }  # fmt: skip
    assert len(again.all("textarea")) == 1


def test_the_policy_allows_our_style_and_nothing_else():
    # Given
    policy = dict(each.split(" ", 1) for each in headers()["Content-Security-Policy"].split("; "))
    page = message_page(UNKNOWN).body

    # When
    (style,) = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest_of_style = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    # Then
    assert policy == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest_of_style}'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    assert " style=" not in page
    assert " style=" not in approval_page(view(), "n").body


def test_nothing_is_loaded_from_anywhere():
    body = approval_page(view(), "n").body
    assert not re.findall(r"(?:src|href|action|url)\s*[=(]", body)
    assert "@import" not in body


def test_pages_are_kept_by_nobody_and_refer_to_nobody():
    sent = headers()
    assert sent["Cache-Control"] == "no-store"
    assert sent["Referrer-Policy"] == "no-referrer"
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert sent["Strict-Transport-Security"].startswith("max-age=")
