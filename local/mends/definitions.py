"""Mend: what CreateStateMachine and UpdateStateMachine refuse.

moto takes a definition whose transitions lead nowhere, fails when it is run, and answers a second creation
with the first machine whatever is asked for. The checks and their words are those of
https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html and of the
diagnostics of ValidateStateMachineDefinition.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from local.mends import programs, queries
from local.mends.language import PARSER, ApiError, api_error
from local.mends.patching import Foreign, Mends, load

Json: TypeAlias = Any

MENDS = Mends()

ActionResult = load("moto.core.responses:ActionResult")
_BACKEND = f"{PARSER}.models:StepFunctionsParserBackend"
_LARGEST = 1024 * 1024
_ENDS = {"Succeed", "Fail", "Choice"}


def validate_definition(definition: str) -> None:
    """moto only parses the definition.

    Raises:
        InvalidDefinition: With the first problem and where it is.
    """
    if len(definition.encode()) > _LARGEST:
        raise _invalid("DEFINITION_SIZE_EXCEEDED: the definition is larger than 1 MB")
    try:
        machine = json.loads(definition)
        programs.parse(definition)
    except ValueError as error:
        raise _invalid(f"INVALID_JSON_DESCRIPTION: {error}") from error
    except Exception as error:
        raise _invalid(f"SCHEMA_VALIDATION_FAILED: {error}") from error
    problem = next(problems(machine), None)
    if problem:
        raise _invalid(problem)


MENDS.replaces(f"{_BACKEND}._validate_definition", "a5921e3d3b46")(staticmethod(validate_definition))


def _invalid(problem: str) -> Exception:
    return api_error("InvalidDefinition", f"Invalid State Machine Definition: '{problem}'")


def problems(machine: Json, path: str = "") -> Iterator[str]:
    """What is wrong with a machine, a branch or an item processor, and with those inside it."""
    states: dict[str, Json] = machine.get("States", {})
    reached = {machine.get("StartAt")}
    if machine.get("StartAt") not in states:
        target = machine.get("StartAt")
        yield f"MISSING_TRANSITION_TARGET: Missing 'StartAt' target: {target} at {path}/StartAt"
    for name, state in states.items():
        place = f"{path}/States/{name}"
        for where, target in _targets(state):
            reached.add(target)
            if target not in states:
                key = where.rpartition("/")[2]
                yield f"MISSING_TRANSITION_TARGET: Missing '{key}' target: {target} at {place}/{where}"
        if state.get("Type") not in _ENDS and "Next" not in state and not state.get("End"):
            yield f"MISSING_END_STATE: The state has neither Next nor End at {place}"
        yield from _expressions(state, place)
        for inner, where in _machines_in(state):
            yield from problems(inner, f"{place}/{where}")
    for name in states:
        if name not in reached:
            yield f'MISSING_TRANSITION_TARGET: State "{name}" is not reachable. at {path}/States/{name}'


def _targets(state: Json) -> Iterator[tuple[str, str]]:
    for key in ("Next", "Default"):
        if key in state:
            yield key, state[key]
    for key in ("Catch", "Choices"):
        for index, one in enumerate(state.get(key, [])):
            if "Next" in one:
                yield f"{key}[{index}]/Next", one["Next"]


def _machines_in(state: Json) -> Iterator[tuple[Json, str]]:
    yield from ((branch, f"Branches[{index}]") for index, branch in enumerate(state.get("Branches", [])))
    yield from ((state[key], key) for key in ("ItemProcessor", "Iterator") if key in state)


def _expressions(value: Json, place: str) -> Iterator[str]:
    """Every expression of a state that does not parse."""
    if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        try:
            queries.check_syntax(value[2:-2])
        except queries.QueryError as error:
            yield f"SCHEMA_VALIDATION_FAILED: {error} at {place}"
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in {"Branches", "ItemProcessor", "Iterator"}:
                yield from _expressions(item, f"{place}/{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _expressions(item, f"{place}[{index}]")


@MENDS.wraps(f"{_BACKEND}.create_state_machine", "dc56ec54216f")
def create_state_machine(
    original: Foreign, self: Foreign, name: str, definition: str, *more: Json, **named: Json
) -> Foreign:
    """moto gives back the machine that has the name, even if it is another one.

    Raises:
        StateMachineAlreadyExists: A machine of that name has another definition.
    """
    present = next((one for one in self.state_machines if one.name == name), None)
    if present is not None and present.definition != definition:
        raise api_error("StateMachineAlreadyExists", f"State Machine Already Exists: '{present.arn}'")
    return original(self, name, definition, *more, **named)


@MENDS.adds("moto.stepfunctions.responses:StepFunctionResponse.validate_state_machine_definition")
def validate_state_machine_definition(self: Foreign) -> Foreign:
    """moto has no ValidateStateMachineDefinition."""
    try:
        validate_definition(self._get_param("definition"))
    except ApiError as error:
        code, _, message = error.message.partition("'")[2].rstrip("'").partition(": ")
        diagnostic = {"severity": "ERROR", "code": code, "message": message}
        return ActionResult({"result": "FAIL", "diagnostics": [diagnostic], "truncated": False})
    return ActionResult({"result": "OK", "diagnostics": [], "truncated": False})
