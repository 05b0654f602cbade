"""Every rule of the template matches its examples in events/aws and nothing else, by EventBridge's own rules.

Two matchers must agree: the one of the local cloud, which is tested against the documented operators
(https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html), and moto's, which
others wrote.
"""

from __future__ import annotations

import json
import re
from copy import deepcopy
from functools import cache
from typing import Any

import pytest
from moto.events.models import EventPattern

from local.events import pattern
from tests.security.checkov import translated
from tests.statemachines.machines import ROOT

EVENTS = ROOT / "events" / "aws"
PSEUDO = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "123456789012",
    "AWS::StackName": "tidegate",
}
# The rules of the template with the examples that they must let through.
RULES = {
    "ReceivePushFunctionPush": {"ecr_image_push"},
    "ReceivePutImageFunctionCall": {"cloudtrail_put_image"},
    "ReceiveScanFunctionBasicScan": {"ecr_image_scan"},
    "ReceiveScanFunctionEnhancedScan": {"inspector2_scan"},
    "ReceiveEcsEventFunctionDeployment": {"ecs_deployment_completed"},
    "ReceiveEcsEventFunctionHook": {"ecs_hook_awaiting_action"},
    "ReceiveEcsEventFunctionTask": {"ecs_task_stopped"},
    "ReceiveAlarmFunctionAlarm": {"cloudwatch_alarm"},
    "ReceiveFailedExecutionFunctionExecution": {"execution_aborted"},
}
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:"
# A change to an example (place in the event, value) after which the rule must still let it through, or not.
STILL = [
    ("ecs_deployment_completed", "detail.eventName", "SERVICE_DEPLOYMENT_FAILED"),
    ("ecs_hook_awaiting_action", "detail.eventName", "HOOK_TIMED_OUT"),
    ("execution_aborted", "detail.status", "FAILED"),
    ("execution_aborted", "detail.status", "TIMED_OUT"),
    ("execution_aborted", "detail.stateMachineArn", f"{MACHINE}tidegate-deploy"),
    ("ecr_image_scan", "detail.scan-status", "FAILED"),
    ("ecr_image_push", "detail.image-tag", ""),
    ("cloudwatch_alarm", "detail.previousState.value", "INSUFFICIENT_DATA"),
    ("ecs_task_stopped", "detail.stopCode", "TaskFailedToStart"),
]
NO_LONGER = [
    ("ecr_image_push", "detail.action-type", "DELETE"),
    ("ecr_image_push", "detail.result", "FAILURE"),
    ("ecr_image_push", "source", "somebody.ecr"),
    ("ecr_image_push", "detail-type", "ECR Pull Through Cache Action"),
    ("cloudtrail_put_image", "detail.eventName", "BatchGetImage"),
    ("cloudtrail_put_image", "detail.eventSource", "ecr-public.amazonaws.com"),
    ("inspector2_scan", "detail-type", "Inspector2 Finding"),
    ("ecs_deployment_completed", "detail.eventName", "SERVICE_DEPLOYMENT_IN_PROGRESS"),
    ("ecs_deployment_completed", "detail-type", "ECS Service Action"),
    ("ecs_hook_awaiting_action", "detail.eventName", "HOOK_SUCCEEDED"),
    ("ecs_task_stopped", "detail.lastStatus", "RUNNING"),
    ("ecs_task_stopped", "detail.startedBy", "ecs-svc/7309816294410000001"),
    ("cloudwatch_alarm", "detail.state.value", "OK"),
    ("cloudwatch_alarm", "detail.state.value", "INSUFFICIENT_DATA"),
    ("execution_aborted", "detail.status", "SUCCEEDED"),
    ("execution_aborted", "detail.status", "RUNNING"),
    ("execution_aborted", "detail.stateMachineArn", f"{MACHINE}tidegate-rollback"),
    ("execution_aborted", "detail.stateMachineArn", f"{MACHINE}tidegate-rolling"),
    ("execution_aborted", "detail.stateMachineArn", f"{MACHINE}another-normal_deployment"),
]


def resolved(value: Any, parameters: dict[str, Any]) -> Any:
    """What CloudFormation puts in place of Ref and Fn::Sub."""
    if isinstance(value, list):
        return [resolved(each, parameters) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"}:
        return parameters[value["Ref"]]
    if set(value) == {"Fn::Sub"}:
        return re.sub(r"\$\{([\w:]+)\}", lambda found: parameters[found[1]], value["Fn::Sub"])
    return {name: resolved(each, parameters) for name, each in value.items()}


@cache
def patterns() -> dict[str, dict[str, Any]]:
    """The event pattern of every rule of the translated template, by logical id."""
    template = translated()
    parameters = {name: each.get("Default") for name, each in template["Parameters"].items()} | PSEUDO
    return {
        name: resolved(each["Properties"]["EventPattern"], parameters)
        for name, each in template["Resources"].items()
        if each["Type"] == "AWS::Events::Rule" and "EventPattern" in each["Properties"]
    }


def examples() -> dict[str, dict[str, Any]]:
    """Every example event, by the name of its file."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(EVENTS.glob("*.json"))}


def changed(name: str, place: str, value: Any) -> dict[str, Any]:
    """An example with one value changed."""
    event = deepcopy(examples()[name])
    inner = event
    *path, last = place.split(".")
    for each in path:
        inner = inner[each]
    inner[last] = value
    return event


def wanted_by(event: dict[str, Any]) -> set[str]:
    """The rules that let an event through; both matchers must say the same."""
    found = set()
    for rule, asked in patterns().items():
        ours = pattern.matches(asked, event)
        theirs = EventPattern(json.dumps(asked), asked).matches_event(event)
        assert ours is theirs, f"the matchers do not agree about {rule}"
        if ours:
            found.add(rule)
    return found


def rules_of(example: str) -> set[str]:
    return {rule for rule, names in RULES.items() if example in names}


def test_every_rule_and_every_example_is_listed():
    assert set(patterns()) == set(RULES)
    assert {name for names in RULES.values() for name in names} == set(examples())


@pytest.mark.parametrize("example", examples())
def test_an_example_passes_its_rule_and_no_other(example: str):
    assert wanted_by(examples()[example]) == rules_of(example)


@pytest.mark.parametrize(("example", "place", "value"), STILL)
def test_what_concerns_us_passes_whatever_else_it_says(example: str, place: str, value: str):
    assert wanted_by(changed(example, place, value)) == rules_of(example)


@pytest.mark.parametrize(("example", "place", "value"), NO_LONGER)
def test_what_does_not_concern_us_passes_no_rule(example: str, place: str, value: str):
    assert wanted_by(changed(example, place, value)) == set()


@pytest.mark.parametrize("example", examples())
def test_a_new_key_in_an_event_changes_nothing(example: str):
    """AWS adds keys: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events.html."""
    assert wanted_by(changed(example, "detail.added-later", {"state": ["ALARM"]})) == rules_of(example)


def test_a_test_stack_listens_to_sources_of_its_own():
    # Given the parameters that `sam deploy --config-env test` sets
    template = translated()
    sources = {name for name in template["Parameters"] if name.endswith("Source")}
    given = {name: f"test.{name}" for name in sources} | PSEUDO
    rules = [each for each in template["Resources"].values() if each["Type"] == "AWS::Events::Rule"]

    # When
    asked = [resolved(each["Properties"].get("EventPattern", {}), given | {"x": ""}) for each in rules]

    # Then
    listened = {source for each in asked for source in each.get("source", [])}
    assert listened == {f"test.{name}" for name in sources}
