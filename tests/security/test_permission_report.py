"""The permission report has teeth: each difference between asked and allowed is found, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.permissions.exceptions import Unused
from tests.support.permissions.report import Finding, compare

HOME = "us-east-1:123456789012"
TABLE = f"arn:aws:dynamodb:{HOME}:table/tidegate-LedgerTable-0123456789AB"
SERVICES = "arn:aws:ecs:*:123456789012:service/*"
DEPLOYMENTS = "arn:aws:ecs:*:123456789012:service-deployment/*"
DEPLOYMENT = f"arn:aws:ecs:{HOME}:service-deployment/prod/checkout/abc"
TOPIC = f"arn:aws:sns:{HOME}:tidegate-notifications"
KEY = f"arn:aws:kms:{HOME}:key/11111111-2222-3333-4444-555555555555"
TASK_ROLE = "arn:aws:iam::123456789012:role/ecsTaskExecutionRole"
FUNCTION = f"arn:aws:lambda:{HOME}:function:tidegate-sweep"
RULE = f"arn:aws:events:{HOME}:rule/tidegate-SweepSchedule"
ROLE, HOLDER = "tidegate-SweepFunctionRole-0123456789AB", "SweepFunctionRole"
PASS = {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}


def allow(action: str, resource: Any, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action.split(), "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def ask(service: str, action: str, caller: str = "tidegate-sweep", /, **parameters: Any) -> dict[str, Any]:
    return {"caller": caller, "service": service, "action": action, "parameters": parameters, "times": 1}


@pytest.fixture
def findings(tmp_path: Path):
    """What the report finds in one recording."""

    def find(
        statements: list[dict[str, Any]],
        *requests: dict[str, Any],
        resources: dict[str, Any] | None = None,
        unused: tuple[Unused, ...] = (),
        waits: bool = False,
    ) -> list[tuple[str, str, str]]:
        stack = {
            "callers": {"tidegate-sweep": {"role": ROLE, "waits": waits}},
            "roles": {ROLE: {"statements": statements, "managed": []}},
            "resources": resources or {},
            "keys": {TOPIC: KEY, "evidence": KEY},
        }
        path = tmp_path / "recording.jsonl"
        path.write_text("\n".join(json.dumps(line) for line in (stack, *requests)))
        found: list[Finding] = list(compare([path], unused).findings)
        return [(each.kind, each.action, each.resource) for each in found]

    return find


def test_what_is_allowed_and_asked_for_is_no_finding(findings):
    statements = [allow("dynamodb:Query", TABLE), allow("ecs:StopServiceDeployment", [SERVICES, DEPLOYMENTS])]
    stop = ask("ecs", "StopServiceDeployment", serviceDeploymentArn=DEPLOYMENT)
    query = ask("dynamodb", "Query", TableName="tidegate-LedgerTable-0123456789AB")
    assert findings(statements, query, stop) == []


def test_a_call_without_its_action_is_refused(findings):
    # When
    found = findings([], ask("dynamodb", "PutItem", TableName="tidegate-LedgerTable-0123456789AB"))

    # Then
    assert found == [("refused", "dynamodb:PutItem", TABLE)]


def test_a_call_on_another_resource_is_refused(findings):
    # When
    found = findings([allow("dynamodb:Query", TABLE)], ask("dynamodb", "Query", TableName="another"))

    # Then
    assert ("refused", "dynamodb:Query", f"arn:aws:dynamodb:{HOME}:table/another") in found


def test_every_kind_of_resource_that_aws_asks_for_must_be_allowed(findings):
    """https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerservice.html."""
    # When
    stop = ask("ecs", "StopServiceDeployment", serviceDeploymentArn=DEPLOYMENT)
    found = findings([allow("ecs:StopServiceDeployment", DEPLOYMENTS)], stop)

    # Then
    assert found == [("refused", "ecs:StopServiceDeployment", f"arn:aws:ecs:{HOME}:service/prod/checkout")]


def test_an_index_is_a_resource_of_its_own(findings):
    # Given
    by_held = ask("dynamodb", "Query", TableName="tidegate-LedgerTable-0123456789AB", IndexName="by_held")

    # Then
    assert findings([allow("dynamodb:Query", f"{TABLE}/index/by_held")], by_held) == []
    assert ("refused", "dynamodb:Query", f"{TABLE}/index/by_held") in findings(
        [allow("dynamodb:Query", TABLE)], by_held
    )


def test_a_call_that_knows_no_resource_needs_the_star(findings):
    # Given
    resume = ask("stepfunctions", "SendTaskSuccess")

    # Then
    assert findings([allow("states:SendTaskSuccess", "*")], resume) == []
    narrow = findings([allow("states:SendTaskSuccess", TABLE)], resume)
    assert ("refused", "states:SendTaskSuccess", "*") in narrow
    assert ("meaningless", "states:SendTaskSuccess") in {each[:2] for each in narrow}


def test_a_role_that_is_passed_on_needs_the_right_service(findings):
    # Given
    register = allow("ecs:RegisterTaskDefinition", "arn:aws:ecs:*:123456789012:task-definition/*:*")
    passing = allow("iam:PassRole", "arn:aws:iam::123456789012:role/*", PASS)
    other = {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}}
    call = ask("ecs", "RegisterTaskDefinition", family="checkout-prod", executionRoleArn=TASK_ROLE)

    # Then
    assert findings([register, passing], call) == []
    assert ("refused", "iam:PassRole", TASK_ROLE) in findings([register], call)
    assert ("refused", "iam:PassRole", TASK_ROLE) in findings(
        [register, passing | {"Condition": other}], call
    )


def test_what_a_call_brings_with_it_is_asked_for_too(findings):
    # Given
    publish = ask("sns", "Publish", TopicArn=TOPIC)
    tagged = ask("ecs", "RegisterTaskDefinition", family="checkout-prod", tags=True)
    start = ask("stepfunctions", "StartExecution", stateMachineArn=f"arn:aws:states:{HOME}:stateMachine:a")

    # When
    published = {each[1] for each in findings([], publish)}
    registered = {each[1] for each in findings([], tagged)}
    started = {each[1] for each in findings([], start, waits=True)}

    # Then
    assert published == {"sns:Publish", "kms:GenerateDataKey", "kms:Decrypt"}
    assert registered == {"ecs:RegisterTaskDefinition", "ecs:TagResource"}
    assert {"states:DescribeExecution", "states:StopExecution", "events:PutRule"} < started


def test_what_was_never_asked_for_is_unused(findings):
    # Given two actions on two resources, of which each action knows one
    both = allow("ecs:UpdateService ecs:StopTask", [SERVICES, "arn:aws:ecs:*:123456789012:task/*"])

    # When
    found = findings([both], ask("ecs", "UpdateService", cluster="prod", service="checkout"))

    # Then
    assert found == [("unused", "ecs:StopTask", "arn:aws:ecs:*:123456789012:task/*")]


def test_every_action_of_a_wildcard_must_be_used(findings):
    # Given
    publish = ask("sns", "Publish", TopicArn=TOPIC)

    # When
    found = findings([allow("sns:Publish", TOPIC), allow("kms:GenerateDataKey* kms:Decrypt", KEY)], publish)

    # Then
    assert ("unused", "kms:GenerateDataKeyPair", "arn:aws:kms:us-east-1:123456789012:key/") in found
    assert not any(action == "kms:Decrypt" for _, action, _ in found)


def test_a_condition_that_an_action_does_not_know_is_found(findings):
    # When
    stop = allow("ecs:StopTask", "arn:aws:ecs:*:123456789012:task/*", PASS)

    # Then
    assert ("meaningless", "ecs:StopTask", "iam:PassedToService") in findings([stop])


def test_an_exception_covers_what_is_unused_and_is_found_when_it_covers_nothing(findings):
    # Given
    reason = "only when two people do it at once"
    exceptions = (Unused(HOLDER, "ecs:StopTask", reason), Unused("Other*", "ecs:StopTask", reason))

    # When
    found = findings([allow("ecs:StopTask", "arn:aws:ecs:*:123456789012:task/*")], unused=exceptions)

    # Then
    assert found == [("needless", "ecs:StopTask", "*")]


def test_a_service_of_aws_needs_the_functions_own_policy(findings):
    # Given
    deliver = ask("lambda", "Invoke", "events.amazonaws.com", FunctionName=FUNCTION, SourceArn=RULE)
    statement = allow("lambda:InvokeFunction", FUNCTION, {"ArnLike": {"AWS:SourceArn": RULE}})
    statement["Principal"] = {"Service": "events.amazonaws.com"}
    foreign = {"ArnLike": {"AWS:SourceArn": f"{RULE}-of-somebody-else"}}

    # Then
    assert findings([], deliver, resources={FUNCTION: [statement]}) == []
    assert ("refused", "lambda:InvokeFunction", FUNCTION) in findings(
        [], deliver, resources={FUNCTION: [statement | {"Condition": foreign}]}
    )


def test_a_call_that_the_reference_does_not_know_is_found(findings):
    assert findings([], ask("ecs", "DoSomethingNew")) == [("unknown", "ecs:DoSomethingNew", "*")]


def test_a_denial_outweighs(findings):
    # Given
    deny = allow("dynamodb:Query", "*") | {"Effect": "Deny"}
    query = ask("dynamodb", "Query", TableName="tidegate-LedgerTable-0123456789AB")

    # Then
    assert ("refused", "dynamodb:Query", TABLE) in findings([allow("dynamodb:Query", TABLE), deny], query)
