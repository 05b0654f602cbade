"""Asynchronous invocations: a queue, two retries, a dead-letter queue and destinations.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html: a function error is tried
again after one minute and after two more; throttling for up to six hours, after one second first and five
minutes at most. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html: what
the dead-letter queue and the destinations receive. All waiting times are divided by the time scale.
"""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.awslambda.exceptions import UnknownFunctionException
from moto.awslambda.utils import get_backend

from local import authorizations, deliver
from local.runtime import errors
from local.runtime.service import ASYNCHRONOUS_LIMIT, LambdaService, Result

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

    from local.timers import Timers

log = logging.getLogger(__name__)

RETRY_AFTER_S = (60.0, 120.0)
THROTTLE_FIRST_S = 1.0
THROTTLE_MOST_S = 300.0
OLDEST_S = 6 * 3600.0


@dataclass(frozen=True)
class Event:
    """One event in a function's queue."""

    function_arn: str
    payload: bytes
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    queued_at: float = field(default_factory=time.monotonic)
    attempts: int = 0
    throttled: int = 0


class EventQueue:
    """Takes events in at once and runs the functions later."""

    def __init__(self, service: LambdaService, timers: Timers, time_scale: float) -> None:
        self._service = service
        self._timers = timers
        self._time_scale = time_scale
        self._open: Counter[tuple[str, bytes]] = Counter()
        self._changing = threading.Lock()

    def is_at_work(self, function_arn: str, payload: bytes) -> bool:
        """Whether the function has such an event that it has not finished; waiting for a retry is no work."""
        return self._open[function_arn, payload] > 0

    def put(self, function_arn: str, payload: bytes) -> str:
        """Queue one event.

        Returns:
            The request id, which all attempts share.

        Raises:
            errors.RefusedError: The event is too large, or there is no such function.
        """
        if len(payload) > ASYNCHRONOUS_LIMIT:
            raise errors.too_large(len(payload), "Event", ASYNCHRONOUS_LIMIT)
        if find_function(function_arn) is None:
            raise errors.RefusedError(404, "ResourceNotFoundException", f"Function not found: {function_arn}")
        event = Event(function_arn, payload)
        self._count(event, 1)
        self._timers.soon(lambda: self._attempt(event))
        return event.request_id

    def _attempt(self, event: Event) -> None:
        try:
            self._run(event)
        finally:
            self._count(event, -1)

    def _count(self, event: Event, change: int) -> None:
        key = event.function_arn, event.payload
        with self._changing:
            self._open[key] += change
            if not self._open[key]:
                del self._open[key]

    def _run(self, event: Event) -> None:
        function = find_function(event.function_arn)
        if function is None:
            return
        try:
            result = self._service.run(
                function, event.payload, request_id=event.request_id, limit=ASYNCHRONOUS_LIMIT
            )
        except errors.RefusedError as error:
            self._throttled(function, replace(event, throttled=event.throttled + 1), error)
            return
        event = replace(event, attempts=event.attempts + 1)
        if result.function_error is None:
            self._send_record(function, event, result, "OnSuccess", "Success")
            return
        config = _config_of(function)
        allowed = int(config.get("MaximumRetryAttempts", len(RETRY_AFTER_S)))
        if event.attempts > allowed:
            self._give_up(function, event, result, "RetriesExhausted")
            return
        self._again(function, event, RETRY_AFTER_S[event.attempts - 1], result)

    def _throttled(self, function: LambdaFunction, event: Event, error: errors.RefusedError) -> None:
        wait = min(THROTTLE_FIRST_S * 2 ** (event.throttled - 1), THROTTLE_MOST_S)
        body = json.dumps({"errorType": error.code, "errorMessage": str(error)}).encode()
        self._again(function, event, wait, Result(body, "Unhandled", "", "$LATEST", event.request_id))

    def _again(self, function: LambdaFunction, event: Event, wait_s: float, result: Result) -> None:
        oldest = float(_config_of(function).get("MaximumEventAgeInSeconds", OLDEST_S))
        age = (time.monotonic() - event.queued_at) * self._time_scale
        if age + wait_s > oldest:
            self._give_up(function, event, result, "EventAgeExceeded")
            return
        self._timers.after(wait_s / self._time_scale, lambda: self._try_again(event))

    def _try_again(self, event: Event) -> None:
        self._count(event, 1)
        self._attempt(event)

    def _give_up(self, function: LambdaFunction, event: Event, result: Result, condition: str) -> None:
        self._send_record(function, event, result, "OnFailure", condition)
        target = (getattr(function, "dead_letter_config", None) or {}).get("TargetArn")
        if not target:
            return
        error = json.loads(result.payload or b"{}")
        attributes = {
            "RequestID": event.request_id,
            "ErrorCode": "200",
            "ErrorMessage": str(error.get("errorMessage", ""))[:1024] or "-",
        }
        self._deliver(target, deliver.as_text(event.payload), attributes)

    def _send_record(
        self, function: LambdaFunction, event: Event, result: Result, kind: str, condition: str
    ) -> None:
        destination = (_config_of(function).get("DestinationConfig") or {}).get(kind, {}).get("Destination")
        if destination:
            _note_destination(function.function_name, destination)
            self._deliver(destination, json.dumps(_record_of(event, result, condition)), None)

    def _deliver(self, target: str, text: str, attributes: dict[str, str] | None) -> None:
        try:
            deliver.to_any(target, text, attributes)
        except deliver.UndeliverableError as error:
            log.warning("Lambda could not deliver a failed event to %s: %s", target, error)


def _note_destination(function: str, destination: str) -> None:
    """Lambda writes to a destination under the function's own role."""
    actions = {"sqs": ("SendMessage", "QueueArn"), "sns": ("Publish", "TopicArn")}
    service = destination.split(":")[2]
    if service in actions:
        action, parameter = actions[service]
        authorizations.note(function, service, action, {parameter: destination})


def find_function(function_arn: str) -> LambdaFunction | None:
    """The function, version or alias that an ARN names, if it exists."""
    _, _, _, region, account, _, name, *qualifier = function_arn.split(":")
    try:
        return get_backend(account, region).get_function(name, qualifier[0] if qualifier else None)
    except UnknownFunctionException:
        return None


def _config_of(function: LambdaFunction) -> dict[str, Any]:
    """The function's own settings for asynchronous invocation (PutFunctionEventInvokeConfig)."""
    configs = function.event_invoke_config
    return configs[-1].config if configs else {}


def _record_of(event: Event, result: Result, condition: str) -> dict[str, Any]:
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": f"{event.function_arn}:{result.version}",
            "condition": condition,
            "approximateInvokeCount": event.attempts,
        },
        "requestPayload": json.loads(event.payload or b"null"),
        "responseContext": {
            "statusCode": 200,
            "executedVersion": result.version,
            **({"functionError": result.function_error} if result.function_error else {}),
        },
        "responsePayload": json.loads(result.payload or b"null"),
    }
