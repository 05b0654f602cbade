"""Events in the shape of `events/aws`, and the queue in which they lie until the schedule delivers them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from tests.schedules.machine_run import REGION, Execution
from tests.unit.examples import EVENTS

LAMBDA_TRIES = 3
"""Lambda invokes an asynchronous function again twice: ``MaximumRetryAttempts`` in template.yaml."""
PULSE = "pulse"
"""What the schedule of a canary invokes, and nobody again when that fails: the next one comes in a minute."""
ROOTS = ("normal_deployment", "deploy")
"""The machines whose failures template.yaml has a rule for."""


@dataclass(eq=False)
class Happening:
    """One event on its way to one function; ``tries`` are those that failed."""

    function: str
    event: dict[str, Any]
    at: datetime
    tries: int = 0


@dataclass
class Queue:
    """EventBridge and Lambda's own queue: at least once, in no order, and here also never."""

    waiting: list[Happening]
    lost: int = 0
    made: int = 0

    def put(self, function: str, example: str, at: datetime, detail: dict[str, Any], resource: str) -> None:
        """Send an event like an example of `events/aws`, with some of its detail replaced."""
        event = json.loads(_example(example))
        self.made += 1
        event["id"] = f"00000000-0000-4000-8000-{self.made:012d}"
        event["time"] = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        event["resources"] = [resource] if resource else []
        unknown = set(detail) - set(event["detail"])
        assert not unknown, f"{example} has no {unknown}"
        event["detail"] |= detail
        self.waiting.append(Happening(function, event, at))

    def pulse(self, payload: dict[str, Any], at: datetime) -> None:
        """Let EventBridge Scheduler invoke the pulse; one that waits still makes up for those after it."""
        if all((each.function, each.event) != (PULSE, payload) for each in self.waiting):
            self.waiting.append(Happening(PULSE, payload, at))

    def pulses(self) -> list[Happening]:
        """The pulses that wait."""
        return [each for each in self.waiting if each.function == PULSE]

    def again(self, happening: Happening) -> None:
        """Let Lambda try an event again that its function failed on; after the third try it is lost."""
        happening.tries += 1
        if happening.tries < LAMBDA_TRIES and happening.function != PULSE:
            self.waiting.append(happening)
        else:
            self.lost += 1

    def execution_ended(self, execution: Execution, at: datetime) -> None:
        """Tell of a root execution that failed, timed out or was aborted."""
        if execution.machine not in ROOTS or execution.status not in ("FAILED", "TIMED_OUT", "ABORTED"):
            return
        detail = {
            "executionArn": execution.arn,
            "stateMachineArn": f"{REGION}:stateMachine:tidegate-{execution.machine}",
            "name": execution.name,
            "status": execution.status,
            "input": json.dumps(execution.input),
            "error": execution.error,
            "cause": execution.cause,
        }
        self.put("receive_failed_execution", "execution_aborted", at, detail, execution.arn)


@cache
def _example(name: str) -> str:
    return (EVENTS / f"{name}.json").read_text()
