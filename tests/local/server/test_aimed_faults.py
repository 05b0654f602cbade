"""Faults that hit one story of many: by the event behind a call, and by the state that it comes from."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.empty_cloud import EmptyCloud, eventually

LISTS_QUEUES = """
import boto3

def handler(event, context):
    try:
        boto3.client("sqs").list_queues()
    except Exception as error:
        return type(error).__name__
    return "fine"
"""
HANDS_ON = "def handler(event, context):\n    return event"


@pytest.fixture
def function(cloud: EmptyCloud) -> str:
    """A function that calls AWS, and says what came of it."""
    name = cloud.fresh("asking")
    cloud.function(LISTS_QUEUES, name=name, Timeout=20)
    return name


def machine(cloud: EmptyCloud, function: str, *states: str) -> str:
    """A machine whose states, one after the other, invoke a function with the machine's input."""
    name = cloud.fresh("machine")
    role = f"arn:aws:iam::123456789012:role/{name}"
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Arguments": {"FunctionName": function, "Payload": {}},
        "Output": "{% $states.result.Payload %}",
    }
    ends: list[dict[str, Any]] = [*({"Next": state} for state in states[1:]), {"End": True}]
    definition = {
        "QueryLanguage": "JSONata",
        "StartAt": states[0],
        "States": {state: {**task, **end} for state, end in zip(states, ends, strict=True)},
    }
    cloud.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=role
    )
    return name


def started(cloud: EmptyCloud, name: str, about: str) -> str:
    """An execution with an input of its own."""
    return str(
        cloud.client("stepfunctions").start_execution(
            stateMachineArn=f"arn:aws:states:us-east-1:123456789012:stateMachine:{name}",
            input=json.dumps({"about": about}),
        )["executionArn"]
    )


def ended(cloud: EmptyCloud, execution: str) -> dict[str, Any]:
    """An execution that has come to its end."""

    def end() -> dict[str, Any] | None:
        found = cloud.client("stepfunctions").describe_execution(executionArn=execution)
        return None if found["status"] == "RUNNING" else dict(found)

    return dict(eventually(end, 20))


def add(cloud: EmptyCloud, **fault: Any) -> int:
    return int(cloud.world("POST", "/faults", fault).json["id"])


def test_a_call_is_known_by_the_event_of_its_function(cloud: EmptyCloud, function: str):
    """https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html tells of the header."""
    # Given
    fault = add(cloud, caller=function, service="sqs", kind="access_denied", about="second", times=None)

    # When
    answers = [cloud.invoke(function, {"story": story}).payload for story in ("first", "second", "third")]

    # Then
    assert answers == ["fine", "ClientError", "fine"]
    assert cloud.world("DELETE", f"/faults/{fault}").json["injected"] == 1
    calls = cloud.world("GET", f"/calls?caller={function}&about=second").json
    assert [(call["action"], call["error"]) for call in calls] == [("ListQueues", "AccessDeniedException")]


def test_an_invocation_is_known_by_its_event(cloud: EmptyCloud, function: str):
    add(cloud, caller=function, kind="function_crash", before=True, about="second")
    errors = [cloud.invoke(function, {"story": story}).error for story in ("first", "second", "second")]
    assert errors == [None, "Unhandled", None]


def test_a_fault_hits_one_state_of_one_execution(cloud: EmptyCloud, function: str):
    # Given a machine with two states that invoke the same function
    name = machine(cloud, function, "Look", "Look again")
    fault = add(
        cloud, service="sqs", kind="access_denied", state=f"{name}/Look again", about="bad", times=None
    )

    # When
    good, bad = [started(cloud, name, about) for about in ("good", "bad")]
    outputs = [json.loads(ended(cloud, execution)["output"]) for execution in (good, bad)]

    # Then
    assert outputs == ["fine", "ClientError"]
    met = cloud.world("DELETE", f"/faults/{fault}").json
    assert (met["injected"], met["executions"]) == (1, [bad])
    states = [call["state"] for call in cloud.world("GET", f"/calls?caller={function}&about={bad}").json]
    assert states == [f"{name}/Look", f"{name}/Look again"]


def test_the_request_of_a_task_meets_its_fault_too(cloud: EmptyCloud):
    # Given
    name = machine(cloud, cloud.function(HANDS_ON), "Only")
    add(cloud, service="lambda", action="Invoke", kind="throttle", state=f"{name}/Only")

    # Then
    failed = ended(cloud, started(cloud, name, "any"))
    assert failed["error"] == "Lambda.TooManyRequestsException"


