"""The permission report has teeth: each difference between asked and allowed is found, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.permissions.__main__ import verdict
from tests.support.permissions.exceptions import EXCEPTIONS
from tests.support.permissions.excused import Exceptions, Unused, Wide
from tests.support.permissions.reference import action
from tests.support.permissions.report import Finding, compare
from tests.support.permissions.suites import RECORDED, expected, told

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


def allow(actions: str, resource: Any, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": actions.split(), "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def ask(service: str, call: str, caller: str = "tidegate-sweep", /, **parameters: Any) -> dict[str, Any]:
    return {"caller": caller, "service": service, "action": call, "parameters": parameters, "times": 1}


@pytest.fixture
def findings(tmp_path: Path):
    """What the report finds in one recording."""

    def find(
        statements: list[dict[str, Any]],
        *requests: dict[str, Any],
        resources: dict[str, Any] | None = None,
        unused: tuple[Unused, ...] = (),
        wide: tuple[Wide, ...] | None = None,  # None where a test is not about the width of wildcards
        trust: list[dict[str, Any]] | None = None,
        waits: bool = False,
    ) -> list[tuple[str, str, str]]:
        stack = {
            "callers": {"tidegate-sweep": {"role": ROLE, "waits": waits}},
            "roles": {ROLE: {"statements": statements, "managed": [], "trust": trust}},
            "resources": resources or {},
            "keys": {TOPIC: KEY, "evidence": KEY},
        }
        path = tmp_path / "recording.jsonl"
        path.write_text("\n".join(json.dumps(line) for line in (stack, *requests)))
        found: list[Finding] = list(compare([path], Exceptions(unused, wide or ())).findings)
        told = [(each.kind, each.action, each.resource) for each in found]
        return [each for each in told if wide is not None or each[0] != "wide"]

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
    exceptions = tuple(Unused(each, "ecs:StopTask", "*task/[*]", reason) for each in (HOLDER, "Other*"))

    # When
    found = findings([allow("ecs:StopTask", "arn:aws:ecs:*:123456789012:task/*")], unused=exceptions)

    # Then
    assert found == [("needless", "ecs:StopTask", "*task/[*]")]


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


# --- what is wider than anything that was asked for ---------------------------------------------------------


def test_a_wildcard_that_has_stood_for_one_thing_alone_is_too_wide(findings):
    # Given
    anywhere = allow("ecs:StopTask", "arn:aws:ecs:*:123456789012:task/*")
    stop = [ask("ecs", "StopTask", cluster="prod", task=f"arn:aws:ecs:{HOME}:task/prod/{n}") for n in "ab"]

    # When
    found = findings([anywhere], *stop, wide=())

    # Then two tasks were stopped, but in one region alone
    assert found == [("wide", "ecs:StopTask", "arn:aws:ecs:*:123456789012:task/*")]


def test_a_name_that_was_always_the_same_is_too_wide(findings):
    # Given
    executions = allow("states:DescribeExecution", f"arn:aws:states:{HOME}:execution:tidegate-*:*")

    def looking(machine: str, name: str) -> dict[str, Any]:
        arn = f"arn:aws:states:{HOME}:execution:tidegate-{machine}:{name}"
        return ask("stepfunctions", "DescribeExecution", executionArn=arn)

    # Then
    (one,) = findings([executions], looking("deploy", "a"), looking("deploy", "b"), wide=())
    assert one[0] == "wide"
    assert findings([executions], looking("deploy", "a"), looking("rollback", "b"), wide=()) == []


def test_a_star_is_too_wide_where_the_action_knows_resources(findings):
    # Given
    query = ask("dynamodb", "Query", TableName="tidegate-LedgerTable-0123456789AB")

    # Then
    assert findings([allow("dynamodb:Query", "*")], query, wide=()) == [("wide", "dynamodb:Query", "*")]
    resume = ask("stepfunctions", "SendTaskSuccess")
    assert findings([allow("states:SendTaskSuccess", "*")], resume, wide=()) == []


def test_what_nobody_knows_before_the_call_makes_no_wildcard_too_wide(findings):
    # Given the revision that RegisterTaskDefinition will give
    register = allow("ecs:RegisterTaskDefinition", f"arn:aws:ecs:{HOME}:task-definition/*:*")
    calls = [ask("ecs", "RegisterTaskDefinition", family=family) for family in ("a", "b")]

    # Then
    assert findings([register], *calls, wide=()) == []


def test_an_explanation_covers_its_part_alone_and_is_found_when_nobody_asks_for_such_a_thing(findings):
    # Given
    resource = "arn:aws:ecs:*:123456789012:task/*"
    stop = [ask("ecs", "StopTask", cluster="prod", task=f"arn:aws:ecs:{HOME}:task/prod/{n}") for n in "ab"]
    region, name = (Wide(resource, part, "a manifest names it") for part in ("region", "name"))
    anywhere = allow("ecs:StopTask", resource)

    # Then
    assert findings([anywhere], *stop, wide=(region,)) == []
    assert [each[0] for each in findings([anywhere], stop[0], wide=(region,))] == ["wide"]
    assert findings([anywhere], *stop, wide=(region, name)) == []
    gone = Wide("arn:aws:ecs:*:123456789012:cluster/*", "region", "a manifest names it")
    assert findings([anywhere], *stop, wide=(region, gone)) == [("needless", "*", gone.resource)]


# --- exceptions ---------------------------------------------------------------------------------------------


def test_an_exception_may_be_used_in_a_rare_moment(findings):
    # Given
    statement = allow("dynamodb:Query", TABLE)
    query = ask("dynamodb", "Query", TableName="tidegate-LedgerTable-0123456789AB")
    exception = Unused(HOLDER, "dynamodb:Query", "*-LedgerTable", "only when two people do it at once")

    # Then
    assert findings([statement], unused=(exception,)) == []
    assert findings([statement], query, unused=(exception,)) == []


def test_an_exception_for_what_nobody_is_allowed_is_needless(findings):
    # Given
    gone = Unused(HOLDER, "ecs:StopTask", "*", "only when two people do it at once")

    # Then
    assert findings([], unused=(gone,)) == [("needless", "ecs:StopTask", "*")]


@pytest.mark.parametrize("each", [*EXCEPTIONS.unused, *EXCEPTIONS.wide], ids=str)
def test_every_exception_names_action_and_resource_and_says_why(each: Any):
    assert len(each.reason.split()) >= 5
    if isinstance(each, Unused):
        assert "*" not in each.action or each.holder == "policy of key"
        assert each.holder.strip("*")
        assert each.resource != "*"


# --- roles and policies of resources ------------------------------------------------------------------------


def trusting(service: str, condition: dict[str, Any] | None = None) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return statement | ({"Condition": condition} if condition else {})


def test_a_role_must_trust_the_service_that_works_under_it(findings):
    # Given
    query = ask("dynamodb", "Query", TableName="tidegate-LedgerTable-0123456789AB")
    statement = allow("dynamodb:Query", TABLE)

    # Then
    assert findings([statement], query, trust=[trusting("lambda.amazonaws.com")]) == []
    assert findings([statement], query, trust=[trusting("states.amazonaws.com")]) == [
        ("refused", "sts:AssumeRole", "*"),
        ("unused", "sts:AssumeRole", "* for states.amazonaws.com"),
    ]


def test_a_role_that_scheduler_assumes_is_asked_for_the_group_of_schedules(findings):
    # Given
    group = f"arn:aws:scheduler:{HOME}:schedule-group/tidegate"
    pulse = ask("lambda", "Invoke", f"role/{ROLE}", FunctionName=FUNCTION, SourceArn=group)
    statement = allow("lambda:InvokeFunction", FUNCTION)

    def trusted(source: str) -> list[tuple[str, str, str]]:
        condition = {"StringEquals": {"aws:SourceArn": source, "aws:SourceAccount": "123456789012"}}
        return list(findings([statement], pulse, trust=[trusting("scheduler.amazonaws.com", condition)]))

    # Then
    assert trusted(group) == []
    assert trusted(f"{group}-of-somebody-else")[0] == ("refused", "sts:AssumeRole", "*")


def test_each_source_that_a_function_lets_in_must_have_come(findings):
    # Given
    deliver = ask("lambda", "Invoke", "events.amazonaws.com", FunctionName=FUNCTION, SourceArn=RULE)
    sources = [RULE, f"{RULE}-of-another-event"]
    let_in = [
        allow("lambda:InvokeFunction", FUNCTION, {"ArnLike": {"AWS:SourceArn": each}})
        | {"Principal": {"Service": "events.amazonaws.com"}}
        for each in sources
    ]

    # When
    ((kind, _, resource),) = findings([], deliver, resources={FUNCTION: let_in})

    # Then
    assert kind == "unused"
    assert resource.endswith(sources[1])


def test_the_policy_of_a_key_that_leaves_it_to_the_account_allows_nothing_by_itself(findings):
    # Given
    account = allow("kms:*", "*") | {"Principal": {"AWS": "arn:aws:iam::123456789012:root"}}
    logs = allow("kms:Decrypt", "*") | {"Principal": {"Service": "logs.us-east-1.amazonaws.com"}}

    # Then
    assert findings([], resources={KEY: [account]}) == []
    assert findings([], resources={KEY: [account, logs]}) == [
        ("unused", "kms:Decrypt", "* for logs.us-east-1.amazonaws.com")
    ]


def test_statements_that_differ_in_their_condition_are_two_permissions(findings):
    # Given
    to = {"StringEquals": {"iam:PassedToService": "ecs.amazonaws.com"}}
    passing = [allow("iam:PassRole", TASK_ROLE, PASS), allow("iam:PassRole", TASK_ROLE, to)]
    register = allow("ecs:RegisterTaskDefinition", f"arn:aws:ecs:{HOME}:task-definition/a:*")
    call = ask("ecs", "RegisterTaskDefinition", family="a", executionRoleArn=TASK_ROLE)

    # When
    (found,) = findings([register, *passing], call)

    # Then
    assert found == ("unused", "iam:PassRole", f"{TASK_ROLE} if iam:PassedToService is ecs.amazonaws.com")


def test_a_condition_on_a_key_of_the_callers_choice_is_known():
    assert action("kms:Decrypt").knows("kms:EncryptionContext:aws:logs:arn")
    assert not action("kms:DescribeKey").knows("kms:EncryptionContext:aws:logs:arn")


# --- what is recorded ---------------------------------------------------------------------------------------


def test_it_says_which_tests_are_not_recorded(tmp_path: Path):
    # Given
    recordings = []
    for number, test in enumerate(("tests/use_cases/test_a.py::one", "tests/browser/test_b.py::two")):
        recordings.append(tmp_path / f"{number}.jsonl")
        recordings[-1].write_text(json.dumps({"tests": [test], "suite": test.split("/")[1]}))
    wanted = {"tests/use_cases/test_a.py::one", "tests/use_cases/test_a.py::three"}

    # When
    lines, missing = told(recordings, wanted)

    # Then
    assert lines == [
        "1 clouds of browser",
        "1 clouds of use_cases",
        "1 of 1 tests in tests/browser",
        "1 of 2 tests in tests/use_cases",
    ]
    assert missing == {"tests/use_cases/test_a.py::three"}


def test_of_a_part_of_the_recordings_only_what_was_asked_for_can_be_judged():
    # Given
    found = [Finding(kind, "", "", "", "") for kind in ("unused", "wide", "refused")]

    # Then
    unused, wide, refused = found
    some = {"tests/use_cases/test_a.py::one"}
    assert verdict([unused, wide], some, complete=False) == 0
    assert verdict([unused, refused], some, complete=False) == 1


def test_all_of_the_recordings_must_be_there_where_that_is_asked_for():
    assert verdict([], {"tests/use_cases/test_a.py::one"}, complete=True) == 1
    assert verdict([], set(), complete=True) == 0


@pytest.mark.parametrize("kind", ["unused", "wide", "needless", "refused", "meaningless", "unknown"])
def test_of_all_of_the_recordings_every_finding_fails(kind: str):
    assert verdict([Finding(kind, "", "", "", "")], set(), complete=True) == 1


def test_every_scenario_and_every_test_of_the_browser_is_expected():
    # When
    wanted = expected()

    # Then
    folders = {each.rpartition("/")[0] for each in wanted}
    assert folders == set(RECORDED)
    assert not any("[" in each for each in wanted)
