"""Checks of the tasks: what they call, how long they may take, and how they try again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import botocore.session
from botocore import xform_name

from tests.statemachines.machines import LAMBDA, START, Machine, State, conventions

# The optimised integrations that Tidegate may use, besides Lambda and nested executions.
# https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
OPTIMISED = {
    "sns:publish", "sqs:sendMessage", "events:putEvents", "ecs:runTask", "ecs:runTask.sync",
    "dynamodb:getItem", "dynamodb:putItem", "dynamodb:updateItem", "dynamodb:deleteItem",
}  # fmt: skip
LAMBDAS = {LAMBDA, f"{LAMBDA}.waitForTaskToken"}
NESTED = f"{START}.sync:2"
# Services whose name in a Resource differs from botocore's.
SDK_NAMES = {"sfn": "stepfunctions", "elasticloadbalancingv2": "elbv2", "eventbridge": "events"}
# A target is one substitution; the strategy alone is chosen at run time, by its name in the manifest.
TARGETS = {
    "FunctionName": re.compile(r"^\$\{\w+FunctionArn\}$"),
    "StateMachineArn": re.compile(
        r"^(\$\{\w+StateMachineArn\}|\{% '\$\{StrategyMachinePrefix\}' & \$[\w.]+ %\})$"
    ),
}


def kind(state: State) -> str:
    """Which canonical Retry a task must carry: a key of `conventions.json`, or none."""
    resource = state.get("Resource", "")
    if resource in LAMBDAS:
        return "Lambda"
    return "StartExecution" if resource.startswith(START) else "Service"


def without_comment(machine: Machine) -> Iterator[str]:
    """Machines that do not say in a sentence what they do."""
    comment = machine.definition.get("Comment", "")
    if len(comment.split()) < 4 or not comment.endswith("."):
        yield "the machine's Comment must say in a sentence what it does"


def without_timeout(machine: Machine) -> Iterator[str]:
    """Machines and tasks that could wait for ever."""
    if not isinstance(machine.definition.get("TimeoutSeconds"), int):
        yield "the machine has no TimeoutSeconds"
    for name, state in machine.tasks():
        if "TimeoutSeconds" not in state:
            yield f"{name}: has no TimeoutSeconds"


def wrong_retry(machine: Machine) -> Iterator[str]:
    """Tasks whose Retry differs from the canonical one."""
    canonical = conventions()["Retry"]
    for name, state in machine.tasks():
        if kind(state) in canonical and state.get("Retry") != canonical[kind(state)]:
            yield f"{name}: Retry differs from conventions.json Retry.{kind(state)}"


def retry_outside_tasks(machine: Machine) -> Iterator[str]:
    """Map and Parallel states that would repeat work which their tasks have already repeated."""
    for name, state in machine.states():
        if state.get("Type") != "Task" and "Retry" in state:
            yield f"{name}: only tasks retry"


@cache
def _service_operation(service: str, action: str) -> bool:
    session = botocore.session.get_session()
    model = session.get_service_model(SDK_NAMES.get(service, service))
    operations = {xform_name(name) for name in model.operation_names}
    return xform_name(action[:1].upper() + action[1:]) in operations and action[:1].islower()


def wrong_resource(machine: Machine) -> Iterator[str]:
    """Tasks that call a function or a machine by its own ARN, or something that AWS does not offer."""
    for name, state in machine.tasks():
        resource = state.get("Resource", "")
        service, _, action = resource.removeprefix("arn:aws:states:::").partition(":")
        if not resource.startswith("arn:aws:states:::"):
            yield f"{name}: {resource!r} is not a service integration"
        elif resource in LAMBDAS or resource == NESTED or f"{service}:{action}" in OPTIMISED:
            continue
        elif service == "aws-sdk":
            yield from _wrong_sdk_call(name, action)
        else:
            yield f"{name}: {resource!r} is not among the integrations that Tidegate uses"


def _wrong_sdk_call(name: str, action: str) -> Iterator[str]:
    service, _, operation = action.partition(":")
    try:
        known = _service_operation(service, operation.removesuffix(".waitForTaskToken"))
    except Exception:  # noqa: BLE001 - botocore has several errors for a service it does not know
        known = False
    if not known:
        yield f"{name}: AWS has no aws-sdk:{action}"


def wrong_target(machine: Machine) -> Iterator[str]:
    """Tasks whose function or machine is not named by a substitution of the template."""
    for name, state in machine.tasks():
        field = {"Lambda": "FunctionName", "StartExecution": "StateMachineArn"}.get(kind(state))
        if field and not TARGETS[field].match(str(state.get("Arguments", {}).get(field, ""))):
            yield f"{name}: Arguments.{field} must be one ${{…}} that template.yaml fills in"


def token_not_sent(machine: Machine) -> Iterator[str]:
    """Tasks that wait for a token which they give to nobody."""
    for name, state in machine.tasks():
        waits = state.get("Resource", "").endswith(".waitForTaskToken")
        sends = "$states.context.Task.Token" in str(state.get("Arguments", ""))
        if waits != sends:
            fault = "waited for, but not sent" if waits else "sent, but not waited for"
            yield f"{name}: the task token is {fault}"
