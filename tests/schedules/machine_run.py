"""Runs the real state machines one item at a time, so that a schedule decides what happens next.

Everything that takes time or can go wrong is an item of its own: a function to invoke, a timer. Between two
items nothing happens. States that only decide (Choice, Pass, Succeed, Fail) are passed through at once, for
nobody outside can see them. The time is that of the clock that is handed in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.schedules.jsonata_values import QueryFailed, evaluate
from tests.schedules.language import CALLBACK, NESTED, check
from tidegate.domain.plain import time_text

REGION = "arn:aws:states:us-east-1:123456789012"
LARGEST_OUTPUT = 262_144
"""Bytes that a state may pass on: https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""

Definition = dict[str, Any]
Definitions = Mapping[str, Definition]


class AlreadyExists(Exception):
    """An execution of that name has ended, or was started with another input."""


@dataclass
class Execution:
    """One execution: the definition it was started with, and where it is."""

    arn: str
    machine: str
    name: str
    definition: Definition
    input: Any
    started_at: datetime
    parent: Task | None = None
    status: str = "RUNNING"
    output: Any = None
    error: str | None = None
    cause: str | None = None
    stopped_at: datetime | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    entered: list[str] = field(default_factory=list)
    task: Task | None = None
    timers: list[Timer] = field(default_factory=list)

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.status == "RUNNING"


@dataclass(eq=False)
class Task:
    """One try of a state: what it was given, and, while it waits for one, its token."""

    execution: Execution
    state: str
    input: Any
    entered_at: datetime
    tries: dict[int, int] = field(default_factory=dict)
    token: str | None = None
    child: Execution | None = None
    invocation: Invocation | None = None


@dataclass(eq=False)
class Invocation:
    """A function that Step Functions has asked Lambda to invoke. It goes on when its execution is aborted."""

    task: Task
    function: str
    payload: Any
    at: datetime

    @property
    def wanted(self) -> bool:
        """Whether somebody still waits for its answer."""
        return self.task.execution.running and self.task.invocation is self


@dataclass(eq=False)
class Timer:
    """Something that happens by itself at a time: ``wait``, ``retry``, ``task``, or ``machine``."""

    execution: Execution
    kind: str
    at: datetime
    task: Task | None = None


