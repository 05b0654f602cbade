"""Finding a stack by its name, and AWS's answers: in moto, and scripted where moto has none."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from cli.executions import Ending, StepFunctionsExecutions, read_ending
from cli.exits import Exit, Stop
from cli.stack import LambdaFunctions, connect
from tests.adapters.scripted import Scripted
from tidegate.aws.clients import Clients
from tidegate.domain.service import Target
from tidegate.errors import Terminal, Transient

ACCOUNT, REGION = "123456789012", "eu-west-1"
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        "AttributeDefinitions": [
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    },
}
TEMPLATE = {
    "Resources": dict.fromkeys(("CatalogueTable", "LedgerTable", "LocksTable", "WaitsTable"), TABLE),
    "Outputs": {"WebAddress": {"Value": "https://pages.example"}},
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An account with a stack of Tidegate's tables."""
    monkeypatch.setenv("AWS_REGION", REGION)
    with mock_aws():
        client: Any = botocore.session.get_session().create_client("cloudformation", region_name=REGION)
        client.create_stack(StackName="gate", TemplateBody=json.dumps(TEMPLATE))
        yield client
        # Where another mock of AWS is open in this process, the end of this one forgets nothing.
        client.delete_stack(StackName="gate")


@pytest.fixture
def clients() -> Clients:
    return Clients(Target(ACCOUNT, REGION))


def test_the_name_of_the_stack_is_all_one_has_to_know(account: Any):
    # When
    tidegate = connect("gate")

    # Then
    assert tidegate.ports.catalogue.names() == ()
    assert tidegate.ports.releases.newest("checkout") == ()
    assert tidegate.ports.locks.holder("checkout", "prod") is None
    assert tidegate.ports.web_address == "https://pages.example"
    assert (tidegate.ports.home, tidegate.ports.stack) == (Target(ACCOUNT, REGION), "gate")


def test_the_tokens_of_waiting_machines_are_out_of_reach(account: Any):
    with pytest.raises(Terminal, match="WAITS_TABLE"):
        connect("gate").ports.waits.of_release("checkout-20260101T000000Z-ffffff")


def test_who_calls_is_asked_of_aws(account: Any):
    assert connect("gate").caller() == "moto"


def test_a_stack_that_is_not_there_is_said_with_its_region(account: Any):
    with pytest.raises(Stop, match="stack: there is no stack other in eu-west-1") as caught:
        connect("other")
    assert caught.value.code is Exit.NOT_FOUND


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("AWS_PROFILE", "nobody", "AWS settings: The config profile (nobody) could not be found"),
        ("AWS_ENDPOINT_URL", "here", "AWS settings: Invalid endpoint: here"),
        ("AWS_REGION", "no region", "AWS settings: Provided region_name 'no region' doesn't match"),
    ],
)
def test_a_wrong_setting_of_aws_is_said(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
):
    # Given
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv(name, value)

    # When
    with pytest.raises(Stop) as caught:
        connect("gate")

    # Then
    assert str(caught.value).startswith(sentence)
    assert caught.value.code is Exit.USAGE


def test_a_missing_region_is_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with pytest.raises(Stop, match="AWS_REGION: no region is set"):
        connect("gate")


