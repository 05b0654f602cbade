"""The targets of a rule: who may be reached, and with what.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html. Functions, queues and topics say in
their own policy whether the rule may reach them; a state machine is started under the target's role:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from local import deliver, permissions
from local.deliver import Arn, UndeliverableError
from local.events.transform import Source, payload_for

if TYPE_CHECKING:
    from moto.events.models import Rule

PRINCIPAL = "events.amazonaws.com"


def deliver_to_target(rule: Rule, target: dict[str, Any], event: dict[str, Any]) -> None:
    """Hand an event to one target.

    Raises:
        UndeliverableError: It could not be delivered, with the code that EventBridge reports.
    """
    arn = Arn.parse(target["Arn"])
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    payload = payload_for(target, event, Source(rule.arn, rule.name, now))
    if arn.service == "logs":
        rule._send_to_cw_log_group(arn.resource.removeprefix("log-group:"), json.loads(payload))  # noqa: SLF001
        return
    _require_permission(rule, target, arn)
    group = (target.get("SqsParameters") or {}).get("MessageGroupId")
    deliver.to_any(arn.text, payload, group=group)


def _require_permission(rule: Rule, target: dict[str, Any], arn: Arn) -> None:
    allowed = True
    if arn.service == "lambda":
        allowed = permissions.function_allows(arn.text, PRINCIPAL, rule.arn)
    elif arn.service == "sqs":
        allowed = permissions.queue_allows(arn.text, PRINCIPAL, rule.arn)
    elif arn.service == "sns":
        allowed = permissions.topic_allows(arn.text, PRINCIPAL, rule.arn)
    elif arn.service == "states":
        allowed = bool(target.get("RoleArn"))
    if not allowed:
        message = f"{arn.text} does not exist, or does not allow {PRINCIPAL} on behalf of {rule.arn}"
        raise UndeliverableError("NO_PERMISSIONS", message, retryable=False)
