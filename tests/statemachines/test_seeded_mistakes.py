"""Proof that each check can fail: a sound machine, one mistake sown into it, and the check that finds it."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.statemachines import graph, query, storeys, tasks
from tests.statemachines.machines import LAMBDA, START, Machine, conventions
from tests.statemachines.test_machines import CHECKS, Check

Definition = dict[str, Any]
Sound = Callable[[], Machine]
Mistake = Callable[[Machine], None]

NEST = {
    "Type": "Task",
    "Resource": "arn:aws:states:::states:startExecution.sync:2",
    "Arguments": {
        "StateMachineArn": "${VerifyStateMachineArn}",
        "Name": "{% $hash($states.context.Execution.Name & 'Verify', 'SHA-256') %}",
        "Input": {"release": "{% $release %}"},
    },
    "Output": "{% $states.result.Output %}",
    "TimeoutSeconds": 600,
    "Retry": conventions()["Retry"]["StartExecution"],
    "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}],
    "Next": "Verified?",
}
PLAN = {
    "Type": "Task",
    "Resource": LAMBDA,
    "Arguments": {"FunctionName": "${PlanReleaseFunctionArn}", "Payload": "{% $states.input %}"},
    "Assign": {"release": "{% $states.result.Payload.release %}"},
    "TimeoutSeconds": 60,
    "Retry": conventions()["Retry"]["Lambda"],
    "Next": "Each environment",
}
EACH = {
    "Type": "Map",
    "Items": "{% $states.input.environments %}",
    "ItemProcessor": {
        "StartAt": "Environment",
        "States": {"Environment": {"Type": "Pass", "Output": "{% $states.input.name %}", "End": True}},
    },
    "Next": "Verify",
}
STRATEGY: Definition = {
    "Comment": "Deploys one release to one environment.",
    "QueryLanguage": "JSONata",
    "TimeoutSeconds": 3600,
    "StartAt": "Plan release",
    "States": {
        "Plan release": PLAN,
        "Each environment": EACH,
        "Verify": NEST,
        "Verified?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $states.input.outcome = 'succeeded' %}", "Next": "Succeeded"}],
            "Default": "Failed",
        },
        "Succeeded": {"Type": "Succeed", "Output": {"outcome": "succeeded"}},
        "Failed": {"Type": "Fail", "Error": "failed", "Cause": "The release could not be verified."},
    },
}


def strategy() -> Machine:
    """A sound machine of the middle storey."""
    return Machine(name="rolling", storey="strategy", definition=copy.deepcopy(STRATEGY))


def use_case() -> Machine:
    """A sound use case: the strategy above with a function called last, to conclude."""
    definition = copy.deepcopy(STRATEGY)
    definition["States"]["Verified?"]["Choices"][0]["Next"] = "Conclude"
    definition["States"]["Conclude"] = {**copy.deepcopy(PLAN), "Next": "Succeeded"}
    return Machine(name="deploy", storey="use case", definition=definition)


def part() -> Machine:
    """A sound part: it calls a function and starts nothing."""
    states = {"Plan release": {**copy.deepcopy(PLAN), "Next": "Succeeded"}, "Succeeded": {"Type": "Succeed"}}
    return Machine(name="verify", storey="part", definition={**copy.deepcopy(STRATEGY), "States": states})


def put(path: str, value: Any) -> Mistake:
    """A mistake that sets the field at `path` (names separated by `/`); `...` removes it."""

    def mistake(machine: Machine) -> None:
        place: Any = machine.definition
        *way, last = (int(step) if step.isdigit() else step for step in path.split("/"))
        for step in way:
            place = place[step]
        if value is ...:
            del place[last]
        else:
            place[last] = value

    return mistake


PLANS = "States/Plan release"
IN_MAP = "States/Each environment/ItemProcessor"
SDK = "arn:aws:states:::aws-sdk"
SOWN = [
    (graph.dangling, strategy, put("StartAt", "Nowhere")),
    (graph.dangling, strategy, put(f"{PLANS}/Next", "Nowhere")),
    (graph.dangling, strategy, put("States/Verified?/Default", "Nowhere")),
    (graph.dangling, strategy, put("States/Verified?/Choices/0/Next", "Nowhere")),
    (graph.dangling, strategy, put("States/Verify/Catch/0/Next", "Nowhere")),
    (graph.dangling, strategy, put(f"{IN_MAP}/StartAt", "Nowhere")),
    (graph.unreachable, strategy, put("States/Forgotten", {"Type": "Succeed"})),
    (graph.unreachable, strategy, put(f"{IN_MAP}/States/Forgotten", {"Type": "Succeed"})),
    (graph.endless, strategy, put(f"{PLANS}/Next", ...)),
    (graph.endless, strategy, put("States/Each environment/Next", "Each environment")),
    (graph.endless, strategy, put(f"{IN_MAP}/States/Environment/End", ...)),
    (graph.choice_without_default, strategy, put("States/Verified?/Default", ...)),
    (query.not_jsonata, strategy, put("QueryLanguage", ...)),
    (query.not_jsonata, strategy, put("States/Verify/QueryLanguage", "JSONata")),
    (query.not_jsonata, strategy, put(f"{PLANS}/ResultPath", "$.plan")),
    (query.not_jsonata, strategy, put(f"{PLANS}/Arguments/Payload", {"release.$": "x"})),
    (query.not_jsonata, strategy, put("States/Verified?/Choices/0/Variable", "$.outcome")),
    (query.not_jsonata, strategy, put("States/Verified?/Choices/0/Condition", "yes")),
    (query.forgotten_braces, strategy, put(f"{PLANS}/Arguments/Payload", "$states.input")),
    (query.forgotten_braces, strategy, put(f"{PLANS}/Arguments/Payload", "{% $states.input")),
    (query.forgotten_braces, strategy, put("States/Failed/Cause", "In {% $release %} something broke.")),
    (query.forgotten_braces, strategy, put(f"{PLANS}/Arguments/Payload", "$.release")),
    (query.unreadable, strategy, put(f"{PLANS}/Output", "{% $states.result.(Payload %}")),
    (query.unreadable, strategy, put(f"{PLANS}/Output", "{% $states\n.result %}")),
    (query.unreadable, strategy, put(f"{PLANS}/Output", f"{{% '{'x' * 200}' %}}")),
    (query.unknown_names, strategy, put(f"{PLANS}/Output", "{% $realese %}")),
    (query.unknown_names, strategy, put(f"{IN_MAP}/States/Environment/Output", "{% $lowercaes('A') %}")),
    (tasks.without_comment, strategy, put("Comment", "Deploys")),
    (tasks.without_timeout, strategy, put("TimeoutSeconds", ...)),
    (tasks.without_timeout, strategy, put(f"{PLANS}/TimeoutSeconds", ...)),
    (tasks.wrong_retry, strategy, put(f"{PLANS}/Retry", ...)),
    (tasks.wrong_retry, strategy, put(f"{PLANS}/Retry/0/JitterStrategy", "NONE")),
    (tasks.wrong_retry, strategy, put(f"{PLANS}/Retry/0/ErrorEquals/0", "States.ALL")),
    (tasks.wrong_retry, strategy, put("States/Verify/Retry/0/MaxAttempts", 6)),
    (tasks.retry_outside_tasks, strategy, put("States/Each environment/Retry", [])),
    (tasks.wrong_resource, strategy, put(f"{PLANS}/Resource", "${PlanReleaseFunctionArn}")),
    (tasks.wrong_resource, strategy, put(f"{PLANS}/Resource", "arn:aws:states:::lambda:invokes")),
    (tasks.wrong_resource, strategy, put(f"{PLANS}/Resource", f"{SDK}:ecs:UpdateService")),
    (tasks.wrong_resource, strategy, put(f"{PLANS}/Resource", f"{SDK}:esc:updateService")),
    (tasks.wrong_resource, strategy, put("States/Verify/Resource", f"{START}.sync")),
    (tasks.wrong_target, strategy, put(f"{PLANS}/Arguments/FunctionName", "plan-release")),
    (tasks.wrong_target, strategy, put("States/Verify/Arguments/StateMachineArn", "{% $machine %}")),
    (tasks.token_not_sent, strategy, put(f"{PLANS}/Resource", f"{LAMBDA}.waitForTaskToken")),
    (tasks.token_not_sent, strategy, put(f"{PLANS}/Arguments/Payload", "{% $states.context.Task.Token %}")),
    (storeys.beyond_use_case, use_case, put("States/Each environment/Type", "Parallel")),
    (storeys.beyond_use_case, use_case, put(f"{IN_MAP}/States/Environment", {**PLAN, "End": True})),
    (storeys.beyond_use_case, use_case, put("States/Each environment", {**PLAN, "Next": "Verify"})),
    (storeys.beyond_use_case, use_case, put("States/Conclude/Resource", "arn:aws:states:::sns:publish")),
    (storeys.nested_without_name, strategy, put("States/Verify/Arguments/Name", ...)),
    (storeys.nested_without_name, strategy, put("States/Verify/Arguments/Name", "verify")),
    (storeys.nested_without_name, strategy, put("States/Verify/Resource", START)),
]


@pytest.mark.parametrize("machine", [strategy, use_case, part])
def test_a_sound_machine_passes_every_check(machine: Sound):
    assert [problem for check in CHECKS for problem in check(machine())] == []


@pytest.mark.parametrize(
    ("check", "sound", "mistake"),
    [pytest.param(*sown, id=f"{number:02} {sown[0].__name__}") for number, sown in enumerate(SOWN)],
)
def test_a_check_finds_the_mistake_sown_for_it(check: Check, sound: Sound, mistake: Mistake):
    # Given
    machine = sound()
    assert list(check(machine)) == []

    # When
    mistake(machine)

    # Then
    assert list(check(machine)) != []


def test_every_check_has_a_mistake_sown_for_it():
    assert {check for check, _, _ in SOWN} == set(CHECKS)


@pytest.mark.parametrize(
    ("starter", "target"),
    [
        pytest.param(use_case, "DeployStateMachine", id="a use case starts a use case"),
        pytest.param(strategy, "RollingStateMachine", id="a strategy starts a strategy"),
        pytest.param(strategy, "NobodysStateMachine", id="a strategy starts what does not exist"),
    ],
)
def test_a_start_on_the_same_storey_or_of_nothing_is_found(starter: Sound, target: str):
    # Given
    everything = [use_case(), strategy(), part()]
    machine = starter()
    assert list(storeys.forbidden_start(machine, everything)) == []

    # When
    machine.definition["States"]["Verify"]["Arguments"]["StateMachineArn"] = f"${{{target}Arn}}"

    # Then
    assert list(storeys.forbidden_start(machine, everything)) != []


def test_a_part_that_starts_anything_is_found():
    # Given
    machine = part()
    machine.definition["States"]["Verify"] = copy.deepcopy(NEST)

    # When / Then
    assert list(storeys.forbidden_start(machine, [strategy(), machine])) != []


def test_substitutions_are_found_wherever_they_stand():
    assert strategy().substitutions == {"PlanReleaseFunctionArn", "VerifyStateMachineArn"}
    assert json.loads(strategy().text) == STRATEGY
