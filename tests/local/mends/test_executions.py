"""The life of executions: names, limits, ends, stops, histories, and who is told."""

from __future__ import annotations

import json
import time
import uuid
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.mends import history
from local.mends.language import HistoryEventType
from tests.local.mends.machines import Machines, passing
from tests.local.mends.server import Server

WAITING = {"Wait": {"Type": "Wait", "Seconds": 60, "Next": "Done"}, "Done": {"Type": "Succeed"}}


def _code(call, **arguments) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return str(refused.value.response["Error"]["Code"])


def test_an_execution_without_a_name_gets_a_uuid(machines: Machines):
    done = machines.run({"Done": {"Type": "Succeed"}})

    assert str(uuid.UUID(done.described["name"])) == done.described["name"]
    assert done.arn.endswith(f":{done.described['name']}")


def test_starting_again_under_the_same_name(machines: Machines):
    """https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html."""
    # Given an execution that runs
    machine = machines.make(WAITING)
    first = machines.start(machine, {"a": 1}, name="mine")

    # When it is started again: with the same input while it runs, with another, and when it has ended
    again = machines.start(machine, {"a": 1}, name="mine")
    other = _code(machines.api.start_execution, stateMachineArn=machine, name="mine", input='{"a": 2}')
    machines.api.stop_execution(executionArn=first)
    ended = _code(machines.api.start_execution, stateMachineArn=machine, name="mine", input='{"a": 1}')

    # Then only the first is the same execution
    assert again == first
    assert (other, ended) == ("ExecutionAlreadyExists", "ExecutionAlreadyExists")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"name": "not a name"}, "InvalidName"),
        ({"name": "x" * 81}, "ValidationException"),
        ({"input": "{"}, "InvalidExecutionInput"),
        ({"input": json.dumps("x" * 256 * 1024)}, "ValidationException"),
    ],
)
def test_a_start_that_cannot_be(machines: Machines, arguments: dict[str, str], code: str):
    machine = machines.make({"Done": {"Type": "Succeed"}})
    api = machines.server.client("stepfunctions", parameter_validation=False)

    assert _code(api.start_execution, stateMachineArn=machine, **arguments) == code


def test_an_input_of_exactly_256_kib_is_taken(machines: Machines):
    machine = machines.make({"Done": passing("{% $length($states.input) %}")})

    done = machines.wait(machines.start(machine, "x" * (256 * 1024 - 2)))

    assert done.output == 256 * 1024 - 2


def test_a_machine_that_runs_too_long_is_timed_out(machines: Machines):
    done = machines.run(WAITING, TimeoutSeconds=1)

    assert done.status == "TIMED_OUT"
    assert (done.error, done.cause) == (None, None)
    assert 0.9 < done.seconds < 3
    last = done.events[-1]
    assert (last["type"], last["previousEventId"]) == ("ExecutionTimedOut", 0)
    assert last["executionTimedOutEventDetails"]["error"] == "States.Timeout"


def test_an_output_that_is_text_or_null_is_json_all_the_same(machines: Machines):
    assert machines.run({"Done": passing("text")}).described["output"] == '"text"'
    assert machines.run({"Done": passing(None)}).described["output"] == "null"


def test_stopping_says_who_and_why_and_happens_once(machines: Machines):
    execution = machines.start(machines.make(WAITING))

    first = machines.api.stop_execution(executionArn=execution, error="Operator", cause="wrong image")
    second = machines.api.stop_execution(executionArn=execution, error="Other", cause="too late")

    described = machines.api.describe_execution(executionArn=execution)
    assert described["status"] == "ABORTED"
    assert (described["error"], described["cause"]) == ("Operator", "wrong image")
    assert first["stopDate"] == second["stopDate"] == described["stopDate"]


def test_an_execution_in_the_middle_of_a_retry_stops_at_once(machines: Machines):
    states = {
        "Call": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "nobody"},
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60}],
            "End": True,
        }
    }
    execution = machines.start(machines.make(states))
    machines.wait_for(execution, "TaskFailed")

    machines.api.stop_execution(executionArn=execution)

    assert machines.wait(execution, seconds=2).status == "ABORTED"


def test_executions_are_listed_newest_first_by_status_and_in_pages(machines: Machines):
    # Given three executions, one of which has ended
    machine = machines.make(WAITING)
    arns = [machines.start(machine, name=f"n{number}") for number in range(3)]
    machines.api.stop_execution(executionArn=arns[1])

    # When they are listed
    def names(**more) -> list[str]:
        pages = machines.api.get_paginator("list_executions").paginate(stateMachineArn=machine, **more)
        return [one["name"] for page in pages for one in page["executions"]]

    # Then the newest comes first
    assert names() == ["n2", "n1", "n0"]
    assert names(statusFilter="RUNNING") == ["n2", "n0"]
    assert names(PaginationConfig={"PageSize": 1}) == ["n2", "n1", "n0"]
    for arn in arns:
        machines.api.stop_execution(executionArn=arn)


