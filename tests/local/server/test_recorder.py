"""Who has called what, what it has consumed, and faults on the way."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.local.empty_cloud import EmptyCloud


@pytest.fixture
def table(cloud: EmptyCloud) -> str:
    """A table with a sort key and an index."""
    name = cloud.fresh("table")
    text = {"AttributeType": "S"}
    cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": one, **text} for one in ("pk", "sk", "status")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by-status",
                "KeySchema": [{"AttributeName": "status", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    return name


def item(size: int = 0, **more: str) -> dict[str, Any]:
    plain = {"pk": "a", "sk": "1", **({"text": "x" * size} if size else {}), **more}
    return {name: {"S": value} for name, value in plain.items()}


KEY = {"pk": {"S": "a"}, "sk": {"S": "1"}}
NEVER = {"ConditionExpression": "attribute_not_exists(pk)"}
CALLS: list[tuple[str, list[dict[str, Any]], dict[str, Any], float, float]] = [
    ("put_item", [], {"Item": item(900)}, 0, 1),
    ("put_item", [], {"Item": item(1100)}, 0, 2),
    ("put_item", [item(3000)], {"Item": item(10)}, 0, 3),
    ("put_item", [item(3000)], {"Item": item(10), **NEVER}, 0, 3),
    ("put_item", [], {"Item": item(status="on")}, 0, 2),
    ("put_item", [item(status="on")], {"Item": item(status="off")}, 0, 3),
    ("put_item", [item(status="on")], {"Item": item(100, status="on")}, 0, 1),
    ("delete_item", [item(2500)], {"Key": KEY}, 0, 3),
    ("delete_item", [], {"Key": KEY}, 0, 1),
    ("get_item", [item(5000)], {"Key": KEY}, 1, 0),
    ("get_item", [item(5000)], {"Key": KEY, "ConsistentRead": True}, 2, 0),
    ("get_item", [], {"Key": KEY}, 0.5, 0),
]


@pytest.mark.parametrize(("action", "before", "arguments", "read", "write"), CALLS)
def test_request_units_follow_the_documented_rounding(
    cloud: EmptyCloud,
    table: str,
    action: str,
    before: list[dict[str, Any]],
    arguments: dict[str, Any],
    read: float,
    write: float,
):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html."""
    # Given
    client = cloud.client("dynamodb")
    for one in before:
        client.put_item(TableName=table, Item=one)
    earlier = units(cloud, table)

    # When
    try:
        getattr(client, action)(TableName=table, **arguments)
    except client.exceptions.ConditionalCheckFailedException:
        assert "ConditionExpression" in arguments

    # Then
    later = units(cloud, table)
    assert (later[0] - earlier[0], later[1] - earlier[1]) == (read, write)


def test_an_update_counts_the_larger_size_and_a_transaction_twice(cloud: EmptyCloud, table: str):
    # Given
    client = cloud.client("dynamodb")
    client.put_item(TableName=table, Item=item(2500))
    put, earlier = {"TableName": table, "Item": item(2500)}, units(cloud, table)

    # When
    change = {"UpdateExpression": "SET #t = :t", "ExpressionAttributeNames": {"#t": "text"}}
    client.update_item(TableName=table, Key=KEY, ExpressionAttributeValues={":t": {"S": ""}}, **change)
    after_update = units(cloud, table)
    client.transact_write_items(TransactItems=[{"Put": put}])
    after_transaction = units(cloud, table)

    # Then
    assert after_update[1] - earlier[1] == 3
    assert after_transaction[1] - after_update[1] == 6


def test_a_query_counts_all_that_it_reads_together(cloud: EmptyCloud, table: str):
    # Given ten items of a kilobyte
    client = cloud.client("dynamodb")
    for number in range(10):
        client.put_item(TableName=table, Item=item(1000, sk=f"{number}"))
    earlier = units(cloud, table)

    # When
    client.query(
        TableName=table,
        KeyConditionExpression="pk = :a",
        ExpressionAttributeValues={":a": {"S": "a"}},
        ConsistentRead=True,
    )

    # Then they are ten kilobytes, which is three units, not ten
    assert units(cloud, table)[0] - earlier[0] == 3


