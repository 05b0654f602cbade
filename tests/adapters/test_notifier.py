"""What `ports.Notifier` promises."""

import json
from typing import Any

import pytest
from moto.sns.models import sns_backends

from tests.adapters.scripted import Scripted
from tests.support.fakes import FakeNotifier
from tidegate.aws.clients import Clients
from tidegate.aws.notifier import SnsNotifier, clean_subject
from tidegate.ports import Notifier

ACCOUNT, REGION = "123456789012", "us-east-1"
ANA, BEA = "ana@example.com", "bea@example.com"


def topic(name: str) -> str:
    return f"arn:aws:sns:{REGION}:{ACCOUNT}:{name}"


def adapter(clients: Clients) -> SnsNotifier:
    return SnsNotifier(clients, lambda: topic("notifications"), lambda: topic("approvals"))


class Mailbox:
    """What was sent, whoever sent it: (topic, subject, body, attributes)."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    def sent(self) -> list[tuple[str, str, str, dict[str, str]]]:
        if isinstance(self._notifier, FakeNotifier):
            known = [
                (m.topic or "notifications", m.subject, m.body, m.attributes) for m in self._notifier.messages
            ]
            asked = [
                ("approvals", subject, body, {"approver": to}) for to, subject, body in self._notifier.asked
            ]
            return [(each[0].rpartition(":")[2] or each[0], *each[1:]) for each in known + asked]
        found: list[tuple[str, str, str, dict[str, str]]] = []
        for name, stored in sns_backends[ACCOUNT][REGION].topics.items():
            for _, body, subject, attributes, *_ in stored.sent_notifications:
                values = {key: value["Value"] for key, value in (attributes or {}).items()}
                found.append((name.rpartition(":")[2], subject or "", body, values))
        return found


@pytest.fixture
def notifier(kind: str, request: pytest.FixtureRequest) -> Notifier:
    if kind == "fake":
        return FakeNotifier()
    clients: Clients = request.getfixturevalue("clients")
    for name in ("notifications", "approvals", "checkout"):
        clients.home("sns").create_topic(Name=name)
    return adapter(clients)


def test_a_message_goes_to_the_topic_of_the_stack_unless_another_is_named(notifier: Notifier):
    notifier.publish(None, "checkout r1 succeeded", "It runs in prod.", {"service": "checkout"})
    notifier.publish(topic("checkout"), "checkout r2 failed", "It does not start.", {})

    assert Mailbox(notifier).sent() == [
        ("notifications", "checkout r1 succeeded", "It runs in prod.", {"service": "checkout"}),
        ("checkout", "checkout r2 failed", "It does not start.", {}),
    ]


def test_an_approver_is_asked_through_the_approval_topic_by_name(notifier: Notifier):
    notifier.ask_approver(ANA, "Approve checkout r1?", "https://tidegate.example/a")

    assert Mailbox(notifier).sent() == [
        ("approvals", "Approve checkout r1?", "https://tidegate.example/a", {"approver": ANA})
    ]


def test_an_approver_who_has_confirmed_is_subscribed_once(notifier: Notifier):
    # Given an approver who confirms (moto confirms for everybody)
    notifier.subscribe_approver(ANA)
    if isinstance(notifier, FakeNotifier):
        assert notifier.confirmed_approvers() == frozenset()
        notifier.confirm(ANA)

    # When the approver is subscribed again
    notifier.subscribe_approver(ANA)

    # Then
    assert notifier.confirmed_approvers() == {ANA}


@pytest.fixture
def sns(clients: Clients) -> Scripted:
    return Scripted(clients.home("sns"))


def subscription(address: str, arn: str, protocol: str = "email") -> dict[str, Any]:
    return {"SubscriptionArn": arn, "Protocol": protocol, "Endpoint": address}


def test_a_subscription_lets_through_the_approvers_own_messages_only(clients: Clients, sns: Scripted):
    sns.answer("ListSubscriptionsByTopic", {"Subscriptions": []})
    sns.answer("Subscribe", {"SubscriptionArn": "pending confirmation"})

    adapter(clients).subscribe_approver(ANA)

    (request,) = sns.requests["Subscribe"]
    assert (request["TopicArn"], request["Protocol"], request["Endpoint"]) == (
        topic("approvals"),
        "email",
        ANA,
    )
    assert json.loads(request["Attributes"]["FilterPolicy"]) == {"approver": [ANA]}


def test_only_who_has_confirmed_counts_and_all_pages_are_read(clients: Clients, sns: Scripted):
    # Given subscriptions in every state, on two pages
    sns.answer(
        "ListSubscriptionsByTopic",
        {
            "Subscriptions": [
                subscription(ANA, "arn:aws:sns:us-east-1:123456789012:approvals:1"),
                subscription("late@example.com", "PendingConfirmation"),
                subscription("gone@example.com", "Deleted"),
            ],
            "NextToken": "next",
        },
        {
            "Subscriptions": [
                subscription(BEA, "arn:aws:sns:us-east-1:123456789012:approvals:2"),
                subscription(
                    "https://example.com", "arn:aws:sns:us-east-1:123456789012:approvals:3", "https"
                ),
            ]
        },
    )

    # Then
    assert adapter(clients).confirmed_approvers() == {ANA, BEA}


@pytest.mark.parametrize(
    ("state", "again"),
    [
        ("arn:aws:sns:us-east-1:123456789012:approvals:1", False),
        ("PendingConfirmation", False),
        ("Deleted", True),
    ],
)
def test_an_approver_is_subscribed_again_only_when_the_subscription_is_gone(
    clients: Clients, sns: Scripted, state: str, again: bool
):
    sns.answer("ListSubscriptionsByTopic", {"Subscriptions": [subscription(ANA, state)]})
    sns.answer("Subscribe", {})

    adapter(clients).subscribe_approver(ANA)

    assert bool(sns.requests.get("Subscribe")) is again


def test_a_message_is_cut_to_what_sns_takes(clients: Clients, sns: Scripted):
    sns.answer("Publish", {})

    adapter(clients).publish(None, "s" * 200, "ä" * 200_000, {"service": "checkout", "environment": ""})

    (request,) = sns.requests["Publish"]
    assert len(request["Subject"]) < 100
    assert request["Message"] == "ä" * 125_000
    assert list(request["MessageAttributes"]) == ["service"]


@pytest.mark.parametrize(
    ("subject", "clean"),
    [
        ("checkout r1 succeeded", "checkout r1 succeeded"),
        ("two\r\nlines\tand \x07 a bell", "two lines and a bell"),
        ("dev \u2192 prod \u2013 caf\u00e9 \u201cone\u201d\u2026", 'dev -> prod - cafe "one"...'),
        ("\u2714 done", "done"),
        ("x" * 99, "x" * 99),
        ("x" * 100, "x" * 96 + "..."),
    ],
)
def test_a_subject_is_one_short_line_of_ascii(subject: str, clean: str):
    assert clean_subject(subject) == clean
