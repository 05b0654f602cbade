"""Every AWS API call, recorded with its caller; and what the calls have consumed."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

from local.consumption import Units
from local.origins import NOWHERE, Origin

MOST_KEPT = 200_000

# Which parameter names the resource, for the calls where one look tells; the first that is there counts.
RESOURCE_PARAMETERS = (
    *("TableName", "FunctionName", "functionName", "stateMachineArn", "executionArn", "TopicArn"),
    *("TargetArn", "QueueUrl", "QueueName", "service", "serviceName", "serviceDeploymentArn"),
    *("taskDefinition", "family", "cluster", "repositoryName", "RuleArn", "TargetGroupArn", "ListenerArn"),
    *("LoadBalancerArn", "SecretId", "logGroupName", "RoleArn", "AlarmName", "StackName", "ResourceId"),
    *("Bucket", "Name", "name", "Rule"),
)


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS API call.

    Attributes:
        number: Counts up from one; a reader can ask for what came after it.
        time: Seconds since the epoch.
        caller: Function name, state machine name, or `user` for everybody else.
        service: As in the SDK: `dynamodb`, `stepfunctions`, …
        action: As in the API: `GetItem`, …
        resource: Table, function, service, … where one parameter tells.
        error: AWS's error code, or None.
        origin: The state and the event behind it.
    """

    number: int
    time: float
    caller: str
    service: str
    action: str
    resource: str | None
    error: str | None
    origin: Origin = NOWHERE

    def public(self) -> dict[str, Any]:
        """The call as JSON, with the state it goes back to; what events say stays here."""
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "origin"}
        return {**told, "state": self.origin.state}


class Recorder:
    """Calls, invocations and request units since the last reset."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[Call] = deque(maxlen=MOST_KEPT)
        self._numbers = itertools.count(1)
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._units: dict[tuple[str, str], Units] = defaultdict(Units)
        self._invocations: dict[str, dict[str, float]] = {}

    def record(
        self,
        caller: str,
        service: str,
        action: str,
        resource: str | None,
        error: str | None,
        origin: Origin = NOWHERE,
    ) -> None:
        """Note one call that has been answered."""
        call = Call(next(self._numbers), time.time(), caller, service, action, resource, error, origin)
        with self._lock:
            self._calls.append(call)
            self._counts[caller, service, action] += 1

    def consume(self, caller: str, table: str, units: Units) -> None:
        """Note the request units of one DynamoDB call."""
        with self._lock:
            self._units[caller, table] += units

    def count_invocation(self, function: str, seconds: float, *, cold: bool) -> None:
        """Note one run of a function."""
        with self._lock:
            counts = self._invocations.setdefault(
                function, {"invocations": 0, "cold_starts": 0, "seconds": 0.0}
            )
            counts["invocations"] += 1
            counts["cold_starts"] += cold
            counts["seconds"] += seconds

    def since(self, moment: float = 0.0, number: int = 0) -> list[Call]:
        """The calls after a moment or after a call number, oldest first."""
        with self._lock:
            newest_first = itertools.takewhile(
                lambda call: call.time > moment and call.number > number, reversed(self._calls)
            )
            return list(newest_first)[::-1]

    def counts(self) -> dict[str, Any]:
        """Everything counted since the last reset."""
        with self._lock:
            calls = [
                {"caller": caller, "service": service, "action": action, "calls": count}
                for (caller, service, action), count in sorted(self._counts.items())
            ]
            units = [
                {"caller": caller, "table": table, "read_units": one.read, "write_units": one.write}
                for (caller, table), one in sorted(self._units.items())
            ]
            return {"calls": calls, "dynamodb": units, "functions": {**self._invocations}}

    def reset(self) -> None:
        """Forget the calls and the counts."""
        with self._lock:
            self._calls.clear()
            self._counts.clear()
            self._units.clear()
            self._invocations.clear()


_recorder = Recorder()

record = _recorder.record
consume = _recorder.consume
count_invocation = _recorder.count_invocation
since = _recorder.since
counts = _recorder.counts
reset = _recorder.reset


def resource_in(sources: Iterable[Callable[[str], Any]]) -> str | None:
    """The resource that a call is about, asked of its parameters by name."""
    for ask in sources:
        for name in RESOURCE_PARAMETERS:
            value = ask(name)
            if value:
                return str(value[0] if isinstance(value, list) else value)
    return None


def error_code(status: int, headers: dict[str, Any], body: Any) -> str | None:
    """The AWS error code in a response, whichever protocol it uses."""
    if status < 400:
        return None
    code = next((value for name, value in headers.items() if name.lower() == "x-amzn-errortype"), None)
    text = body.decode(errors="replace") if isinstance(body, bytes) else str(body)
    if not code and text.startswith("{"):
        with contextlib.suppress(ValueError):
            parsed = json.loads(text)
            code = parsed.get("__type") or parsed.get("code")
    if not code and (match := re.search(r"<Code>([^<]+)</Code>", text)):
        code = match[1]
    return str(code).rpartition("#")[2].partition(":")[0] if code else f"Http{status}"
