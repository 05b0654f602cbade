"""Mends of SNS: subscriptions wait for confirmation, filters are obeyed, mails and functions are reached.

https://docs.aws.amazon.com/sns/latest/dg/sns-message-filtering.html,
https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html,
https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
"""

from __future__ import annotations

import json
import unicodedata
from typing import Any

from moto.core.responses import ActionResult
from moto.sns.exceptions import SNSInvalidParameter
from moto.sns.models import sns_backends

from local import mailbox, settings
from local.events import pattern
from local.mailbox import Mail
from local.mends.patching import Foreign, Mends
from local.runtime import event_sources

MENDS = Mends()

PENDING = "PendingConfirmation"
AUTHENTICATED = "ConfirmationWasAuthenticated"
NEEDS_CONFIRMATION = frozenset({"email", "email-json"})
LONGEST_SUBJECT = 100

_tokens: dict[str, str] = {}


@MENDS.wraps("moto.sns.models:SNSBackend.subscribe", "56ded2dae9fa")
def subscribe(original: Foreign, self: Foreign, topic_arn: str, endpoint: str, protocol: str) -> Foreign:
    """moto confirms everybody at once."""
    known = self._find_subscription(topic_arn, endpoint, protocol)
    subscription = original(self, topic_arn, endpoint, protocol)
    if protocol in NEEDS_CONFIRMATION and (known is None or not known.confirmed):
        subscription.attributes |= {PENDING: "true", AUTHENTICATED: "false"}
        mail = mailbox.confirmation(endpoint, topic_arn)
        _tokens[str(mail.confirm_token)] = subscription.arn
        mailbox.mailbox.put(mail)
    else:
        subscription.confirmed = True
    return subscription


@MENDS.wraps("moto.sns.responses:SNSResponse.subscribe", "ad34d209fb2b")
def answer_subscribe(original: Foreign, self: Foreign) -> Foreign:
    """moto gives the ARN away before the subscription is confirmed."""
    result = original(self)
    arn = result.result["SubscriptionArn"]
    subscription = self.backend.subscriptions[arn]
    if subscription.confirmed or str(self._get_param("ReturnSubscriptionArn")).lower() == "true":
        return result
    return ActionResult({"SubscriptionArn": "pending confirmation"})


@MENDS.replaces("moto.sns.responses:SNSResponse.confirm_subscription", "95625a3fb6fa")
def answer_confirm(self: Foreign) -> Foreign:
    """moto takes any token."""
    arn = _tokens.get(self._get_param("Token") or "")
    subscription = self.backend.subscriptions.get(arn)
    if subscription is None or subscription.topic.arn != self._get_param("TopicArn"):
        raise SNSInvalidParameter("Invalid parameter: Token")
    wanted = str(self._get_param("AuthenticateOnUnsubscribe")).lower() == "true"
    _confirm(subscription, authenticated=wanted)
    return ActionResult({"SubscriptionArn": subscription.arn})


def confirm_address(address: str, account: str, region: str) -> list[str]:
    """Confirm all pending subscriptions of an address, as its owner would by following the links.

    Returns:
        The ARNs of the subscriptions.
    """
    found = [one for one in sns_backends[account][region].subscriptions.values() if one.endpoint == address]
    for subscription in found:
        _confirm(subscription)
    return [subscription.arn for subscription in found]


def unsubscribe(arn: str, account: str, region: str) -> bool:
    """Follow the link at the end of a mail, as anybody who has the mail can, and as mail scanners do.

    Returns:
        Whether the subscription ended. One whose confirmation asked for AuthenticateOnUnsubscribe stays:
        https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html
    """
    backend = sns_backends[account][region]
    subscription = backend.subscriptions.get(arn)
    if subscription is None or subscription.attributes.get(AUTHENTICATED) == "true":
        return False
    backend.unsubscribe(arn)
    return True


def _confirm(subscription: Foreign, *, authenticated: bool = False) -> None:
    subscription.confirmed = True
    subscription.attributes |= {PENDING: "false", AUTHENTICATED: "true" if authenticated else "false"}


@MENDS.replaces("moto.sns.responses:SNSResponse.list_subscriptions", "9f1b433677ff")
def list_subscriptions(self: Foreign) -> Foreign:
    """moto shows the ARN of a pending subscription, where SNS shows the word PendingConfirmation."""
    found, token = self.backend.list_subscriptions(next_token=self._get_param("NextToken"))
    return ActionResult({"Subscriptions": [_listed(one) for one in found], "NextToken": token})