def test_nobody_at_the_endpoint_is_worth_another_try(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(Transient, match="EndpointConnectionError"):
        connect("gate")


# --- executions ---------------------------------------------------------------------------------------------

EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:gate-operate:x"
DESCRIBED = {
    "executionArn": EXECUTION,
    "stateMachineArn": EXECUTION.replace("execution", "stateMachine"),
    "startDate": 0,
}


@pytest.mark.parametrize(
    ("described", "ending"),
    [
        (
            {"status": "SUCCEEDED", "output": '{"outcome": "cancelled", "reason": "r", "release": "x"}'},
            Ending("cancelled", "r", "x"),
        ),
        (
            {"status": "FAILED", "cause": '{"outcome": "rolled_back", "reason": "r"}'},
            Ending("rolled_back", "r"),
        ),
        ({"status": "FAILED", "cause": "It broke.", "error": "E"}, Ending("failed", "It broke.")),
        ({"status": "FAILED", "error": "E"}, Ending("failed", "E")),
        ({"status": "ABORTED"}, Ending("failed", "The execution is ABORTED.")),
        ({"status": "SUCCEEDED", "output": "[]"}, Ending("failed", "The execution is SUCCEEDED.")),
    ],
)
def test_how_an_execution_ended_is_in_its_output_or_its_cause(described, ending: Ending):
    assert read_ending(described) == ending


def test_a_running_execution_has_no_ending(clients: Clients):
    states = Scripted(clients.home("stepfunctions"))
    states.answer("DescribeExecution", {**DESCRIBED, "status": "RUNNING"})
    assert StepFunctionsExecutions(clients).ending(EXECUTION) is None


def test_the_states_of_all_pages_are_told_in_order(clients: Clients):
    # Given
    def page(*names: str, **more: str) -> dict[str, Any]:
        events = [
            {"timestamp": 0, "type": "TaskStateEntered", "id": at, "stateEnteredEventDetails": {"name": name}}
            for at, name in enumerate(names)
        ]
        return {"events": [*events, {"timestamp": 0, "type": "ExecutionStarted", "id": 9}], **more}

    states = Scripted(clients.home("stepfunctions"))
    states.answer("GetExecutionHistory", page("Plan", "Scan", nextToken="more"), page("Deploy"))

    # When
    names = StepFunctionsExecutions(clients).entered(EXECUTION)

    # Then
    assert list(names) == ["Plan", "Scan", "Deploy"]
    assert states.requests["GetExecutionHistory"][0]["includeExecutionData"] is False


def test_an_execution_that_aws_has_forgotten_has_entered_nothing(clients: Clients):
    Scripted(clients.home("stepfunctions")).refuse("GetExecutionHistory", "ExecutionDoesNotExist")
    assert list(StepFunctionsExecutions(clients).entered(EXECUTION)) == []


@pytest.mark.parametrize(
    ("code", "kind"), [("AccessDeniedException", Terminal), ("ThrottlingException", Transient)]
)
def test_what_aws_refuses_is_passed_on(clients: Clients, code: str, kind: type[Exception]):
    states = Scripted(clients.home("stepfunctions"))
    states.refuse("DescribeExecution", code).refuse("GetExecutionHistory", code)
    with pytest.raises(kind):
        StepFunctionsExecutions(clients).ending(EXECUTION)
    with pytest.raises(kind):
        StepFunctionsExecutions(clients).entered(EXECUTION)


# --- functions ----------------------------------------------------------------------------------------------


class _Lambda:
    """A client of AWS Lambda that answers one call."""

    def __init__(self, payload: bytes, **more: str) -> None:
        self.answer = {"StatusCode": 200, "Payload": io.BytesIO(payload), **more}
        self.asked: dict[str, Any] = {}

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        return self.answer


class _OneClient:
    def __init__(self, client: Any) -> None:
        self._client = client

    def home(self, _: str) -> Any:
        return self._client


def test_a_function_is_called_by_its_name_in_the_stack():
    client = _Lambda(b'{"url": "u"}')
    assert LambdaFunctions(_OneClient(client), "gate").invoke("open_session", {"by": "ana"}) == {"url": "u"}
    assert client.asked == {"FunctionName": "gate-open_session", "Payload": b'{"by": "ana"}'}


@pytest.mark.parametrize(
    ("payload", "more", "sentence"),
    [
        (b'{"errorMessage": "No table."}', {"FunctionError": "Unhandled"}, "gate-f failed: No table."),
        (b"[]", {"FunctionError": "Unhandled"}, "gate-f failed: it gave no reason"),
        (b"", {}, "gate-f failed: it gave no reason"),
    ],
)
def test_a_function_that_fails_is_said(payload: bytes, more: dict[str, str], sentence: str):
    with pytest.raises(Terminal, match=sentence):
        LambdaFunctions(_OneClient(_Lambda(payload, **more)), "gate").invoke("f", {})


def test_a_function_that_is_not_there_is_none(clients: Clients):
    Scripted(clients.home("lambda")).refuse("Invoke", "ResourceNotFoundException", status=404)
    assert LambdaFunctions(clients, "gate").invoke("f", {}) is None


def test_a_call_that_is_forbidden_is_said(clients: Clients):
    Scripted(clients.home("lambda")).refuse("Invoke", "AccessDeniedException", status=403)
    with pytest.raises(Terminal, match="AccessDeniedException"):
        LambdaFunctions(clients, "gate").invoke("f", {})
