"""Make and run state machines on the test server, in as few words as a test wants to have."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from typing import Any

from tests.local.mends.server import Server

ROLE = "arn:aws:iam::123456789012:role/machine"
START = "arn:aws:states:::states:startExecution"
INVOKE = "arn:aws:states:::lambda:invoke"
_numbers = itertools.count()


class Machines:
    """State machines of one test."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.api = server.client("stepfunctions")

    def make(self, states: dict[str, Any], *, name: str = "", **top: Any) -> str:
        """Create a machine that starts with the first of its states; its ARN."""
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **top}
        name = name or f"m{next(_numbers)}-{uuid.uuid4().hex[:8]}"
        made = self.api.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
        return str(made["stateMachineArn"])

    def start(self, machine: str, given: Any = None, **more: Any) -> str:
        """Start an execution; its ARN."""
        text = json.dumps({} if given is None else given)
        return str(self.api.start_execution(stateMachineArn=machine, input=text, **more)["executionArn"])

    def run(self, machine: str | dict[str, Any], given: Any = None, **top: Any) -> Execution:
        """Run a machine to its end, one that is there or one made of these states."""
        arn = machine if isinstance(machine, str) else self.make(machine, **top)
        return self.wait(self.start(arn, given))

    def wait(self, execution: str, seconds: float = 20) -> Execution:
        """Wait until an execution has ended."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            described = self.api.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                return Execution(described, self.events(execution))
            time.sleep(0.01)
        raise AssertionError(f"{execution} still runs: {self.types(execution)}")

    def wait_for_all(self, machine: str, seconds: float = 60) -> list[dict[str, Any]]:
        """Wait until no execution of a machine runs any more; all of them as they are listed."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            listed = self.api.list_executions(stateMachineArn=machine, maxResults=1000)["executions"]
            if all(one["status"] != "RUNNING" for one in listed):
                return list(listed)
            time.sleep(0.1)
        raise AssertionError(f"executions of {machine} still run")

    def wait_for(self, execution: str, event: str, seconds: float = 10) -> dict[str, Any]:
        """Wait until an execution's history has an event of a type; that event."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            found = [one for one in self.events(execution) if one["type"] == event]
            if found:
                return found[0]
            time.sleep(0.01)
        raise AssertionError(f"{execution} never had {event}: {self.types(execution)}")

    def events(self, execution: str) -> list[dict[str, Any]]:
        """The history of an execution."""
        answer = self.api.get_execution_history(executionArn=execution, maxResults=1000)
        return list(answer["events"])

    def types(self, execution: str) -> list[str]:
        """The types of the events in the history of an execution."""
        return [event["type"] for event in self.events(execution)]


class Execution:
    """An execution that has ended."""

    def __init__(self, described: dict[str, Any], events: list[dict[str, Any]]) -> None:
        self.arn = described["executionArn"]
        self.status = described["status"]
        self.error: Any = described.get("error")
        self.cause: Any = described.get("cause")
        self.described = described
        self.events = events

    @property
    def output(self) -> Any:
        assert self.status == "SUCCEEDED", (self.status, self.error, self.cause)
        return json.loads(self.described["output"])

    @property
    def types(self) -> list[str]:
        return [event["type"] for event in self.events]

    @property
    def seconds(self) -> float:
        return float((self.described["stopDate"] - self.described["startDate"]).total_seconds())


def passing(output: Any, **more: Any) -> dict[str, Any]:
    """The last state: a Pass with an output."""
    return {"Type": "Pass", "Output": output, "End": True, **more}


def task(resource: str, arguments: Any, **more: Any) -> dict[str, Any]:
    """A Task; it ends the machine unless it says what comes next."""
    return {
        "Type": "Task",
        "Resource": resource,
        "Arguments": arguments,
        **({} if "Next" in more else {"End": True}),
        **more,
    }
