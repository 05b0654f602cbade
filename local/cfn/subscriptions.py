"""The SNS subscriptions that stacks have made, for whoever delivers messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from local.cfn.template import Json


@dataclass(frozen=True)
class Subscription:
    """One subscription.

    Attributes:
        topic_arn: The topic.
        protocol: `email`, `sqs`, `lambda`, …
        endpoint: Where messages go.
        filter_policy: What a message must look like; empty takes all.
        filter_policy_scope: `MessageAttributes` or `MessageBody`.
        raw_message_delivery: Whether the message goes without SNS's envelope.
    """

    topic_arn: str
    protocol: str
    endpoint: str
    filter_policy: Mapping[str, Json] = field(default_factory=dict)
    filter_policy_scope: str = "MessageAttributes"
    raw_message_delivery: bool = False


SUBSCRIPTIONS: dict[str, Subscription] = {}
"""By subscription ARN."""
