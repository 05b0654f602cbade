"""Who is told when an execution changes its status, and what: the documented EventBridge event.

https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html
"""

from __future__ import annotations

import datetime
import json
import logging
from collections.abc import Callable
from typing import TypeAlias

from local.mends.patching import Foreign

Json: TypeAlias = object
Execution: TypeAlias = Foreign

on_status_change: list[Callable[[dict[str, Json]], None]] = []
"""Called in the execution's own thread, in order, for RUNNING and for the end; must return soon."""

_LONGEST_EVENT_DATA = 248 * 1024
_LOG = logging.getLogger(__name__)


def tell(execution: Execution, status: str) -> None:
    """Call every listener; the fault of one is not the execution's."""
    detail = status_change(execution, status)
    for listener in on_status_change:
        try:
            listener(detail)
        except Exception:  # noqa: BLE001 - a listener's fault is not the execution's
            _LOG.exception("A listener failed on %s of %s", status, execution.exec_arn)


def status_change(execution: Execution, status: str) -> dict[str, Json]:
    """The detail of the event "Step Functions Execution Status Change".

    Input and output are left out when together they are too large for an event, as documented.
    """
    stopped = None if status == "RUNNING" else _millis(execution.stop_date)
    output = output_text(execution) if status == "SUCCEEDED" else None
    redrivable = status in {"FAILED", "TIMED_OUT", "ABORTED"}
    included = len((execution.execution_input + (output or "")).encode()) <= _LONGEST_EVENT_DATA
    return {
        "executionArn": execution.exec_arn,
        "stateMachineArn": execution.state_machine.arn,
        "name": execution.name,
        "status": status,
        "startDate": _millis(execution.start_date),
        "stopDate": stopped,
        "input": execution.execution_input if included else None,
        "output": output if included else None,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
        "redriveStatusReason": None if redrivable else f"Execution is {status} and cannot be redriven",
        "inputDetails": {"included": included},
        "outputDetails": {"included": included} if output is not None else None,
        "error": execution.error,
        "cause": execution.cause,
    }


def output_text(execution: Execution) -> str:
    """The output of a succeeded execution as JSON text."""
    return json.dumps(execution.output, separators=(",", ":"), default=str)


def _millis(moment: datetime.datetime) -> int:
    return int(moment.timestamp() * 1000)
