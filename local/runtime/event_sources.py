"""Services that invoke functions: queues, topics, streams and log groups, each in AWS's own way.

moto invokes the function inside the call that wrote the message, so that a writer waits for the reader. On
AWS somebody else reads, in another moment, and the writer never learns of it.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

from moto.sqs.models import sqs_backends

from local.mends.patching import Foreign, Mends
from local.runtime import running
from local.runtime.errors import RefusedError

MENDS = Mends()

BACKEND = "moto.awslambda.models:LambdaBackend"


@MENDS.wraps("moto.sqs.models:Queue.add_message", "f27c9231c1f2")
def add_message(original: Foreign, self: Foreign, message: Foreign) -> None:
    """Let the mappings read the queue in their own time.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    mappings, self.lambda_event_source_mappings = self.lambda_event_source_mappings, {}
    try:
        original(self, message)
    finally:
        self.lambda_event_source_mappings = mappings
    for function_arn, mapping in mappings.items():
        if mapping.enabled:
            hidden_s = max(0.0, float(message.delayed_until or 0) / 1000 - time.time())
            delay = float(mapping.max_batch_window or 0) + hidden_s
            running.current().timers.after(delay, partial(_poll, self, function_arn, mapping))


def _poll(queue: Foreign, function_arn: str, mapping: Foreign) -> None:
    backend = sqs_backends[queue.account_id][queue.region]
    timeout = int(queue.visibility_timeout)
    messages = backend.receive_message(queue.name, mapping.batch_size, 0, timeout)
    if not messages:
        return
    event = {"Records": [_record(queue, message) for message in messages]}
    try:
        result = running.current().invoke(function_arn, json.dumps(event).encode())
    except RefusedError:
        result = None
    failed = _failed_ids(result, mapping, messages)
    for message in messages:
        if message.id not in failed:
            backend.delete_message(queue.name, str(message.receipt_handle))
    if failed:
        # They become visible again after the visibility timeout, and are read again then.
        running.current().timers.after(timeout, lambda: _poll(queue, function_arn, mapping))


def _failed_ids(result: Foreign, mapping: Foreign, messages: list[Foreign]) -> set[str]:
    everything = {message.id for message in messages}
    if result is None or result.function_error:
        return everything
    if "ReportBatchItemFailures" not in (mapping.function_response_types or []):
        return set()
    # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html: no answer is success,
    # an answer that cannot be read is the failure of all.
    try:
        answer = json.loads(result.payload) or {}
        failed = {item["itemIdentifier"] for item in answer.get("batchItemFailures") or []}
    except (ValueError, TypeError, KeyError, AttributeError):
        return everything
    return min(failed, everything)


def _record(queue: Foreign, message: Foreign) -> dict[str, Any]:
    attributes = {
        "ApproximateReceiveCount": str(message.approximate_receive_count),
        "SentTimestamp": str(message.sent_timestamp),
        "SenderId": message.sender_id,
        "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
    }
    if queue.fifo_queue:
        attributes |= {
            "MessageGroupId": message.group_id,
            "MessageDeduplicationId": message.deduplication_id,
            "SequenceNumber": str(message.sequence_number),
        }
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": attributes,
        "messageAttributes": {
            name: {"stringValue": value.get("StringValue"), "dataType": value["DataType"]}
            for name, value in message.message_attributes.items()
        },
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }


def notify_function(
    subscription: Foreign, message: str, message_id: str, subject: str | None, attributes: dict[str, Any]
) -> None:
    """Invoke a function that is subscribed to a topic, asynchronously, with the event that SNS sends.

    https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
    """
    notification = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": subscription.topic.arn,
        "Subject": subject,
        "Message": message,
        "Timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SignatureVersion": "1",
        "Signature": "local",
        "SigningCertUrl": "local",
        "UnsubscribeUrl": "local",
        "MessageAttributes": {
            name: {"Type": value["Type"], "Value": value["Value"]} for name, value in attributes.items()
        },
    }
    record = {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": notification,
    }
    running.current().invoke_later(subscription.endpoint, json.dumps({"Records": [record]}).encode())


@MENDS.wraps(f"{BACKEND}.send_dynamodb_items", "110b6aaa90f8")
def send_dynamodb_items(
    original: Foreign, self: Foreign, function_arn: str, items: Foreign, source: str
) -> bool:
    """Let the stream be read after the write has been answered; the writer holds the table until then."""
    running.current().timers.soon(lambda: original(self, function_arn, items, source))
    return True  # moto then forgets the items, as they are on their way


@MENDS.wraps(f"{BACKEND}.send_log_event", "7fd9b7504236")
def send_log_event(original: Foreign, self: Foreign, *event: Foreign) -> None:
    """Deliver log events later: what a function subscribes to may be its own log."""
    running.current().timers.soon(lambda: original(self, *event))
