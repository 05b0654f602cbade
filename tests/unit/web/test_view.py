"""What pages say, in words."""

from dataclasses import replace

import pytest

from tests.unit.examples import APPROVER, at, digest
from tidegate.domain.approval import Approval, ApprovalStatus, Vote
from tidegate.domain.strategy import (
    BlueGreenSettings,
    CanarySettings,
    CanaryStep,
    RollingSettings,
    Strategy,
)
from tidegate.web import wording
from tidegate.web.view import duration, moment, outcome_message, short

APPROVAL = Approval(
    id="approval-1",
    release="checkout-20261123T120000Z-000001",
    service="checkout",
    environment="prod",
    digests={"app": digest("a")},
    from_task_definition=None,
    from_images={},
    requested_at=at(0),
    expires_at=at(3600),
    requested_by=None,
    asked=(APPROVER,),
)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3725, "1 h 2 min"), (90_000, "1 d 1 h")],
)
def test_a_duration_has_its_two_largest_units(seconds: float, text: str):
    assert duration(seconds) == text


def test_a_digest_is_shortened_but_can_be_told_from_others():
    assert short(digest("a")) == "sha256:aaaaaaaaaaaa"
    assert short(None) == ""


@pytest.mark.parametrize(
    ("status", "title"),
    [
        (ApprovalStatus.APPROVED, "Approved: checkout in prod"),
        (ApprovalStatus.REJECTED, "Rejected: checkout in prod"),
    ],
)
def test_a_decision_gets_a_receipt(status: ApprovalStatus, title: str):
    # Given
    decided = replace(APPROVAL, status=status, decided_by=APPROVER, decided_at=at(60), comment="because")

    # When
    message = outcome_message(decided)

    # Then
    assert (message.title, message.status) == (title, 200)
    assert ("Decided by", APPROVER) in message.details
    assert ("Decided at", "2026-11-23 12:01 UTC") in message.details
    assert ("Comment", "because") in message.details


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (ApprovalStatus.PENDING, "Expired"),
        (ApprovalStatus.EXPIRED, "Expired"),
        (ApprovalStatus.SUPERSEDED, "Superseded"),
        (ApprovalStatus.CANCELLED, "Cancelled"),
        (ApprovalStatus.VOID, "No longer valid"),
    ],
)
def test_what_is_over_says_why(status: ApprovalStatus, word: str):
    # When
    message = outcome_message(replace(APPROVAL, status=status, comment="Release 2 is newer."))

    # Then
    assert message.title.startswith(word)
    assert message.status == 410
    assert (moment(at(3600)) if word == "Expired" else "Release 2 is newer.") in message.text


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (
            RollingSettings(minimum_healthy_percent=50),
            "rolling, at least 50 % of the tasks stay healthy, circuit breaker on",
        ),
        (
            CanarySettings((CanaryStep(5), CanaryStep(12.5)), ("rule",), "stable", "canary"),
            "canary, in steps of 5 %, 12.5 %, judged against what runs",
        ),
        (
            BlueGreenSettings("rule", "test", ("a", "b"), "role", "https://test"),
            "blue/green, watched for 10 minutes after the switch",
        ),
    ],
)
def test_a_strategy_is_said_in_a_few_words(settings: Strategy, words: str):
    assert wording.strategy(settings) == words


def test_of_several_who_approved_each_has_a_line():
    # Given
    votes = (Vote("ana@example.com", at(10), "fine"), Vote(APPROVER, at(20)))
    approved = replace(APPROVAL, status=ApprovalStatus.APPROVED, decided_by=APPROVER, votes=votes)

    # When
    details = dict(outcome_message(approved).details)

    # Then
    assert details["Approved by ana@example.com"] == "2026-11-23 12:00 UTC. fine"
    assert details[f"Approved by {APPROVER}"] == "2026-11-23 12:00 UTC"


def test_a_broken_glass_is_on_the_receipt():
    # Given
    vote = Vote(APPROVER, at(10), "Checkout is down.", break_glass=True)
    approved = APPROVAL.with_vote(vote, enough=True)

    # Then
    message = outcome_message(approved)
    assert message.text.startswith(f"{APPROVER} broke the glass and approved alone.")
    assert ("Comment", "Checkout is down.") in message.details
