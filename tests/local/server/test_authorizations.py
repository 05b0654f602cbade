"""What functions and machines ask for is kept once, with what a policy could tell apart, and no more."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from local import authorizations
from tests.local.empty_cloud import EmptyCloud


@pytest.fixture(autouse=True)
def _nothing_yet():
    authorizations.forget()
    yield
    authorizations.forget()


def test_the_same_request_is_kept_once():
    # When
    for _ in range(3):
        authorizations.note("f", "dynamodb", "GetItem", {"TableName": "t", "Key": {"pk": {"S": "secret"}}})

    # Then
    (kept,) = authorizations.listed()
    assert kept == {
        "caller": "f",
        "service": "dynamodb",
        "action": "GetItem",
        "parameters": {"TableName": "t"},
        "times": 3,
    }


def test_what_a_person_asks_for_is_not_kept():
    # When
    authorizations.note("user", "ecs", "ListTasks", {"cluster": "prod"})

    # Then
    assert authorizations.listed() == []


def test_a_transaction_is_its_single_requests():
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html."""
    # When
    items = [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "u"}}]
    authorizations.note("f", "dynamodb", "TransactWriteItems", {"TransactItems": items})

    # Then
    found = {(each["action"], each["parameters"]["TableName"]) for each in authorizations.listed()}
    assert found == {("PutItem", "t"), ("ConditionCheckItem", "u")}


def test_a_batch_is_a_request_to_each_of_its_tables():
    # When
    authorizations.note("f", "dynamodb", "BatchGetItem", {"RequestItems": {"t": {"Keys": []}, "u": {}}})

    # Then
    found = {(each["action"], each["parameters"]["TableName"]) for each in authorizations.listed()}
    assert found == {("BatchGetItem", "t"), ("BatchGetItem", "u")}


def test_only_what_names_something_is_kept():
    # Given
    role = "arn:aws:iam::123456789012:role/ecs"
    containers = [{"environment": [{"name": "PASSWORD", "value": "planted"}], "image": "planted"}]
    balancers = [{"advancedConfiguration": {"roleArn": role}}]

    # When
    kept = authorizations.telling(
        "ecs",
        {
            "family": "a",
            "containerDefinitions": containers,
            "loadBalancers": balancers,
            "tags": [{"key": "b"}],
        },
    )
    sent = authorizations.telling("sns", {"TopicArn": "arn:t", "Message": "planted", "Subject": "planted"})
    resumed = authorizations.telling(
        "stepfunctions", {"taskToken": "planted", "output": '{"arn": "planted"}'}
    )

    # Then
    assert kept == {"family": "a", "roleArn": role, "tags": True}
    assert (sent, resumed) == ({"TopicArn": "arn:t"}, {})


def test_the_requests_of_a_machine_are_listed_by_the_world_control(cloud: EmptyCloud):
    # Given a machine with a role of its own
    role = cloud.client("iam").create_role(RoleName=cloud.fresh("role"), AssumeRolePolicyDocument="{}")
    steps, name = cloud.client("stepfunctions"), cloud.fresh("machine")
    look = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:ecs:listTasks", "End": True}
    look["Parameters"] = {"Cluster": "nowhere"}  # type: ignore[assignment]
    machine = steps.create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": "Look", "States": {"Look": look}}),
        roleArn=role["Role"]["Arn"],
    )["stateMachineArn"]

    # When
    execution = steps.start_execution(stateMachineArn=machine)["executionArn"]
    while steps.describe_execution(executionArn=execution)["status"] == "RUNNING":
        time.sleep(0.02)

    # Then even what failed was asked for
    found = [
        each for each in cloud.world("GET", "/authorizations").json if each["caller"] == f"machine/{name}"
    ]
    assert [(each["action"], each["parameters"]) for each in found] == [("ListTasks", {"cluster": "nowhere"})]


def test_what_stands_behind_the_question_mark_of_a_call_is_kept(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html."""
    # Given a machine that asks for a schedule of a group
    role = cloud.client("iam").create_role(RoleName=cloud.fresh("role"), AssumeRolePolicyDocument="{}")
    steps, name = cloud.client("stepfunctions"), cloud.fresh("machine")
    look: dict[str, Any] = {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:scheduler:getSchedule"}
    look |= {"Parameters": {"Name": "pulse", "GroupName": "tidegate"}, "End": True}
    machine = steps.create_state_machine(
        name=name,
        definition=json.dumps({"StartAt": "Look", "States": {"Look": look}}),
        roleArn=role["Role"]["Arn"],
    )["stateMachineArn"]

    # When
    execution = steps.start_execution(stateMachineArn=machine)["executionArn"]
    while steps.describe_execution(executionArn=execution)["status"] == "RUNNING":
        time.sleep(0.02)

    # Then
    everything = cloud.world("GET", "/authorizations").json
    (found,) = [each["parameters"] for each in everything if each["caller"] == f"machine/{name}"]
    assert found == {"Name": "pulse", "groupName": "tidegate"}
