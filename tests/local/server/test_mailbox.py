"""Mails: who has confirmed, what they asked for, and what SNS lets through.

https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.empty_cloud import EmptyCloud


class Topic:
    """A topic with one address."""

    def __init__(self, cloud: EmptyCloud, **attributes: Any) -> None:
        self.cloud = cloud
        self.sns = cloud.client("sns")
        self.arn = self.sns.create_topic(Name=cloud.fresh("topic"))["TopicArn"]
        self.address = f"{cloud.fresh('ops')}@example.com"
        texts = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in attributes.items()
        }
        self.answer = self.sns.subscribe(
            TopicArn=self.arn, Protocol="email", Endpoint=self.address, Attributes=texts
        )

    def confirm(self) -> Topic:
        self.cloud.world("POST", "/mailbox/confirm", {"address": self.address})
        return self

    def subscription(self) -> str:
        return str(
            self.sns.list_subscriptions_by_topic(TopicArn=self.arn)["Subscriptions"][0]["SubscriptionArn"]
        )

    def publish(self, message: str, subject: str | None = None, **attributes: Any) -> None:
        kinds = {str: "String", int: "Number", list: "String.Array"}
        typed = {
            name: {
                "DataType": kinds[type(value)],
                "StringValue": value if isinstance(value, str) else json.dumps(value),
            }
            for name, value in attributes.items()
        }
        more = {"Subject": subject} if subject is not None else {}
        self.sns.publish(TopicArn=self.arn, Message=message, MessageAttributes=typed, **more)

    def mails(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cloud.world("GET", f"/mailbox?address={self.address}").json
        return found


def test_an_address_gets_nothing_before_it_has_confirmed(cloud: EmptyCloud):
    # Given
    topic = Topic(cloud)
    assert topic.answer["SubscriptionArn"] == "pending confirmation"
    assert topic.subscription() == "PendingConfirmation"

    # When one message comes before the confirmation, and one after it
    topic.publish("early")
    topic.confirm()
    topic.publish("late", subject="Release r-1", kind="success")

    # Then
    assert topic.subscription().startswith(f"{topic.arn}:")
    (mail,) = topic.mails()
    assert mail["time"] > 0
    assert {**mail, "time": 0} == {
        "to": topic.address,
        "subject": "Release r-1",
        "body": "late",
        "topic": topic.arn,
        "time": 0,
        "attributes": {"kind": "success"},
        "unsubscribe": f"{cloud.endpoint}/_world/mailbox/unsubscribe?subscription={topic.subscription()}",
    }


def test_the_token_of_the_first_mail_confirms(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html."""
    # Given
    topic = Topic(cloud)
    (mail,) = cloud.world("GET", f"/mailbox?address={topic.address}&confirmations=true").json

    # When
    with pytest.raises(ClientError):
        topic.sns.confirm_subscription(TopicArn=topic.arn, Token="guessed")
    confirmed = topic.sns.confirm_subscription(TopicArn=topic.arn, Token=mail["confirm_token"])

    # Then
    assert topic.subscription() == confirmed["SubscriptionArn"]


@pytest.mark.parametrize(("authenticated", "stays"), [(True, True), (False, False)])
def test_only_a_confirmation_that_asked_for_it_keeps_the_link_in_a_mail_from_ending_it(
    cloud: EmptyCloud, authenticated: bool, stays: bool
):
    """https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html, AuthenticateOnUnsubscribe."""
    # Given
    topic = Topic(cloud)
    (first,) = cloud.world("GET", f"/mailbox?address={topic.address}&confirmations=true").json
    more = {"AuthenticateOnUnsubscribe": "true"} if authenticated else {}
    arn = topic.sns.confirm_subscription(TopicArn=topic.arn, Token=first["confirm_token"], **more)
    topic.publish("one")
    shown = topic.sns.get_subscription_attributes(SubscriptionArn=arn["SubscriptionArn"])["Attributes"]
    assert (shown["ConfirmationWasAuthenticated"] == "true") is authenticated

    # When a mail scanner opens the link at the end of the mail
    (mail,) = topic.mails()
    link = mail["unsubscribe"].partition("/_world")[2]
    answers = [cloud.world("GET", link).status for _ in range(2)]
    topic.publish("two")

    # Then
    assert answers == ([403, 403] if stays else [200, 403])
    assert [each["body"] for each in topic.mails()] == (["one", "two"] if stays else ["one"])


@pytest.mark.parametrize(
    ("policy", "attributes", "passes"),
    [
        ({"kind": ["waiting"]}, {"kind": "waiting"}, True),
        ({"kind": ["waiting"]}, {"kind": "success"}, False),
        ({"kind": ["waiting"]}, {}, False),
        ({"kind": [{"anything-but": ["started"]}]}, {"kind": "success"}, True),
        ({"kind": [{"prefix": "wait"}], "env": ["prod"]}, {"kind": "waiting", "env": "prod"}, True),
        ({"kind": [{"prefix": "wait"}], "env": ["prod"]}, {"kind": "waiting", "env": "dev"}, False),
        ({"count": [{"numeric": [">=", 3]}]}, {"count": 3}, True),
        ({"count": [3]}, {"count": 3}, True),
        ({"envs": ["prod"]}, {"envs": ["dev", "prod"]}, True),
        ({"kind": [{"exists": False}]}, {}, True),
    ],
)
def test_filters_look_at_the_attributes(cloud: EmptyCloud, policy: Any, attributes: Any, passes: bool):
    """https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html."""
    topic = Topic(cloud, FilterPolicy=policy).confirm()
    topic.publish("text", **attributes)
    assert bool(topic.mails()) is passes


@pytest.mark.parametrize(
    ("body", "passes"),
    [('{"release": {"env": "prod"}}', True), ('{"release": {"env": "dev"}}', False), ("no json", False)],
)
def test_filters_may_look_at_the_body(cloud: EmptyCloud, body: str, passes: bool):
    """https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering-scope.html."""
    policy = {"release": {"env": ["prod"]}}
    topic = Topic(cloud, FilterPolicyScope="MessageBody", FilterPolicy=policy).confirm()
    topic.publish(body)
    assert bool(topic.mails()) is passes


@pytest.mark.parametrize("subject", ["x" * 101, "two\nlines", "a\ttab", ""])
def test_a_subject_that_sns_refuses(cloud: EmptyCloud, subject: str):
    """https://docs.aws.amazon.com/sns/latest/api/API_Publish.html."""
    with pytest.raises(ClientError) as refused:
        Topic(cloud).publish("text", subject=subject)
    assert refused.value.response["Error"]["Code"] == "InvalidParameter"


def test_a_message_may_differ_by_protocol(cloud: EmptyCloud):
    topic = Topic(cloud).confirm()
    words = json.dumps({"default": "for machines", "email": "for people"})
    topic.sns.publish(TopicArn=topic.arn, Message=words, MessageStructure="json")
    (mail,) = topic.mails()
    assert (mail["body"], mail["subject"]) == ("for people", "AWS Notification Message")


def test_confirming_needs_an_address(cloud: EmptyCloud):
    answer = cloud.world("POST", "/mailbox/confirm", {})
    assert (answer.status, "address" in answer.json["message"]) == (400, True)