@pytest.mark.parametrize("kind", ["throttle", "error"])
def test_an_error_that_step_functions_does_not_model_has_the_name_of_all(cloud: EmptyCloud, kind: str):
    """It has no class in the AWS SDK for Java; the name of what all of its classes inherit from is left.

    https://docs.aws.amazon.com/AWSJavaSDK/latest/javadoc/com/amazonaws/services/stepfunctions/model/AWSStepFunctionsException.html
    """
    # Given
    child, name = machine(cloud, cloud.function(HANDS_ON), "Only"), cloud.fresh("machine")
    arn = f"arn:aws:states:us-east-1:123456789012:stateMachine:{child}"
    start = {
        "Type": "Task",
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Arguments": {"StateMachineArn": arn},
        "End": True,
    }
    definition = {"QueryLanguage": "JSONata", "StartAt": "Start", "States": {"Start": start}}
    cloud.client("stepfunctions").create_state_machine(
        name=name, definition=json.dumps(definition), roleArn="arn:aws:iam::123456789012:role/any"
    )
    add(cloud, service="stepfunctions", action="StartExecution", kind=kind, state=f"{name}/Start")

    # Then
    failed = ended(cloud, started(cloud, name, "any"))
    assert failed["error"] == "StepFunctions.AWSStepFunctionsException"


@pytest.mark.parametrize("before", [True, False])
def test_an_invocation_is_stopped_until_its_fault_is_removed(
    cloud: EmptyCloud, function: str, *, before: bool
):
    # Given
    fault = add(cloud, kind="pause", caller=function, before=before, about="slow", seconds=20)

    # When
    with ThreadPoolExecutor() as threads:
        slow = threads.submit(cloud.invoke, function, {"story": "slow"})
        stopped = eventually(lambda: cloud.world("GET", f"/faults/{fault}").json["injected"])

        def made() -> int:
            return len(cloud.world("GET", f"/calls?caller={function}&about=slow").json)

        if before:
            time.sleep(0.3)  # in which it would have called
        calls = made() if before else eventually(made)
        was_done = slow.done()
        cloud.world("DELETE", f"/faults/{fault}")
        answer = slow.result()

    # Then it has run before it was stopped, or after
    assert (stopped, was_done, answer.payload) == (1, False, "fine")
    assert calls == (0 if before else 1)


def test_a_call_is_stopped_until_its_fault_is_removed(cloud: EmptyCloud):
    # Given
    name = cloud.fresh("queue")
    fault = add(
        cloud, kind="pause", service="sqs", action="CreateQueue", match={"QueueName": name}, seconds=20
    )

    # When
    with ThreadPoolExecutor() as threads:
        made = threads.submit(cloud.client("sqs").create_queue, QueueName=name)
        eventually(lambda: cloud.world("GET", f"/faults/{fault}").json["injected"])
        there = cloud.client("sqs").get_queue_url(QueueName=name)["QueueUrl"]
        was_done = made.done()
        cloud.world("DELETE", f"/faults/{fault}")

    # Then its effect was there, only the answer was not
    assert made.result()["QueueUrl"] == there
    assert not was_done


def test_a_fault_nobody_knows_is_refused(cloud: EmptyCloud):
    assert cloud.world("GET", "/faults/99999").status == 400
    assert cloud.world("DELETE", "/faults/99999").status == 400


def test_an_answer_may_be_a_surprise(cloud: EmptyCloud):
    # Given a cluster that is there
    ecs, name = cloud.client("ecs"), cloud.fresh("cluster")
    ecs.create_cluster(clusterName=name)
    rewrite = ['"status": ?"ACTIVE"', '"status": "DREAMING"']
    add(cloud, service="ecs", action="DescribeClusters", kind="surprise", rewrite=rewrite)
    gone = '{"__type": "ClusterNotFoundException", "message": "Cluster not found."}'
    add(cloud, service="ecs", action="ListServices", kind="surprise", rewrite=["^.*$", gone], status=400)

    # Then
    assert ecs.describe_clusters(clusters=[name])["clusters"][0]["status"] == "DREAMING"
    assert ecs.describe_clusters(clusters=[name])["clusters"][0]["status"] == "ACTIVE"
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.list_services(cluster=name)


@pytest.mark.parametrize("rewrite", [None, ["("], ["(", "x"], ["x", 1], 7])
def test_a_surprise_says_what_it_rewrites(cloud: EmptyCloud, rewrite: Any):
    answer = cloud.world("POST", "/faults", {"kind": "surprise", "rewrite": rewrite})
    assert (answer.status, "rewrite must be" in answer.json["message"]) == (400, True)


def test_a_transaction_is_known_by_its_tables(cloud: EmptyCloud):
    # Given
    dynamodb, names = cloud.client("dynamodb"), [cloud.fresh("table"), cloud.fresh("table")]
    for name in names:
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        )
    puts = [{"Put": {"TableName": name, "Item": {"pk": {"S": "a"}}}} for name in names]
    add(cloud, service="dynamodb", kind="access_denied", match={"TableName": names[1]})

    # Then
    dynamodb.transact_write_items(TransactItems=puts[:1])
    with pytest.raises(ClientError):
        dynamodb.transact_write_items(TransactItems=puts)
