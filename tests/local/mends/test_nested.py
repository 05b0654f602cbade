"""State machines that start state machines."""

from __future__ import annotations

import json

import pytest

from tests.local.mends.machines import START, Machines, passing, task

SYNC = f"{START}.sync:2"


def _child(machines: Machines) -> str:
    return machines.make(
        {
            "Ask": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $exists($states.input.fail) %}", "Next": "Fail"},
                    {"Condition": "{% $exists($states.input.wait) %}", "Next": "Wait"},
                ],
                "Default": "Done",
            },
            "Wait": {"Type": "Wait", "Seconds": "{% $states.input.wait %}", "Next": "Done"},
            "Fail": {"Type": "Fail", "Error": "Broken", "Cause": "{% $states.input.fail %}"},
            "Done": {"Type": "Succeed", "Output": {"got": "{% $states.input %}"}},
        }
    )


def test_sync_2_gives_input_and_output_of_the_child_as_json(machines: Machines):
    # Given a parent that gives its child a name
    child = _child(machines)
    call = task(
        SYNC, {"StateMachineArn": child, "Name": "first", "Input": {"a": [1]}}, Output="{% $states.result %}"
    )

    # When it runs
    result = machines.run({"Call": call}).output

    # Then the child had that name, and what it got and gave is not text
    assert result["ExecutionArn"] == child.replace(":stateMachine:", ":execution:") + ":first"
    assert (result["Name"], result["Status"]) == ("first", "SUCCEEDED")
    assert result["Input"] == {"a": [1]}
    assert result["Output"] == {"got": {"a": [1]}}
    assert isinstance(result["StartDate"], int)


def test_sync_gives_them_as_text(machines: Machines):
    call = task(f"{START}.sync", {"StateMachineArn": _child(machines), "Input": {"a": 1}})

    result = machines.run({"Call": call}).output

    assert json.loads(result["Output"]) == {"got": {"a": 1}}


def test_a_start_that_does_not_wait_returns_at_once(machines: Machines):
    call = task(START, {"StateMachineArn": _child(machines), "Input": {"wait": 60}})

    result = machines.run({"Call": call}).output

    assert set(result) == {"ExecutionArn", "StartDate"}
    assert machines.api.describe_execution(executionArn=result["ExecutionArn"])["status"] == "RUNNING"
    machines.api.stop_execution(executionArn=result["ExecutionArn"])


def test_the_failure_of_a_child_is_states_task_failed_with_everything_in_its_cause(machines: Machines):
    child = _child(machines)
    states = {
        "Call": task(
            SYNC,
            {"StateMachineArn": child, "Input": {"fail": "no luck"}},
            Catch=[{"ErrorEquals": ["Broken"], "Next": "Wrong"}, _catching("States.TaskFailed")],
        ),
        "Wrong": {"Type": "Fail"},
        "Say": passing("{% $states.input %}"),
    }

    caught = machines.run(states).output

    assert caught["Error"] == "States.TaskFailed"
    cause = json.loads(caught["Cause"])
    assert (cause["Status"], cause["Error"], cause["Cause"]) == ("FAILED", "Broken", "no luck")


def _catching(error: str) -> dict[str, object]:
    return {"ErrorEquals": [error], "Output": "{% $states.errorOutput %}", "Next": "Say"}


def test_a_failing_child_in_a_map_or_a_branch_is_still_states_task_failed(machines: Machines):
    child = _child(machines)
    inner = {
        "StartAt": "Call",
        "States": {"Call": task(SYNC, {"StateMachineArn": child, "Input": {"fail": "no"}})},
    }
    for state in (
        {"Type": "Map", "Items": [1, 2], "ItemProcessor": inner},
        {"Type": "Parallel", "Branches": [inner, inner]},
    ):
        states = {
            "All": {**state, "Catch": [_catching("States.TaskFailed")], "End": True},
            "Say": passing("{% $states.input.Error %}"),
        }

        assert machines.run(states).output == "States.TaskFailed"


