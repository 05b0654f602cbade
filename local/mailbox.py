"""The mails that SNS would have sent, and who has confirmed that they want them.

An e-mail subscription is pending until the owner of the address follows the link in the first mail:
https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html. Here that mail lies in the mailbox
too, and whoever plays the owner confirms through the world control, or by ConfirmSubscription with the token.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

MOST_KEPT = 10_000
DEFAULT_SUBJECT = "AWS Notification Message"
CONFIRMATION_SUBJECT = "AWS Notification - Subscription Confirmation"


@dataclass(frozen=True)
class Mail:
    """One mail.

    Attributes:
        to: Address.
        subject: Subject, or SNS's own if the publisher gave none.
        body: The message.
        topic: ARN of the topic.
        time: Seconds since the epoch.
        attributes: Message attributes, by name.
        confirm_token: In the first mail to an address: the token that ConfirmSubscription wants.
        unsubscribe: The address at the end of every other mail, which ends the subscription when it is
            opened, by whomever: https://docs.aws.amazon.com/sns/latest/dg/sns-delete-subscription-topic.html.
    """

    to: str
    subject: str
    body: str
    topic: str
    time: float = field(default_factory=time.time)
    attributes: dict[str, str] = field(default_factory=dict)
    confirm_token: str | None = None
    unsubscribe: str | None = None

    def public(self) -> dict[str, Any]:
        """The mail as JSON."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class Mailbox:
    """All mails of the local cloud."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: deque[Mail] = deque(maxlen=MOST_KEPT)

    def put(self, mail: Mail) -> None:
        """Deliver a mail."""
        with self._lock:
            self._mails.append(mail)

    def mails(self, address: str | None = None, *, confirmations: bool = False) -> list[Mail]:
        """The mails to one address, or to all, oldest first.

        Args:
            address: Only those to this one.
            confirmations: Also the mails that ask for a confirmation.
        """
        with self._lock:
            return [
                mail
                for mail in self._mails
                if (address is None or mail.to == address) and (confirmations or mail.confirm_token is None)
            ]

    def empty(self) -> None:
        """Throw all mails away."""
        with self._lock:
            self._mails.clear()


def confirmation(address: str, topic_arn: str) -> Mail:
    """The mail that asks the owner of an address to confirm a subscription."""
    token = secrets.token_hex(64)
    body = f"You have chosen to subscribe to the topic:\n{topic_arn}\n\nConfirm with the token {token}"
    return Mail(address, CONFIRMATION_SUBJECT, body, topic_arn, confirm_token=token)


mailbox = Mailbox()
"""The mailbox of this process."""