def test_a_history_comes_in_pages_and_in_either_order(machines: Machines):
    done = machines.run({"One": {"Type": "Pass", "Next": "Two"}, "Two": passing(1)})
    get = machines.api.get_execution_history

    newest = get(executionArn=done.arn, reverseOrder=True, maxResults=1)
    pages = machines.api.get_paginator("get_execution_history").paginate(
        executionArn=done.arn, PaginationConfig={"PageSize": 2}
    )
    numbers = [event["id"] for page in pages for event in page["events"]]

    assert newest["events"][0]["type"] == "ExecutionSucceeded"
    assert numbers == list(range(1, len(done.events) + 1))
    without = get(executionArn=done.arn, includeExecutionData=False)["events"][0]
    assert "input" not in without["executionStartedEventDetails"]


def test_an_execution_keeps_the_definition_it_was_started_with(machines: Machines):
    machine = machines.make(WAITING)
    execution = machines.start(machine)
    new = json.dumps({"StartAt": "New", "States": {"New": {"Type": "Succeed"}}})

    machines.api.update_state_machine(stateMachineArn=machine, definition=new)

    kept = machines.api.describe_state_machine_for_execution(executionArn=execution)["definition"]
    assert "Wait" in json.loads(kept)["States"]
    assert machines.run(machine).types[1] == "SucceedStateEntered"
    machines.api.stop_execution(executionArn=execution)


@pytest.mark.parametrize(
    ("states", "top", "status"),
    [
        ({"Done": {"Type": "Succeed"}}, {}, "SUCCEEDED"),
        ({"Bad": {"Type": "Fail", "Error": "E", "Cause": "C"}}, {}, "FAILED"),
        (WAITING, {"TimeoutSeconds": 1}, "TIMED_OUT"),
        (WAITING, {}, "ABORTED"),
    ],
)
def test_every_change_of_status_is_told_as_the_documented_event(
    machines: Machines, server: Server, states: dict[str, Any], top: dict[str, Any], status: str
):
    """https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html."""
    # Given an execution
    machine = machines.make(states, **top)
    execution = machines.start(machine, {"a": 1})

    # When it ends
    if status == "ABORTED":
        machines.api.stop_execution(executionArn=execution, error="E", cause="C")
    machines.wait(execution)
    until = time.monotonic() + 2
    while len(server.status_changes(execution)) < 2 and time.monotonic() < until:
        time.sleep(0.01)

    # Then its start and its end have been told
    started, ended = server.status_changes(execution)
    assert (started["status"], started["stopDate"], started["output"]) == ("RUNNING", None, None)
    assert started["input"] == '{"a": 1}'
    assert (ended["status"], ended["stateMachineArn"]) == (status, machine)
    assert ended["stopDate"] >= ended["startDate"] > 1_700_000_000_000
    assert ended["output"] == ('{"a":1}' if status == "SUCCEEDED" else None)
    assert ended["error"] == ("E" if status in {"FAILED", "ABORTED"} else None)
    assert ended["inputDetails"] == {"included": True}


def test_two_hundred_executions_run_at_once(machines: Machines):
    machine = machines.make({"Wait": {"Type": "Wait", "Seconds": 2, "Next": "Done"}, "Done": passing(1)})
    began = time.monotonic()

    for number in range(200):
        machines.start(machine, name=f"w{number}")
    done = machines.wait_for_all(machine)

    assert [one["status"] for one in done] == ["SUCCEEDED"] * 200
    assert time.monotonic() - began < 40
    assert max((one["stopDate"] - one["startDate"]).total_seconds() for one in done) < 15


def test_the_history_ends_the_execution_at_its_limit():
    """https://docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html."""
    # Given a history with one place left
    manager = SimpleNamespace(_history_event_list=[None] * (history.MOST_EVENTS - 1))
    context = SimpleNamespace(source_event_id=1, last_published_event_id=1)
    written = []

    def write(_self, _context, kind, *_args, **_kwargs):
        written.append(kind)

    # When a state is about to be entered
    with pytest.raises(history.HistoryFull) as full:
        history.add_event(write, manager, context, HistoryEventType.PassStateEntered)

    # Then the execution fails in AWS's words, and that is the last event
    assert full.value.get_execution_failed_event_details() == {
        "error": "States.Runtime",
        "cause": "The execution reached the maximum number of history events (25000).",
    }
    history.add_event(write, manager, context, HistoryEventType.ExecutionFailed)
    history.add_event(write, manager, context, HistoryEventType.TaskSucceeded)
    assert written == [HistoryEventType.ExecutionFailed]