class MachineRuns:
    """Every execution, the invocations and timers that are due, and what the schedule can do with them.

    Args:
        definitions: Machine name to definition; it is looked at when an execution is started.
        now: The time.
        ended: Told of every execution that has ended.
    """

    def __init__(
        self, definitions: Definitions, now: Callable[[], datetime], ended: Callable[[Execution], None]
    ) -> None:
        for name, definition in definitions.items():
            check(name, definition)
        self.definitions = dict(definitions)
        self.executions: dict[str, Execution] = {}
        self.invocations: list[Invocation] = []
        self._now = now
        self._ended = ended
        self._tokens: dict[str, Task] = {}
        self._minted = 0

    # --- what Step Functions' API does -------------------------------------------------------------------

    def start(self, machine: str, name: str, given: Any, parent: Task | None = None) -> Execution:
        """Start an execution, once per name and input while it runs.

        https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html

        Raises:
            AlreadyExists: the name was used for something else, or the execution has ended.
        """
        arn = f"{REGION}:execution:tidegate-{machine}:{name}"
        known = self.executions.get(arn)
        if known is not None:
            if known.running and known.input == given:
                return known
            raise AlreadyExists(arn)
        definition = self.definitions[machine]
        begun = Execution(arn, machine, name, definition, given, self._now(), parent)
        self.executions[arn] = begun
        if "TimeoutSeconds" in definition:
            self._timer(begun, "machine", definition["TimeoutSeconds"])
        self._enter(begun, definition["StartAt"], given)
        return begun

    def stop(self, arn: str, error: str, cause: str) -> None:
        """Abort an execution and, as Step Functions tries to, what it waits for."""
        execution = self.executions[arn]
        if execution.running:
            self._end(execution, "ABORTED", error=error, cause=cause)

    def succeed(self, token: str, output: Any) -> bool:
        """Answer a token; False when nobody waits for it (any more)."""
        task = self._tokens.get(token)
        if task is None or task.token != token or task.execution.task is not task:
            return False
        self._succeeded(task, json.loads(json.dumps(output)))
        return True

    def waiting_tokens(self) -> list[Task]:
        """The tasks that wait for an answer, their functions being through."""
        return [task for task in self._tokens.values() if task.invocation is None]

    # --- what a schedule can do --------------------------------------------------------------------------

    def timers(self) -> list[Timer]:
        """Every timer, the next one first."""
        every = [timer for each in self.executions.values() for timer in each.timers]
        return sorted(every, key=lambda timer: timer.at)

    def due(self) -> list[Timer]:
        """The timers whose time has come; a retry may come at once, for its jitter is full."""
        now = self._now()
        return [timer for timer in self.timers() if timer.at <= now]

    def fire(self, timer: Timer) -> None:
        """Let a timer go off."""
        if timer not in timer.execution.timers:
            return
        timer.execution.timers.remove(timer)
        task = timer.task
        if timer.kind == "machine" or task is None:
            self._end(timer.execution, "TIMED_OUT", error="States.Timeout", cause="")
        elif timer.kind == "task":
            self._failed(task, "States.Timeout", "")
        elif timer.kind == "retry":
            self._try(task)
        else:
            self._leave(task, task.input)

    def answered(self, invocation: Invocation, result: Any) -> None:
        """Take in what a function returned; a task that waits for its token waits on."""
        self._over(invocation)
        task = invocation.task
        if task.invocation is not invocation or task.execution.task is not task:
            return
        task.invocation = None
        if task.token is None:
            self._succeeded(task, {"ExecutedVersion": "$LATEST", "Payload": result, "StatusCode": 200})

    def broke(self, invocation: Invocation, error: str, cause: str) -> None:
        """Take in that a function failed."""
        self._over(invocation)
        task = invocation.task
        if task.invocation is invocation and task.execution.task is task:
            self._failed(task, error, cause)

    def _over(self, invocation: Invocation) -> None:
        if invocation in self.invocations:
            self.invocations.remove(invocation)

    # --- the states --------------------------------------------------------------------------------------

    def _enter(self, execution: Execution, name: str, given: Any) -> None:
        state = execution.definition["States"][name]
        execution.entered.append(name)
        task = execution.task = Task(execution, name, given, self._now())
        try:
            _ENTER[state["Type"]](self, task, state)
        except QueryFailed as error:
            self._failed(task, "States.QueryEvaluationError", str(error))

    def _task(self, task: Task, state: dict[str, Any]) -> None:
        self._try(task)

    def _try(self, task: Task) -> None:
        """Begin a task, or begin it again."""
        execution, state = task.execution, self._state(task)
        task.token = None
        if state["Resource"] == CALLBACK:
            self._minted += 1
            task.token = f"token-{self._minted:06d}"
            self._tokens[task.token] = task
        try:
            arguments = self._evaluate(task, state.get("Arguments", {}))
            limit = self._evaluate(task, state.get("TimeoutSeconds"))
        except QueryFailed as error:
            self._failed(task, "States.QueryEvaluationError", str(error))
            return
        if limit is not None:
            self._timer(execution, "task", limit, task)
        if state["Resource"] == NESTED:
            self._start_child(task, arguments)
            return
        task.invocation = Invocation(task, arguments["FunctionName"], arguments["Payload"], self._now())
        self.invocations.append(task.invocation)

    def _start_child(self, task: Task, arguments: dict[str, Any]) -> None:
        try:
            given = json.loads(json.dumps(arguments["Input"]))
            task.child = self.start(arguments["StateMachineArn"], arguments["Name"], given, task)
        except AlreadyExists as error:
            self._failed(task, "StepFunctions.ExecutionAlreadyExistsException", str(error))
            return
        if not task.child.running:
            self._child_ended(task, task.child)

    def _choice(self, task: Task, state: dict[str, Any]) -> None:
        for rule in state["Choices"]:
            met = self._evaluate(task, rule["Condition"])
            if not isinstance(met, bool):
                raise QueryFailed(f"{rule['Condition']} is {met!r}, not a boolean")
            if met:
                self._pass_on(task, rule, rule["Next"])
                return
        if "Default" not in state:
            self._end(task.execution, "FAILED", error="States.NoChoiceMatched", cause=task.state)
            return
        self._pass_on(task, state, state["Default"])

    def _pass(self, task: Task, state: dict[str, Any]) -> None:
        self._leave(task, task.input)

    def _wait(self, task: Task, state: dict[str, Any]) -> None:
        self._timer(task.execution, "wait", self._evaluate(task, state["Seconds"]), task)

    def _succeed(self, task: Task, state: dict[str, Any]) -> None:
        output = self._evaluate(task, state["Output"]) if "Output" in state else task.input
        self._end(task.execution, "SUCCEEDED", output=output)

    def _fail(self, task: Task, state: dict[str, Any]) -> None:
        error, cause = (self._evaluate(task, state.get(key, "")) for key in ("Error", "Cause"))
        self._end(task.execution, "FAILED", error=error, cause=cause)

    def _succeeded(self, task: Task, result: Any) -> None:
        self._drop(task)
        try:
            self._leave(task, result, result=result)
        except QueryFailed as error:
            self._failed(task, "States.QueryEvaluationError", str(error))

    def _leave(self, task: Task, default: Any, **more: Any) -> None:
        """End a state well: its variables, its output, the next one."""
        state = self._state(task)
        assigned = self._evaluate(task, state.get("Assign", {}), **more)
        output = self._evaluate(task, state["Output"], **more) if "Output" in state else default
        assert len(json.dumps(output)) <= LARGEST_OUTPUT, f"{task.state} passes on too much"
        task.execution.variables.update(assigned)
        self._drop(task)
        if state.get("End"):
            self._end(task.execution, "SUCCEEDED", output=output)
        else:
            self._enter(task.execution, state["Next"], output)

    def _pass_on(self, task: Task, rule: dict[str, Any], following: str, **more: Any) -> None:
        assigned = self._evaluate(task, rule.get("Assign", {}), **more)
        output = self._evaluate(task, rule["Output"], **more) if "Output" in rule else task.input
        task.execution.variables.update(assigned)
        self._drop(task)
        self._enter(task.execution, following, output)

    # --- errors ------------------------------------------------------------------------------------------

    def _failed(self, task: Task, error: str, cause: str) -> None:
        self._drop(task)
        state = self._state(task)
        for number, retry in enumerate(state.get("Retry", [])):
            if _matches(retry["ErrorEquals"], error):
                tried = task.tries.get(number, 0)
                if tried < retry["MaxAttempts"]:
                    task.tries[number] = tried + 1
                    delay = retry["IntervalSeconds"] * retry["BackoffRate"] ** tried
                    self._timer(task.execution, "retry", min(delay, retry["MaxDelaySeconds"]), task)
                    return
                break
        output = {"Error": error, "Cause": cause}
        for catch in state.get("Catch", []):
            if _matches(catch["ErrorEquals"], error):
                try:
                    self._pass_on(task, {"Output": output, **catch}, catch["Next"], errorOutput=output)
                except QueryFailed as failure:
                    self._end(
                        task.execution, "FAILED", error="States.QueryEvaluationError", cause=str(failure)
                    )
                return
        self._end(task.execution, "FAILED", error=error, cause=cause)

    # --- beginnings and ends -----------------------------------------------------------------------------

    def _end(self, execution: Execution, status: str, **more: Any) -> None:
        task, execution.task = execution.task, None
        execution.status, execution.stopped_at = status, self._now()
        execution.output, execution.error = more.get("output"), more.get("error")
        execution.cause = more.get("cause")
        execution.timers.clear()
        if task is not None:
            self._drop(task)
        self._ended(execution)
        parent = execution.parent
        if parent is not None and parent.child is execution and parent.execution.task is parent:
            self._child_ended(parent, execution)

    def _child_ended(self, task: Task, child: Execution) -> None:
        """What a parent is told of its child: its own error name is not among it."""
        shape = {"ExecutionArn": child.arn, "Name": child.name, "Status": child.status, "Input": child.input}
        if child.status == "SUCCEEDED":
            self._succeeded(task, {**shape, "Output": child.output})
            return
        told = {**shape, "Input": json.dumps(child.input), "Error": child.error, "Cause": child.cause}
        self._failed(task, "States.TaskFailed", json.dumps(told, separators=(",", ":")))

    def _drop(self, task: Task) -> None:
        """Nobody waits for a task any more; a function that has begun runs on."""
        task.execution.timers = [timer for timer in task.execution.timers if timer.task is not task]
        self._tokens.pop(task.token or "", None)
        task.token = task.invocation = None
        child, task.child = task.child, None
        if child is not None and child.running:
            self._end(child, "ABORTED", error="States.TaskAborted", cause="The task of its parent was ended.")

    def _timer(self, execution: Execution, kind: str, seconds: float, task: Task | None = None) -> None:
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds < 0:
            raise QueryFailed(f"{seconds!r} is no number of seconds")
        at = self._now() + timedelta(seconds=seconds)
        execution.timers.append(Timer(execution, kind, at, task))

    @staticmethod
    def _state(task: Task) -> dict[str, Any]:
        found: dict[str, Any] = task.execution.definition["States"][task.state]
        return found

    @staticmethod
    def _evaluate(task: Task, written: Any, **more: Any) -> Any:
        execution = task.execution
        context = {
            "Execution": {
                "Id": execution.arn,
                "Name": execution.name,
                "Input": execution.input,
                "StartTime": time_text(execution.started_at),
            },
            "State": {"Name": task.state, "EnteredTime": time_text(task.entered_at)},
            "StateMachine": {"Name": f"tidegate-{execution.machine}"},
        }
        if task.token is not None:
            context["Task"] = {"Token": task.token}
        states = {"input": task.input, "context": context, **more}
        return evaluate(written, {**execution.variables, "states": states})


def _matches(names: list[str], error: str) -> bool:
    """Whether a Retry or Catch takes an error: names are compared letter by letter."""
    if error in names or "States.ALL" in names:
        return True
    return "States.TaskFailed" in names and error != "States.Timeout"


_ENTER = {
    "Task": MachineRuns._task,
    "Choice": MachineRuns._choice,
    "Pass": MachineRuns._pass,
    "Wait": MachineRuns._wait,
    "Succeed": MachineRuns._succeed,
    "Fail": MachineRuns._fail,
}
