"""Messages to people, through Amazon SNS."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.errors import Answer, aws_call, aws_pages
from tidegate.domain.visible import visible
from tidegate.ports import Notifier

_SUBJECT = 99
"""A subject must be shorter than 100 characters, without line breaks or control characters.

https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""
_BODY = 250_000
"""Bytes; a message may have 256 KiB, attributes included."""
_APPROVER = "approver"
_PLAIN = str.maketrans(
    {
        "\u2013": "-",
        "\u2014": "-",
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2026": "...",
        "\u2192": "->",
    }
)
"""Dashes, quotation marks, the ellipsis and the arrow, as ASCII writes them."""


class SnsNotifier(Notifier):
    """Publishes to the topics of the stack; a filter gives each approver their own messages only."""

    def __init__(
        self, clients: Clients, notifications: Callable[[], str], approvals: Callable[[], str]
    ) -> None:
        self._clients = clients
        self._notifications = notifications
        self._approvals = approvals

    def publish(self, topic: str | None, subject: str, body: str, attributes: Mapping[str, str]) -> None:
        self._publish(topic or self._notifications(), subject, body, attributes)

    def subscribe_approver(self, address: str) -> None:
        if any(each["Endpoint"].casefold() == address.casefold() for each in self._subscriptions()):
            return
        aws_call(
            self._client.subscribe,
            TopicArn=self._approvals(),
            Protocol="email",
            Endpoint=address,
            Attributes={"FilterPolicy": json.dumps({_APPROVER: [address]})},
            ReturnSubscriptionArn=True,
        )

    def confirmed_approvers(self) -> frozenset[str]:
        confirmed = (each for each in self._subscriptions() if each["SubscriptionArn"].startswith("arn:"))
        return frozenset(each["Endpoint"] for each in confirmed)

    def ask_approver(self, address: str, subject: str, body: str) -> None:
        self._publish(self._approvals(), subject, body, {_APPROVER: address})

    def _publish(self, topic: str, subject: str, body: str, attributes: Mapping[str, str]) -> None:
        aws_call(
            self._client.publish,
            TopicArn=topic,
            Subject=clean_subject(subject),
            Message=visible(body).encode()[:_BODY].decode(errors="ignore"),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
                if value
            },
        )

    def _subscriptions(self) -> list[Answer]:
        """The mail subscriptions to the approval topic, without those that were deleted."""
        pages = aws_pages(self._client, "list_subscriptions_by_topic", TopicArn=self._approvals())
        found = [each for page in pages for each in page["Subscriptions"]]
        return [
            each for each in found if each["Protocol"] == "email" and each["SubscriptionArn"] != "Deleted"
        ]

    @property
    def _client(self) -> Any:
        return self._clients.home("sns")


def clean_subject(subject: str) -> str:
    """A subject that SNS takes: ASCII, one line, shorter than 100 characters."""
    text = unicodedata.normalize("NFKD", subject.translate(_PLAIN)).encode("ascii", "ignore").decode()
    text = " ".join(re.sub(r"[^ -~]", " ", text).split())
    return text if len(text) <= _SUBJECT else f"{text[: _SUBJECT - 3].rstrip()}..."