def test_concurrent_conditional_writes_have_one_winner(cloud: EmptyCloud, table: str):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html."""
    from concurrent.futures import ThreadPoolExecutor

    client = cloud.client("dynamodb", max_pool_connections=16)

    def attempt(_: int) -> bool:
        try:
            client.put_item(TableName=table, Item=item(), **NEVER)
        except client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(attempt, range(48))) == 1


def test_calls_are_listed_since_a_moment(cloud: EmptyCloud):
    # Given
    before = time.time()
    bucket = cloud.fresh("bucket")

    # When
    cloud.client("s3").create_bucket(Bucket=bucket)
    with pytest.raises(ClientError):
        cloud.client("ecs").describe_services(cluster="nowhere", services=["x"])

    # Then
    calls = cloud.world("GET", f"/calls?since={before}").json
    assert [(call["caller"], call["service"], call["action"]) for call in calls] == [
        ("user", "s3", "CreateBucket"),
        ("user", "ecs", "DescribeServices"),
    ]
    assert calls[0]["resource"] == bucket
    assert calls[1]["error"] == "ClusterNotFoundException"


def test_the_calls_of_a_state_machine_are_its_own_and_its_transitions_are_counted(cloud: EmptyCloud):
    # Given a machine with a role of its own
    role = cloud.client("iam").create_role(RoleName=cloud.fresh("role"), AssumeRolePolicyDocument="{}")
    steps, name = cloud.client("stepfunctions"), cloud.fresh("machine")
    look = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:sqs:listQueues",
        "Parameters": {},
        "End": True,
    }
    definition = {"StartAt": "Wait", "States": {"Wait": {"Type": "Pass", "Next": "Look"}, "Look": look}}
    machine = steps.create_state_machine(
        name=name, definition=json.dumps(definition), roleArn=role["Role"]["Arn"]
    )["stateMachineArn"]

    # When
    execution = steps.start_execution(stateMachineArn=machine, name="one")["executionArn"]
    while steps.describe_execution(executionArn=execution)["status"] == "RUNNING":
        time.sleep(0.02)

    # Then
    assert [call["action"] for call in cloud.world("GET", f"/calls?caller={name}").json] == ["ListQueues"]
    (counted,) = [
        one for one in cloud.world("GET", "/counts").json["executions"] if one["execution"] == execution
    ]
    assert (counted["state_machine"], counted["status"], counted["transitions"]) == (name, "SUCCEEDED", 2)


FAULTS = [
    ("dynamodb", "throttle", "ThrottlingException", 400),
    ("ecs", "throttle", "ThrottlingException", 400),
    ("lambda", "throttle", "TooManyRequestsException", 429),
    ("s3", "throttle", "SlowDown", 503),
    ("elbv2", "throttle", "Throttling", 400),
    ("ecs", "access_denied", "AccessDeniedException", 400),
    ("sns", "access_denied", "AccessDenied", 403),
    ("s3", "access_denied", "AccessDenied", 403),
    ("ecs", "error", "ServerException", 500),
    ("dynamodb", "error", "InternalServerError", 500),
]
ACTIONS = {
    "dynamodb": "list_tables",
    "ecs": "list_clusters",
    "lambda": "list_functions",
    "s3": "list_buckets",
    "elbv2": "describe_load_balancers",
    "sns": "list_topics",
}


@pytest.mark.parametrize(("service", "kind", "code", "status"), FAULTS)
def test_a_fault_speaks_the_services_language_once(
    cloud: EmptyCloud, service: str, kind: str, code: str, status: int
):
    """https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html and its like."""
    # Given
    cloud.world("POST", "/faults", {"service": service, "kind": kind})
    call = getattr(cloud.client(service), ACTIONS[service])

    # When
    with pytest.raises(ClientError) as failed:
        call()

    # Then
    assert failed.value.response["Error"]["Code"] == code
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    call()


def test_a_fault_waits_for_its_caller_and_parameters(cloud: EmptyCloud):
    # Given a fault for one queue and somebody else
    sqs, name = cloud.client("sqs"), cloud.fresh("queue")
    cloud.world("POST", "/faults", {"caller": "Other*", "service": "sqs", "kind": "error", "times": None})
    cloud.world("POST", "/faults", {"service": "sqs", "kind": "error", "match": {"QueueName": f"{name}-*"}})

    # Then
    sqs.create_queue(QueueName=name)
    with pytest.raises(ClientError):
        sqs.create_queue(QueueName=f"{name}-broken")
    assert cloud.world("DELETE", "/faults").status == 204
    assert cloud.world("GET", "/faults").json == []


def test_a_call_may_fail_after_its_effect(cloud: EmptyCloud):
    # Given
    name = cloud.fresh("queue")
    cloud.world("POST", "/faults", {"service": "sqs", "action": "CreateQueue", "kind": "fail_after_effect"})

    # When
    with pytest.raises(ClientError):
        cloud.client("sqs").create_queue(QueueName=name)

    # Then
    assert cloud.client("sqs").get_queue_url(QueueName=name)["QueueUrl"].endswith(name)


def test_a_silent_service_closes_the_connection(cloud: EmptyCloud):
    cloud.world("POST", "/faults", {"service": "sqs", "kind": "timeout", "seconds": 0.2})
    began = time.monotonic()
    with pytest.raises(BotoCoreError):
        cloud.client("sqs").list_queues()
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(
    ("kind", "error_type", "runs"),
    [("function_timeout", "Sandbox.Timedout", 1), ("function_crash", "Runtime.ExitError", 1)],
)
def test_a_function_may_lose_its_result(cloud: EmptyCloud, kind: str, error_type: str, runs: int):
    # Given
    name = cloud.fresh("counting")
    cloud.function("def handler(e, c):\n    return 'done'", name=name)
    cloud.world("POST", "/faults", {"caller": name, "kind": kind})

    # When
    invoked = cloud.invoke(name)

    # Then it has run, but its caller does not know
    assert invoked.payload["errorType"] == error_type
    assert cloud.world("GET", "/counts").json["functions"][name]["invocations"] == runs
    assert cloud.invoke(name).payload == "done"


def test_a_function_may_be_invoked_twice(cloud: EmptyCloud):
    """As its queue may: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async.html."""
    name = cloud.fresh("twice")
    cloud.function("n = 0\ndef handler(e, c):\n    global n\n    n += 1\n    return n", name=name)
    cloud.world("POST", "/faults", {"caller": name, "kind": "invoke_twice"})
    assert cloud.invoke(name).payload == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"kind": "flood"}, "kind 'flood' is none of"),
        ({"kind": "error", "where": "x"}, "unknown field 'where'"),
        ({"kind": "error", "times": 0}, "times must be a whole number from 1"),
        ({"kind": "error", "match": []}, "match must be an object"),
        ([], "the body must be a JSON object"),
    ],
)
def test_a_wrong_fault_is_refused_by_name(cloud: EmptyCloud, body: Any, reason: str):
    answer = cloud.world("POST", "/faults", body)
    assert answer.status == 400
    assert reason in answer.json["message"]


def units(cloud: EmptyCloud, table: str) -> tuple[float, float]:
    """Read and write units of a table so far."""
    found = [one for one in cloud.world("GET", "/counts").json["dynamodb"] if one["table"] == table]
    return sum(one["read_units"] for one in found), sum(one["write_units"] for one in found)