def test_the_same_name_with_another_input_is_refused(machines: Machines):
    child = _child(machines)
    running = machines.start(child, {"wait": 60}, name="taken")
    call = task(SYNC, {"StateMachineArn": child, "Name": "taken", "Input": {"wait": 61}})

    done = machines.run({"Call": call})

    assert done.error == "StepFunctions.ExecutionAlreadyExistsException"
    machines.api.stop_execution(executionArn=running)


def test_stopping_a_parent_stops_its_child(machines: Machines):
    """https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-sync."""
    # Given a parent, its child and its grandchild, all waiting
    grandchild = _child(machines)
    child = machines.make(
        {"Call": task(SYNC, {"StateMachineArn": grandchild, "Name": "leaf", "Input": {"wait": 60}})}
    )
    parent = machines.make({"Call": task(SYNC, {"StateMachineArn": child, "Name": "middle"})})
    execution = machines.start(parent)
    machines.wait_for(execution, "TaskSubmitted")
    leaf = grandchild.replace(":stateMachine:", ":execution:") + ":leaf"
    machines.wait_for(child.replace(":stateMachine:", ":execution:") + ":middle", "TaskSubmitted")

    # When the parent is stopped
    machines.api.stop_execution(executionArn=execution, error="Operator", cause="enough")

    # Then all three are aborted
    stopped = machines.wait(execution)
    assert (stopped.status, stopped.error, stopped.cause) == ("ABORTED", "Operator", "enough")
    assert machines.wait(leaf, seconds=5).status == "ABORTED"


def test_a_task_that_times_out_stops_its_child(machines: Machines):
    child = _child(machines)
    call = task(
        SYNC, {"StateMachineArn": child, "Name": "slow", "Input": {"wait": 60}}, TimeoutSeconds="{% 1 %}"
    )

    done = machines.run({"Call": call})

    assert (done.status, done.error) == ("FAILED", "States.Timeout")
    assert (
        machines.wait(child.replace(":stateMachine:", ":execution:") + ":slow", seconds=5).status == "ABORTED"
    )


def test_a_failing_branch_stops_the_child_of_its_sibling(machines: Machines):
    child = _child(machines)
    slow = {
        "StartAt": "Call",
        "States": {"Call": task(SYNC, {"StateMachineArn": child, "Name": "sibling", "Input": {"wait": 60}})},
    }
    bad = {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": 1, "Next": "Bad"},
            "Bad": {"Type": "Fail", "Error": "Bad"},
        },
    }

    done = machines.run({"Both": {"Type": "Parallel", "Branches": [slow, bad], "End": True}})

    assert done.error == "Bad"
    sibling = machines.wait(child.replace(":stateMachine:", ":execution:") + ":sibling", seconds=5)
    assert sibling.status == "ABORTED"


@pytest.mark.parametrize("kind", ["Map", "Parallel"])
def test_stopping_an_execution_stops_what_runs_in_its_iterations_and_branches(machines: Machines, kind: str):
    # Given an execution that waits for a child in a map or in a branch
    child = _child(machines)
    call = task(SYNC, {"StateMachineArn": child, "Name": "inner", "Input": {"wait": 60}})
    inner = {"StartAt": "Call", "States": {"Call": call}}
    parts = {"Items": [1], "ItemProcessor": inner} if kind == "Map" else {"Branches": [inner]}
    execution = machines.start(machines.make({"All": {"Type": kind, **parts, "End": True}}))
    machines.wait_for(execution, "TaskSubmitted")

    # When it is stopped
    machines.api.stop_execution(executionArn=execution)

    # Then it has ended at once, and its child with it, and nothing is written after its end
    stopped = machines.wait(execution, seconds=2)
    assert stopped.status == "ABORTED"
    inner_arn = child.replace(":stateMachine:", ":execution:") + ":inner"
    assert machines.wait(inner_arn, seconds=5).status == "ABORTED"
    assert machines.types(execution)[-1] == "ExecutionAborted"
