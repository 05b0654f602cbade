"""The form of the approval page."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.approval import ApprovalStatus
from tidegate.web.forms import (
    LARGEST_FORM,
    LONGEST_COMMENT,
    Form,
    is_foreign,
    is_form,
    is_genuine,
    mistake,
    nonce,
    read_form,
)


def form(
    decision: ApprovalStatus | None = ApprovalStatus.APPROVED, comment: str = "", sent: str = ""
) -> Form:
    return Form(decision, comment, sent)


def test_a_nonce_holds_for_its_link_and_its_request_alone():
    # Given
    sent = nonce("link-1", "approval-1")

    # Then
    assert is_genuine(form(sent=sent), "link-1", "approval-1")
    assert not is_genuine(form(sent=sent), "link-2", "approval-1")
    assert not is_genuine(form(sent=sent), "link-1", "approval-2")
    assert not is_genuine(form(sent=""), "link-1", "approval-1")
    assert not is_genuine(form(sent="ü"), "link-1", "approval-1")
    assert "link-1" not in sent


@pytest.mark.parametrize(
    ("headers", "foreign"),
    [
        ({}, False),
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "same-site"}, True),
        (
            {"sec-fetch-site": "same-origin", "origin": "https://evil.example", "host": "tidegate.example"},
            False,
        ),
        ({"origin": "null", "host": "tidegate.example"}, False),
        ({"origin": "https://tidegate.example", "host": "tidegate.example"}, False),
        ({"origin": "http://127.0.0.1:4566", "host": "127.0.0.1:4566"}, False),
        ({"origin": "https://evil.example", "host": "tidegate.example"}, True),
        ({"origin": "https://tidegate.example.evil.example", "host": "tidegate.example"}, True),
        ({"origin": "https://evil.example"}, True),
    ],
)
def test_a_form_of_a_foreign_page_is_told_by_what_browsers_say(headers: dict[str, str], foreign: bool):
    assert is_foreign(headers) is foreign


@pytest.mark.parametrize(
    ("kind", "ours"),
    [
        ("application/x-www-form-urlencoded", True),
        ("Application/X-WWW-Form-Urlencoded; charset=UTF-8", True),
        ("text/plain", False),
        ("multipart/form-data; boundary=x", False),
        ("application/json", False),
        ("", False),
    ],
)
def test_only_the_type_that_our_form_sends_is_read(kind: str, ours: bool):
    assert is_form({"content-type": kind}) is ours


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("approve", ApprovalStatus.APPROVED),
        ("reject", ApprovalStatus.REJECTED),
        ("Approve", None),
        ("", None),
        ("void", None),
    ],
)
def test_there_are_two_decisions(sent: str, read: ApprovalStatus | None):
    assert read_form(urlencode({"decision": sent})).decision is read


def test_of_a_field_sent_twice_the_first_counts():
    assert read_form("decision=reject&decision=approve&comment=no").decision is ApprovalStatus.REJECTED


def test_a_comment_is_trimmed_and_its_line_ends_are_made_one():
    assert read_form(urlencode({"comment": "  one\r\ntwo\rthree \r\n"})).comment == "one\ntwo\nthree"


@given(st.text(max_size=50))
def test_whatever_is_written_survives_the_form(text: str):
    # Given
    written = text.encode("utf-8", "replace").decode()

    # When
    comment = read_form(urlencode({"comment": written})).comment

    # Then
    assert comment == written.replace("\r\n", "\n").replace("\r", "\n").strip()


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reading(body: bytes):
    text = body.decode("latin-1")
    try:
        read = read_form(text)
    except ValueError:
        return  # Too many fields; the page refuses it.
    assert read.decision in (None, ApprovalStatus.APPROVED, ApprovalStatus.REJECTED)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (form(), None),
        (form(comment="x" * LONGEST_COMMENT), None),
        (form(ApprovalStatus.REJECTED, "no"), None),
        (form(None), "Choose Approve or Reject."),
        (form(ApprovalStatus.REJECTED), "Say in the comment why you reject it."),
        (
            form(comment="x" * (LONGEST_COMMENT + 3)),
            "The comment is 3 characters too long; 2000 are allowed.",
        ),
    ],
)
def test_a_mistake_is_one_sentence(sent: Form, sentence: str | None):
    assert mistake(sent) == sentence


def test_the_longest_comment_fits_into_the_largest_form():
    body = urlencode({"decision": "reject", "comment": "🚢" * LONGEST_COMMENT, "nonce": nonce("l", "a")})
    assert len(body) < LARGEST_FORM
