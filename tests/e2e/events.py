"""Hands AWS's own events of the throw-away resources on to the stack, under the sources it listens to.

Nobody may put events in the name of `aws.*`: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html.
So a rule collects them in a queue, and a thread puts them again as `test.*`. Never run.
"""

from __future__ import annotations

import json
import threading
from typing import Any, Self

from tests.e2e.account import STACK, Account

NAME = f"{STACK}-e2e-events"
SOURCES = {
    name: f"test.{name.removeprefix('aws.')}"
    for name in ("aws.ecr", "aws.inspector2", "aws.ecs", "aws.cloudwatch", "aws.states")
}


class Forwarder:
    """Rule, queue and thread; a `with` statement makes and removes them."""

    def __init__(self, account: Account, prefix: str) -> None:
        self._account = account
        self._prefix = prefix
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="forwarder", daemon=True)

    def __enter__(self) -> Self:
        sqs, events = self._account.client("sqs"), self._account.client("events")
        self._queue = sqs.create_queue(QueueName=NAME)["QueueUrl"]
        queue = sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])
        arn = queue["Attributes"]["QueueArn"]
        rule = events.put_rule(Name=NAME, EventPattern=json.dumps({"source": list(SOURCES)}))["RuleArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=self._queue, Attributes={"Policy": policy})
        events.put_targets(Rule=NAME, Targets=[{"Id": "queue", "Arn": arn}])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join(60)
        events = self._account.client("events")
        events.remove_targets(Rule=NAME, Ids=["queue"])
        events.delete_rule(Name=NAME)
        self._account.client("sqs").delete_queue(QueueUrl=self._queue)

    def _run(self) -> None:
        sqs = self._account.client("sqs")
        while not self._stopped.is_set():
            found = sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in found.get("Messages", []):
                self._hand_on(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def _hand_on(self, event: dict[str, Any]) -> None:
        """Put an event again, if it is about what this run has made."""
        if self._prefix not in json.dumps(event) and STACK not in json.dumps(event):
            return
        entry = {
            "Source": SOURCES[event["source"]],
            "DetailType": event["detail-type"],
            "Detail": json.dumps(event["detail"]),
            "Resources": event["resources"],
            "Time": event["time"],
        }
        self._account.client("events").put_events(Entries=[entry])
