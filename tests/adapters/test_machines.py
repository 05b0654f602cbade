"""What `ports.Machines` promises."""

import json
from datetime import UTC, datetime

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import EXECUTIONS, NOON
from tests.support.fakes import FakeMachines
from tidegate.aws.clients import Clients
from tidegate.aws.machines import StepFunctionsMachines
from tidegate.ports import Machines

PREFIX = "arn:aws:states:us-east-1:123456789012:stateMachine:tidegate-"
ARN = f"{EXECUTIONS}:tidegate-deploy:one"


@pytest.fixture
def machines(kind: str, request: pytest.FixtureRequest) -> Machines:
    """The machine `deploy` of the stack; its executions run until they are stopped."""
    if kind == "fake":
        return FakeMachines()
    clients: Clients = request.getfixturevalue("clients")
    clients.home("stepfunctions").create_state_machine(
        name="tidegate-deploy",
        definition=json.dumps(
            {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 60, "End": True}}}
        ),
        roleArn="arn:aws:iam::123456789012:role/machine",
    )
    return StepFunctionsMachines(clients, lambda: PREFIX)


def test_an_execution_is_started_once_under_its_name(machines: Machines):
    # When it is started, and started again with the same and with another input
    started = machines.start("deploy", "one", {"release": "r1", "at": NOON})

    # Then there is one execution
    assert started == ARN
    assert machines.start("deploy", "one", {"release": "r1", "at": NOON}) == ARN
    assert machines.start("deploy", "one", {"release": "r2"}) == ARN
    assert machines.start("deploy", "two", {"release": "r2"}) == f"{EXECUTIONS}:tidegate-deploy:two"


def test_an_execution_runs_until_it_is_stopped(machines: Machines):
    # Given
    machines.start("deploy", "one", {})
    begun = machines.describe(ARN)
    assert begun is not None
    assert begun.running
    assert (begun.arn, begun.status, begun.stopped_at) == (ARN, "RUNNING", None)

    # When
    machines.stop(ARN, error="cancelled", cause="by hand")
    machines.stop(ARN, error="cancelled", cause="by hand")

    # Then
    ended = machines.describe(ARN)
    assert ended is not None
    assert not ended.running
    assert ended.status == "ABORTED"
    assert ended.stopped_at is not None


def test_an_execution_that_is_not_known_is_none_and_stops_without_a_word(machines: Machines):
    assert machines.describe(ARN) is None
    machines.stop(ARN, error="cancelled", cause="by hand")


@pytest.fixture
def states(clients: Clients) -> Scripted:
    return Scripted(clients.home("stepfunctions"))


@pytest.fixture
def adapter(clients: Clients) -> StepFunctionsMachines:
    return StepFunctionsMachines(clients, lambda: PREFIX)


def test_an_answer_reaches_the_task_that_waits(adapter: StepFunctionsMachines, states: Scripted):
    states.answer("SendTaskSuccess", {})

    assert adapter.resume("token", {"signal": "lock", "at": NOON})

    (request,) = states.requests["SendTaskSuccess"]
    assert request["taskToken"] == "token"
    assert json.loads(request["output"]) == {"signal": "lock", "at": "2026-11-23T12:00:00.000000Z"}


@pytest.mark.parametrize("code", ["InvalidToken", "TaskDoesNotExist", "TaskTimedOut"])
def test_a_task_that_waits_no_longer_is_no_failure(
    adapter: StepFunctionsMachines, states: Scripted, code: str
):
    states.refuse("SendTaskSuccess", code)

    assert not adapter.resume("token", {})


def test_a_fake_task_is_answered_once():
    machines = FakeMachines()
    machines.gone.add("late")

    assert machines.resume("token", {"signal": "lock"})
    assert not machines.resume("token", {"signal": "lock"})
    assert not machines.resume("late", {"signal": "lock"})
    assert machines.answers == {"token": {"signal": "lock"}}


def test_only_the_metadata_of_an_execution_is_asked_for(adapter: StepFunctionsMachines, states: Scripted):
    # Given an execution that has ended in a way that is not known here
    answer = {
        "executionArn": ARN,
        "stateMachineArn": f"{PREFIX}deploy",
        "status": "A_NEW_STATUS",
        "startDate": NOON,
        "stopDate": NOON,
    }
    states.answer("DescribeExecution", answer)

    # When
    execution = adapter.describe(ARN)

    # Then
    assert states.requests["DescribeExecution"] == [{"executionArn": ARN, "includedData": "METADATA_ONLY"}]
    assert execution is not None
    assert (execution.status, execution.running) == ("A_NEW_STATUS", False)
    assert execution.stopped_at == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_reasons_are_cut_to_what_step_functions_takes(adapter: StepFunctionsMachines, states: Scripted):
    states.answer("StopExecution", {"stopDate": NOON})

    adapter.stop(ARN, error="e" * 300, cause="c" * 40_000)

    (request,) = states.requests["StopExecution"]
    assert (len(request["error"]), len(request["cause"])) == (256, 32_768)
