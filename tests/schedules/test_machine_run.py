"""The interpreter of the schedules: the language's rules, and the order of states in plain runs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.schedules import jsonata_values
from tests.schedules.definitions import earlier, today
from tests.schedules.ending import settle
from tests.schedules.jsonata_values import NOT_FOUND, NotUnderstood, by_library, evaluate, look_up
from tests.schedules.language import LAMBDA
from tests.schedules.machine_run import AlreadyExists, Execution, MachineRuns
from tests.schedules.model import violations
from tests.schedules.world import World
from tests.support.fakes import FakeClock

RETRY = [
    {
        "ErrorEquals": ["Transient"],
        "IntervalSeconds": 1,
        "MaxAttempts": 2,
        "BackoffRate": 2.0,
        "MaxDelaySeconds": 20,
        "JitterStrategy": "FULL",
    }
]


def machine(states: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A machine whose first state is the first one written."""
    return {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **more}


def task(resource: str = LAMBDA, **more: Any) -> dict[str, Any]:
    arguments = {"FunctionName": "step", "Payload": {"given": "{% $states.input %}"}}
    return {"Type": "Task", "Resource": resource, "Arguments": arguments, **more}


class Stage:
    """Executions of one machine, and the clock."""

    def __init__(self, definition: dict[str, Any], **others: dict[str, Any]) -> None:
        self.clock = FakeClock(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
        self.ended: list[Execution] = []
        self.runs = MachineRuns({"one": definition, **others}, lambda: self.clock.at, self.ended.append)

    def start(self, given: Any = None) -> Execution:
        return self.runs.start("one", "name", given)

    def later(self, seconds: float) -> None:
        """Let time pass, and every timer go off that is due by then."""
        self.clock.advance(seconds)
        for timer in self.runs.due():
            self.runs.fire(timer)


def test_a_task_passes_on_what_its_function_returned():
    # Given
    stage = Stage(machine({"Do": task(Output="{% $states.result.Payload %}", End=True)}))
    execution = stage.start({"n": 1})
    (invocation,) = stage.runs.invocations

    # When
    stage.runs.answered(invocation, {"n": 2})

    # Then
    assert (invocation.function, invocation.payload) == ("step", {"given": {"n": 1}})
    assert (execution.status, execution.output) == ("SUCCEEDED", {"n": 2})
    assert stage.ended == [execution]


def test_an_error_is_retried_as_often_as_is_written_and_then_caught():
    # Given
    caught = {
        "ErrorEquals": ["States.ALL"],
        "Assign": {"why": "{% $states.errorOutput.Cause %}"},
        "Next": "So",
    }
    states = {
        "Do": task(Retry=RETRY, Catch=[caught], End=True),
        "So": {"Type": "Succeed", "Output": "{% $why %}"},
    }
    stage = Stage(machine(states))
    execution = stage.start()

    # When
    for seconds in (1, 2, 0):
        (invocation,) = stage.runs.invocations
        stage.runs.broke(invocation, "Transient", "Busy.")
        stage.later(seconds)

    # Then
    assert (execution.status, execution.output) == ("SUCCEEDED", "Busy.")


@pytest.mark.parametrize("error", ["Terminal", "Transient2"])
def test_error_names_are_compared_letter_by_letter(error: str):
    # Given
    stage = Stage(machine({"Do": task(Retry=RETRY, End=True)}))
    execution = stage.start()

    # When
    stage.runs.broke(stage.runs.invocations[0], error, "No.")

    # Then
    assert (execution.status, execution.error) == ("FAILED", error)


def test_a_callback_waits_for_its_token_and_a_second_answer_reaches_nobody():
    # Given
    written = {"FunctionName": "step", "Payload": {"token": "{% $states.context.Task.Token %}"}}
    waiting = task(f"{LAMBDA}.waitForTaskToken", Output="{% $states.result %}", End=True) | {
        "Arguments": written
    }
    stage = Stage(machine({"Wait": waiting}))
    execution = stage.start()
    (invocation,) = stage.runs.invocations

    # When its function is through
    stage.runs.answered(invocation, {"ignored": True})

    # Then
    assert execution.running
    token = invocation.payload["token"]
    assert stage.runs.succeed(token, {"signal": "done"})
    assert not stage.runs.succeed(token, {"signal": "again"})
    assert execution.output == {"signal": "done"}


def test_a_task_that_takes_too_long_ends_with_a_timeout_and_a_late_answer_is_ignored():
    # Given
    late = {"ErrorEquals": ["States.Timeout"], "Output": "late", "Next": "So"}
    states = {"Do": task(TimeoutSeconds=60, Catch=[late], End=True), "So": {"Type": "Succeed"}}
    stage = Stage(machine(states))
    execution = stage.start()
    (invocation,) = stage.runs.invocations

    # When
    stage.later(60)
    stage.runs.answered(invocation, {})

    # Then
    assert (execution.status, execution.output) == ("SUCCEEDED", "late")


def nested(**more: Any) -> dict[str, Any]:
    arguments = {"StateMachineArn": "child", "Name": "name-of-child", "Input": {"n": 1}}
    started = task("arn:aws:states:::states:startExecution.sync:2", **more)
    return machine({"Run": started | {"Arguments": arguments}})


def test_a_child_gives_its_output_to_its_parent_and_is_stopped_with_it():
    # Given
    child = machine({"Do": task(Output="{% $states.result.Payload %}", End=True)})
    stage = Stage(nested(Output="{% $states.result.Output %}", End=True), child=child)
    execution = stage.start()

    # When
    stage.runs.answered(stage.runs.invocations[0], "done")

    # Then
    assert (execution.status, execution.output) == ("SUCCEEDED", "done")

    # When another parent is stopped
    other = Stage(nested(End=True), child=child)
    stopped = other.start()
    other.runs.stop(stopped.arn, "", "")

    # Then
    assert {each.status for each in other.runs.executions.values()} == {"ABORTED"}
    assert len(other.runs.invocations) == 1, "its function runs on"


def test_a_child_that_fails_says_so_without_its_own_error_name():
    # Given
    child = machine({"No": {"Type": "Fail", "Error": "rolled_back", "Cause": "It was bad."}})
    stage = Stage(nested(End=True), child=child)

    # When
    execution = stage.start()

    # Then
    assert (execution.status, execution.error) == ("FAILED", "States.TaskFailed")
    assert "It was bad." in str(execution.cause)


def test_a_name_starts_one_execution_and_is_never_used_again():
    # Given
    stage = Stage(machine({"Do": task(End=True)}))
    execution = stage.start({"n": 1})

    # Then
    assert stage.start({"n": 1}) is execution
    with pytest.raises(AlreadyExists):
        stage.start({"n": 2})
    stage.runs.answered(stage.runs.invocations[0], None)
    with pytest.raises(AlreadyExists):
        stage.start({"n": 1})


def test_an_expression_that_yields_nothing_fails_its_state():
    # Given
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.no.where %}", "Next": "So"}]}
    stage = Stage(machine({"If": choice | {"Default": "So"}, "So": {"Type": "Succeed"}}))

    # When
    execution = stage.start({})

    # Then
    assert (execution.status, execution.error) == ("FAILED", "States.QueryEvaluationError")


