"""Executions of the state machines, as far as the ports of the steps do not tell: how they ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tidegate.aws.clients import Clients
from tidegate.aws.errors import aws_call, aws_call_unless

_UNKNOWN = ("ExecutionDoesNotExist",)
MOST_EVENTS = 1000


@dataclass(frozen=True, slots=True)
class Ending:
    """How a root execution ended: its outcome and what else it said."""

    outcome: str
    reason: str
    release: str | None = None
    record: str | None = None


class Executions(Protocol):
    """Executions of Tidegate's machines."""

    def ending(self, execution: str) -> Ending | None:
        """How it ended; None while it runs."""

    def entered(self, execution: str) -> Sequence[str]:
        """The states that it has entered, oldest first; empty when Step Functions knows it no more."""


class StepFunctionsExecutions(Executions):
    """They are told by AWS Step Functions."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def ending(self, execution: str) -> Ending | None:
        """See `Executions`."""
        found = aws_call(self._client.describe_execution, executionArn=execution)
        return None if found["status"] in ("RUNNING", "PENDING_REDRIVE") else read_ending(found)

    def entered(self, execution: str) -> Sequence[str]:
        """See `Executions`. Inputs and outputs are not asked for."""
        names: list[str] = []
        more: dict[str, Any] = {}
        while True:
            page = aws_call_unless(
                _UNKNOWN,
                self._client.get_execution_history,
                executionArn=execution,
                maxResults=MOST_EVENTS,
                includeExecutionData=False,
                **more,
            )
            if page is None:
                return names
            names += [
                event["stateEnteredEventDetails"]["name"]
                for event in page["events"]
                if "stateEnteredEventDetails" in event
            ]
            if not page.get("nextToken"):
                return names
            more = {"nextToken": page["nextToken"]}

    @property
    def _client(self) -> Any:
        return self._clients.home("stepfunctions")


def read_ending(described: dict[str, Any]) -> Ending:
    """The ending of an execution as DescribeExecution gives it: in its output, or in its cause when red."""
    try:
        said = json.loads(described.get("output") or described.get("cause") or "{}")
    except ValueError:
        said = {}
    if not isinstance(said, dict) or "outcome" not in said:
        why = described.get("cause") or described.get("error") or f"The execution is {described['status']}."
        return Ending("failed", str(why))
    release, record = said.get("release"), said.get("record")
    return Ending(str(said["outcome"]), str(said.get("reason") or ""), release, record)
