"""Which parts of Amazon States Language the interpreter of the schedules knows; the rest is refused."""

from __future__ import annotations

from typing import Any

from tests.schedules.jsonata_values import NotUnderstood

LAMBDA = "arn:aws:states:::lambda:invoke"
CALLBACK = "arn:aws:states:::lambda:invoke.waitForTaskToken"
NESTED = "arn:aws:states:::states:startExecution.sync:2"

_MACHINE = {"Comment", "QueryLanguage", "StartAt", "TimeoutSeconds", "States"}
_ANY = {"Type", "Comment"}
_FIELDS = {
    "Task": {
        *_ANY, "Resource", "Arguments", "TimeoutSeconds", "Retry", "Catch", "Assign", "Output", "Next", "End",
    },
    "Choice": {*_ANY, "Choices", "Default", "Assign", "Output"},
    "Pass": {*_ANY, "Assign", "Output", "Next", "End"},
    "Wait": {*_ANY, "Seconds", "Assign", "Output", "Next", "End"},
    "Succeed": {*_ANY, "Output"},
    "Fail": {*_ANY, "Error", "Cause"},
}  # fmt: skip
_RETRY = {
    "ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy",
}  # fmt: skip
_CATCH = {"ErrorEquals", "Assign", "Output", "Next"}
_RULE = {"Condition", "Assign", "Output", "Next"}
_ARGUMENTS = {
    LAMBDA: {"FunctionName", "Payload"},
    CALLBACK: {"FunctionName", "Payload"},
    NESTED: {"StateMachineArn", "Name", "Input"},
}


def check(machine: str, definition: dict[str, Any]) -> None:
    """Make sure that every field of a definition is one that is interpreted.

    Raises:
        NotUnderstood: it is not; the message names the place.
    """
    _only(machine, definition, _MACHINE)
    if definition.get("QueryLanguage") != "JSONata":
        raise NotUnderstood(f"{machine}: only JSONata is interpreted")
    for name, state in definition["States"].items():
        _check_state(f"{machine}/{name}", state)


def _check_state(where: str, state: dict[str, Any]) -> None:
    kind = state.get("Type")
    if kind not in _FIELDS:
        raise NotUnderstood(f"{where}: states of type {kind} are not interpreted")
    _only(where, state, _FIELDS[kind])
    for retry in state.get("Retry", []):
        _only(f"{where}.Retry", retry, _RETRY)
    for catch in state.get("Catch", []):
        _only(f"{where}.Catch", catch, _CATCH)
    for rule in state.get("Choices", []):
        _only(f"{where}.Choices", rule, _RULE)
    if kind == "Task":
        if state.get("Resource") not in _ARGUMENTS:
            raise NotUnderstood(f"{where}: tasks of {state.get('Resource')} are not interpreted")
        _only(f"{where}.Arguments", state.get("Arguments", {}), _ARGUMENTS[state["Resource"]])


def _only(where: str, given: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise NotUnderstood(f"{where}: {', '.join(unknown)} is not interpreted")
