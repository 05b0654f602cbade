"""The parts of moto's interpreter that the mends build upon, under one roof.

Everything here is private to moto; a name that vanished makes the import fail, which is the point.
"""

from __future__ import annotations

from typing import TypeAlias

from moto.core.exceptions import ServiceException
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import (
    FailureEventException as MotoFailure,
)

from local.mends.patching import Foreign, load

PARSER = "moto.stepfunctions.parser"
ASL = f"{PARSER}.asl"
COMMON = f"{ASL}.component.common"
STATE = f"{ASL}.component.state"
SERVICE = f"{STATE}.exec.state_task.service"

__all__ = [
    "ASL",
    "COMMON",
    "PARSER",
    "QUERY_EVALUATION_ERROR",
    "SERVICE",
    "STATE",
    "ApiError",
    "Component",
    "Environment",
    "EventDetails",
    "ExecutionStatus",
    "FailureEventException",
    "HistoryEventType",
    "MotoFailure",
    "PlainErrorName",
    "api_error",
    "failure",
]

Environment: TypeAlias = Foreign
"""One frame of a running execution: its variables, its stack, its history."""
Component: TypeAlias = Foreign
"""One parsed piece of a definition."""

FailureEvent = load(f"{COMMON}.error_name.failure_event:FailureEvent")
FailureEventException: Foreign = MotoFailure
EventDetails = load(f"{ASL}.eval.event.event_detail:EventDetails")
HistoryEventType = load(f"{PARSER}.api:HistoryEventType")
ExecutionStatus = load(f"{PARSER}.api:ExecutionStatus")

QUERY_EVALUATION_ERROR = "States.QueryEvaluationError"


class PlainErrorName(ErrorName):
    """An error name without moto's rule that names of services must not begin with `States.`."""


def failure(
    env: Environment, error: str, cause: str, event: str = "TaskFailed", **details: str
) -> MotoFailure:
    """An exception that fails the state which `env` is in.

    Args:
        env: The frame that was evaluating.
        error: The error name that Retry and Catch compare.
        cause: The sentence people read.
        event: The history event's type; its details go under the matching field.
        details: Further fields of the event's details.
    """
    field = f"{event[0].lower()}{event[1:]}EventDetails"
    exception: MotoFailure = FailureEventException(
        failure_event=FailureEvent(
            env=env,
            error_name=PlainErrorName(error_name=error),
            event_type=getattr(HistoryEventType, event),
            event_details=EventDetails(**{field: {"error": error, "cause": cause, **details}}),
        )
    )
    return exception


class ApiError(ServiceException):
    """An error that moto answers in whatever protocol the service speaks."""

    status_code = 400


def api_error(code: str, message: str) -> ApiError:
    """An error of the AWS API, with HTTP status 400."""
    return ApiError(code, message)
