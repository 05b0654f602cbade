"""What a schedule does when it is due.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-templated.html,
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
import uuid
from typing import TYPE_CHECKING, Any

import boto3
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from moto.scheduler.exceptions import ScheduleGroupNotFound, ScheduleNotFound
from moto.scheduler.models import scheduler_backends

from local import authorizations, deliver
from local.deliver import UndeliverableError
from local.events import roles
from local.events.retries import Attempt
from local.events.router import iso_time, new_event

if TYPE_CHECKING:
    from moto.events.models import Rule

    from local.events.router import Router
    from local.settings import Settings

UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"


def fire_rule(router: Router, rule: Rule) -> None:
    """Send the event of a scheduled rule to its targets."""
    event = new_event("aws.events", "Scheduled Event", {}, [rule.arn], rule.account_id, rule.region_name)
    router.send(rule, event)


def fire_schedule(router: Router, schedule: Any, settings: Settings, *, is_last: bool) -> None:
    """Invoke the target of a schedule, now or within its flexible window.

    Args:
        router: Makes the attempts and the retries.
        schedule: moto's schedule.
        settings: Account, region, time scale.
        is_last: Whether it will never be due again, so that ActionAfterCompletion applies.
    """
    window = schedule.flexible_time_window or {}
    wait = 0.0
    if window.get("Mode") == "FLEXIBLE":
        minutes = float(window.get("MaximumWindowInMinutes") or 0)
        wait = random.uniform(0, minutes * 60 / settings.time_scale)  # noqa: S311
    target = schedule.target
    text = _input(schedule, settings)

    def done(*_: str) -> None:
        if is_last and schedule.action_after_completion == "DELETE":
            _forget(schedule, settings)

    attempt = Attempt(
        deliver=lambda: _invoke(target, text, schedule, settings),
        delivered=done,
        failed=done,
        policy=target.get("RetryPolicy") or {},
        dead_letter_arn=(target.get("DeadLetterConfig") or {}).get("Arn"),
        letter=text,
        source_arn=schedule.arn,
        target_arn=target["Arn"],
        principal=None,
    )
    router.make_attempt(attempt, after_s=wait)


def _forget(schedule: Any, settings: Settings) -> None:
    backend = scheduler_backends[settings.account][settings.region]
    with contextlib.suppress(ScheduleNotFound, ScheduleGroupNotFound):
        backend.delete_schedule(schedule.group_name, schedule.name)


def _input(schedule: Any, settings: Settings) -> str:
    """The target's input with the context attributes filled in, or the event that Scheduler makes up."""
    text = schedule.target.get("Input")
    now = iso_time(time.time())
    if text is None:
        made_up = new_event(
            "aws.scheduler", "Scheduled Event", {}, [schedule.arn], settings.account, settings.region
        )
        return json.dumps({**made_up, "detail": "{}"})
    attributes = {
        "<aws.scheduler.schedule-arn>": schedule.arn,
        "<aws.scheduler.scheduled-time>": now,
        "<aws.scheduler.execution-id>": str(uuid.uuid4()),
        "<aws.scheduler.attempt-number>": "1",
    }
    for name, value in attributes.items():
        text = text.replace(name, value)
    return str(text)


def _invoke(target: dict[str, Any], text: str, schedule: Any, settings: Settings) -> None:
    arn = target["Arn"]
    if not target.get("RoleArn"):
        raise UndeliverableError("NO_PERMISSIONS", f"{schedule.arn} has no role", retryable=False)
    role = str(target["RoleArn"]).rpartition("/")[2]
    if arn.startswith("arn:aws:lambda:"):
        group = schedule.arn.replace(":schedule/", ":schedule-group/").rpartition("/")[0]
        asked = {"FunctionName": arn, "SourceArn": group}  # the source that the role's trust is about
        authorizations.note(f"role/{role}", "lambda", "Invoke", asked)
        if not roles.may(str(target["RoleArn"]), "lambda:InvokeFunction", arn):
            sentence = f"{target['RoleArn']} is not authorized to perform: lambda:InvokeFunction on {arn}"
            raise UndeliverableError("AccessDeniedException", sentence, retryable=False)
    if arn.startswith(UNIVERSAL):
        _call_api(arn.removeprefix(UNIVERSAL), text, settings)
    elif parameters := target.get("EventBridgeParameters"):
        event = {
            "source": parameters["Source"],
            "detail-type": parameters["DetailType"],
            "detail": json.loads(text),
        }
        deliver.to_any(arn, json.dumps({**event, "resources": [schedule.arn]}))
    else:
        deliver.to_any(arn, text, group=(target.get("SqsParameters") or {}).get("MessageGroupId"))


def _call_api(operation: str, text: str, settings: Settings) -> None:
    """Call any API action, with the input as its arguments."""
    service, _, action = operation.partition(":")
    client: Any = boto3.Session().client(
        {"sfn": "stepfunctions", "eventbridge": "events"}.get(service, service),
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        aws_access_key_id="scheduler",
        aws_secret_access_key="-",  # noqa: S106 - the local cloud checks no signatures
    )
    try:
        getattr(client, xform_name(action))(**json.loads(text or "{}"))
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        retryable = error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500 or "Throttl" in code
        raise UndeliverableError(code, str(error), retryable=retryable) from error
    except (BotoCoreError, AttributeError, ValueError) as error:
        raise UndeliverableError("INVALID_PARAMETER", str(error), retryable=False) from error
