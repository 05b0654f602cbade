"""Mend: what the Step Functions API answers about executions.

moto leaves out when a timed-out execution ended, why one was stopped, and the outcome null; it ignores
`reverseOrder` and `maxResults` of a history, and shows a running execution today's definition.
"""

from __future__ import annotations

from typing import TypeAlias

from local.mends import executions
from local.mends.language import api_error
from local.mends.patching import Foreign, Mends, load

Json: TypeAlias = object

MENDS = Mends()

_RESPONSE = "moto.stepfunctions.responses:StepFunctionResponse"
_PAGE = 100
_LARGEST_PAGE = 1000
ActionResult = load("moto.core.responses:ActionResult")


@MENDS.replaces(f"{_RESPONSE}.describe_execution", "c3953bdc9ce2")
def describe_execution(self: Foreign) -> Foreign:
    """moto gives no stop date for TIMED_OUT, and text and null outputs not as JSON."""
    execution = _execution(self)
    answer: dict[str, Json] = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "input": execution.execution_input,
        "inputDetails": {"included": True},
        "error": execution.error,
        "cause": execution.cause,
        "redriveCount": 0,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": f"Execution is {execution.status} and cannot be redriven",
    }
    if execution.status == "SUCCEEDED":
        answer |= {"output": executions.output_text(execution), "outputDetails": {"included": True}}
    return ActionResult({key: value for key, value in answer.items() if value is not None})


@MENDS.replaces(f"{_RESPONSE}.list_executions", "6fec14cfc5af")
def list_executions(self: Foreign) -> Foreign:
    """moto gives no stop date for TIMED_OUT."""
    arn = _parameter(self, "stateMachineArn")
    found, token = self.stepfunction_backend.list_executions(
        arn,
        status_filter=_parameter(self, "statusFilter"),
        max_results=_parameter(self, "maxResults"),
        next_token=_parameter(self, "nextToken"),
    )
    return ActionResult({"executions": [_summary(execution) for execution in found], "nextToken": token})


def _summary(execution: Foreign) -> dict[str, Json]:
    summary = {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.start_date,
        "stopDate": execution.stop_date,
        "redriveCount": 0,
    }
    return {key: value for key, value in summary.items() if value is not None}


@MENDS.replaces(f"{_RESPONSE}.stop_execution", "633c8a544aac")
def stop_execution(self: Foreign) -> Foreign:
    """moto drops error and cause, and leaves the execution RUNNING until its current state is done."""
    stopped = executions.stop(_execution(self), _parameter(self, "error"), _parameter(self, "cause"))
    return ActionResult({"stopDate": stopped})


@MENDS.replaces(f"{_RESPONSE}.get_execution_history", "3889cc6224ac")
def get_execution_history(self: Foreign) -> Foreign:
    """moto always gives the whole history, oldest first, and input and output always."""
    events = _execution(self).exec_worker.env.event_manager.get_event_history()
    if _parameter(self, "reverseOrder"):
        events = events[::-1]
    start = _start_of_page(_parameter(self, "nextToken"))
    size = int(str(_parameter(self, "maxResults") or _PAGE))
    if not 0 <= size <= _LARGEST_PAGE:
        raise api_error(
            "ValidationException", f"Value '{size}' at 'maxResults' must be at most {_LARGEST_PAGE}"
        )
    page = events[start : start + (size or _PAGE)]
    more = start + len(page) < len(events)
    if _parameter(self, "includeExecutionData") is False:
        page = [_without_data(event) for event in page]
    return ActionResult({"events": page, "nextToken": str(start + len(page)) if more else None})


def _start_of_page(token: Json) -> int:
    if token is None:
        return 0
    if not str(token).isdigit():
        raise api_error("InvalidToken", f"Invalid Token: '{token}'")
    return int(str(token))


def _without_data(event: dict[str, Json]) -> dict[str, Json]:
    return {
        key: {name: inner for name, inner in value.items() if name not in {"input", "output", "parameters"}}
        if isinstance(value, dict)
        else value
        for key, value in event.items()
    }


@MENDS.replaces(f"{_RESPONSE}.describe_state_machine_for_execution", "6ea2c887b4ce")
def describe_state_machine_for_execution(self: Foreign) -> Foreign:
    """moto describes the machine as it is now, not as it was when the execution started."""
    machine = _execution(self).state_machine
    return ActionResult(
        {
            "stateMachineArn": machine.arn,
            "name": machine.name,
            "definition": machine.definition,
            "roleArn": machine.roleArn,
            "updateDate": machine.update_date,
            "loggingConfiguration": machine.loggingConfiguration,
            "tracingConfiguration": machine.tracingConfiguration,
            "encryptionConfiguration": machine.encryptionConfiguration,
        }
    )


def _execution(response: Foreign) -> Foreign:
    """The execution that the request names.

    Raises:
        ExecutionDoesNotExist, InvalidArn: As the API answers them.
    """
    return response.stepfunction_backend.describe_execution(_parameter(response, "executionArn"))


def _parameter(response: Foreign, name: str) -> Foreign:
    return response._get_param(name)  # noqa: SLF001
