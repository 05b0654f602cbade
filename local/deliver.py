"""How AWS services hand something to a resource on their own: queue, topic, function, state machine, bus.

Used by EventBridge rules, schedules, dead-letter queues and Lambda destinations. Nothing goes over HTTP,
and nothing counts as an API call of the account, just as on AWS.
"""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass
from typing import Any

from moto.core.exceptions import JsonRESTError, ServiceException
from moto.events.models import events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions.responses import get_backend as state_machines
from werkzeug.exceptions import HTTPException

from local.runtime import running
from local.runtime.errors import RefusedError


class UndeliverableError(Exception):
    """The target refused.

    Attributes:
        code: As EventBridge writes it into the ERROR_CODE attribute of a dead letter.
        retryable: Whether another attempt may help.
    """

    def __init__(self, code: str, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.code = code
        self.retryable = retryable


@dataclass(frozen=True)
class Arn:
    """The parts of a resource's ARN."""

    service: str
    region: str
    account: str
    resource: str
    text: str

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Take an ARN apart.

        Raises:
            UndeliverableError: It is none.
        """
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":
            raise UndeliverableError("INVALID_PARAMETER", f"{text!r} is not an ARN", retryable=False)
        return cls(parts[2], parts[3], parts[4], parts[5], text)


def to_queue(arn: Arn, body: str, attributes: dict[str, str] | None = None, group: str | None = None) -> None:
    """Send a message, with string attributes."""
    typed = {name: {"DataType": "String", "StringValue": value} for name, value in (attributes or {}).items()}
    sqs_backends[arn.account][arn.region].send_message(
        arn.resource, body, message_attributes=typed, group_id=group, validate_group_id=False
    )


def to_topic(arn: Arn, message: str, attributes: dict[str, str] | None = None) -> None:
    """Publish a message, with string attributes."""
    typed = {name: {"Type": "String", "Value": value} for name, value in (attributes or {}).items()}
    sns_backends[arn.account][arn.region].publish(message, arn=arn.text, message_attributes=typed)


def to_function(arn: Arn, payload: str) -> None:
    """Invoke a function asynchronously: it has the event as soon as this returns, not its result."""
    running.current().invoke_later(arn.text, payload.encode())


def to_state_machine(arn: Arn, text: str, name: str | None = None) -> None:
    """Start an execution."""
    backend = state_machines(arn.account, arn.region)
    backend.start_execution(arn.text, name or f"{uuid.uuid4()}_{uuid.uuid4()}", text)


def to_bus(arn: Arn, event: dict[str, Any]) -> None:
    """Put an event on another bus."""
    entry = {
        "Source": event.get("source", "events"),
        "DetailType": event.get("detail-type", "event"),
        "Detail": json.dumps(event.get("detail", event)),
        "Resources": event.get("resources", []),
        "EventBusName": arn.resource.removeprefix("event-bus/"),
    }
    events_backends[arn.account][arn.region].put_events([entry])


def to_any(
    arn_text: str, text: str, attributes: dict[str, str] | None = None, group: str | None = None
) -> None:
    """Hand JSON text to whatever the ARN names.

    Raises:
        UndeliverableError: It does not exist, it refused, or the local cloud cannot deliver to its kind.
    """
    arn = Arn.parse(arn_text)
    try:
        match arn.service:
            case "sqs":
                to_queue(arn, text, attributes, group)
            case "sns":
                to_topic(arn, text, attributes)
            case "lambda":
                to_function(arn, text)
            case "states":
                to_state_machine(arn, text)
            case "events":
                to_bus(arn, json.loads(text))
            case other:
                raise UndeliverableError(
                    "NOT_SUPPORTED", f"The local cloud has no {other} target", retryable=False
                )
    except RefusedError as error:
        raise UndeliverableError(error.code, str(error), retryable=error.throttled) from error
    except (ServiceException, JsonRESTError, HTTPException, KeyError) as error:
        code = str(getattr(error, "code", None) or getattr(error, "error_type", None) or type(error).__name__)
        raise UndeliverableError(code, str(error), retryable=False) from error


def as_text(payload: bytes) -> str:
    """Payload bytes as text; base64 if they are none."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return base64.b64encode(payload).decode()