@pytest.mark.parametrize(
    "states",
    [
        {"All": {"Type": "Map", "ItemProcessor": {}, "End": True}},
        {"Do": task(HeartbeatSeconds=5, End=True)},
        {"Do": task("arn:aws:states:::sns:publish", End=True)},
        {"Wait": {"Type": "Wait", "Timestamp": "2026-11-23T12:00:00Z", "End": True}},
        {"Do": task(Catch=[{"ErrorEquals": ["States.ALL"], "ResultPath": "$", "Next": "Do"}], End=True)},
    ],
)
def test_what_is_not_interpreted_is_refused(states: dict[str, Any]):
    with pytest.raises(NotUnderstood):
        Stage(machine(states))


@pytest.mark.parametrize("expression", ["{% $random() %}", "{% $now() %}", "{% $uuid() %}"])
def test_an_expression_that_does_not_always_yield_the_same_is_refused(expression: str):
    with pytest.raises(NotUnderstood):
        evaluate(expression, {})


@pytest.mark.parametrize("version", ["today", *earlier()])
def test_every_machine_is_interpreted(version: str):
    definitions = today() if version == "today" else earlier()[version]
    MachineRuns(definitions, lambda: datetime.now(UTC), lambda _: None)


# --- plain runs ---------------------------------------------------------------------------------------------

ONE_ENVIRONMENT = ["Enter environment", "Entered?", "Deploy", "Deployed?", "Verify", "Verified?"]


def run_to_the_end(nature: str = "good", scan: str = "clean") -> tuple[World, Execution]:
    world = World()
    world.push("checkout", nature, scan)
    settle(world)
    assert list(violations(world)) == []
    (root,) = [each for each in world.runs.executions.values() if each.machine == "normal_deployment"]
    return world, root


def states_of(world: World, name: str) -> list[list[str]]:
    return [each.entered for each in world.runs.executions.values() if each.machine == name]


def test_a_good_image_goes_through_every_state_of_the_normal_path():
    # When
    world, root = run_to_the_end()

    # Then
    assert root.entered == [
        "Plan release", "Planned?", "Scan gate", "Scanned?",
        "Next environment?", "Approval needed?", *ONE_ENVIRONMENT, "Leave environment", "Left?",
        "Next environment?", "Approval needed?", "Approve", "Approved?", *ONE_ENVIRONMENT,
        "Leave environment", "Left?", "Next environment?", "Conclude", "Ended red?", "Ended",
    ]  # fmt: skip
    assert states_of(world, "approve") == [["Request approval", "Close approval", "Decided?", "Decided"]]
    assert len(states_of(world, "rolling")) == 2
    assert root.status == "SUCCEEDED"


def test_an_image_that_does_not_start_is_taken_back():
    # When
    world, root = run_to_the_end("crashing")

    # Then
    assert root.entered[-5:] == ["Deployed?", "Restore", "Conclude", "Ended red?", "Ended badly"]
    assert (root.status, root.error) == ("FAILED", "rolled_back")
    (restore,) = states_of(world, "restore")
    assert restore[:3] == ["Acquire lock", "Granted?", "Restore service"]


def test_an_image_with_findings_gets_nowhere():
    # When
    _, root = run_to_the_end(scan="critical")

    # Then
    assert root.entered == [
        "Plan release",
        "Planned?",
        "Scan gate",
        "Scanned?",
        "Conclude",
        "Ended red?",
        "Ended",
    ]
    assert root.output["outcome"] == "rejected"


def test_a_plain_path_is_looked_up_as_the_library_would(monkeypatch: pytest.MonkeyPatch):
    # Given every path that is looked up in a run is evaluated by the library as well
    compared = []
    look: Callable[..., Any] = look_up

    def both(name: str, path: str, names: Any) -> Any:
        found = look(name, path, names)
        if found is not NOT_FOUND:
            compared.append(f"${name}{path}")
            assert by_library(f"${name}{path}", names) == found
        return found

    monkeypatch.setattr(jsonata_values, "look_up", both)

    # When
    run_to_the_end("failing")

    # Then
    assert len(set(compared)) > 30