@MENDS.replaces("moto.sns.responses:SNSResponse.list_subscriptions_by_topic", "ece4c74be1fb")
def list_subscriptions_by_topic(self: Foreign) -> Foreign:
    """moto shows the ARN of a pending subscription, where SNS shows the word PendingConfirmation."""
    topic, token = self._get_param("TopicArn"), self._get_param("NextToken")
    found, token = self.backend.list_subscriptions_by_topic(topic, next_token=token)
    return ActionResult({"Subscriptions": [_listed(one) for one in found], "NextToken": token})


def _listed(subscription: Foreign) -> dict[str, Any]:
    return {
        "SubscriptionArn": subscription.arn if subscription.confirmed else PENDING,
        "Owner": subscription.owner,
        "Protocol": subscription.protocol,
        "Endpoint": subscription.endpoint,
        "TopicArn": subscription.topic.arn,
    }


@MENDS.wraps("moto.sns.models:SNSBackend.publish", "6356a2b5b79e")
def publish(original: Foreign, self: Foreign, message: str, arn: str | None = None, **more: Foreign) -> str:
    """moto checks the length of the subject only, and takes an empty message."""
    subject = more.get("subject")
    if subject is not None and not _is_subject(subject):
        raise SNSInvalidParameter("Invalid parameter: Subject")
    if not message:
        raise SNSInvalidParameter("Invalid parameter: Empty message")
    message_id: str = original(self, message, arn, **more)
    return message_id


def _is_subject(text: str) -> bool:
    """At most 100 characters, and neither line breaks nor control characters."""
    return 0 < len(text) <= LONGEST_SUBJECT and not any(unicodedata.category(one) == "Cc" for one in text)


@MENDS.wraps("moto.sns.models:Subscription.publish", "fd07bd0bb87f")
def publish_to_subscription(
    original: Foreign, self: Foreign, message: str, message_id: str, **more: Foreign
) -> None:
    """moto knows no mails, and makes topic and attributes up when it invokes a function."""
    if self.protocol not in NEEDS_CONFIRMATION | {"lambda"}:
        original(self, message, message_id, **more)
        return
    attributes, subject = more.get("message_attributes") or {}, more.get("subject")
    matcher = self._filter_policy_matcher
    if not self.confirmed or (matcher is not None and not matcher.matches(attributes, message)):
        return
    if more.get("message_structure") == "json":
        message = self._parse_message_structure(message, self.protocol)
    if self.protocol == "lambda":
        event_sources.notify_function(self, message, message_id, subject, attributes)
        return
    if self.protocol == "email-json":
        message = json.dumps({"Type": "Notification", "TopicArn": self.topic.arn, "Message": message})
    plain = {name: str(value["Value"]) for name, value in attributes.items()}
    mail = Mail(
        self.endpoint,
        subject or mailbox.DEFAULT_SUBJECT,
        message,
        self.topic.arn,
        attributes=plain,
        unsubscribe=f"{settings.current().endpoint}/_world/mailbox/unsubscribe?subscription={self.arn}",
    )
    mailbox.mailbox.put(mail)


@MENDS.replaces("moto.sns.utils:FilterPolicyMatcher.matches", "c3d46a983382")
def matches(self: Foreign, message_attributes: dict[str, Any] | None, message: str) -> bool:
    """moto's comparisons differ from SNS's in lists, numbers, and everything newer than 2023."""
    if not self.filter_policy:
        return True
    if self.filter_policy_scope == "MessageBody":
        try:
            document = json.loads(message)
        except ValueError:
            return False
    else:
        document = {name: _attribute(value) for name, value in (message_attributes or {}).items()}
        document = {name: value for name, value in document.items() if value is not None}
    return pattern.matches(_numbers_alike(self.filter_policy), _numbers_alike(document))


def _attribute(attribute: dict[str, Any]) -> Any:
    """The value of a message attribute as JSON; binary ones cannot be filtered by."""
    kind, value = attribute["Type"], attribute["Value"]
    if kind.startswith("String.Array"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if kind.startswith("Number"):
        return float(value)
    return None if kind.startswith("Binary") else value


def _numbers_alike(value: Any) -> Any:
    """Numbers as floats: SNS compares their values, not how they are written."""
    if isinstance(value, dict):
        return {name: _numbers_alike(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_numbers_alike(inner) for inner in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
