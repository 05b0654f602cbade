"""State transitions of executions, counted from their histories, as they are billed.

https://aws.amazon.com/step-functions/pricing/: a transition each time a step of a workflow is executed,
retries included.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from moto.stepfunctions.parser.models import stepfunctions_parser_backends

# What begins the work of a state that can be retried; more beginnings than entries are retries.
_ENTRIES = ("TaskStateEntered", "ParallelStateEntered", "MapStateEntered")
_BEGINNINGS = (
    "TaskScheduled",
    "LambdaFunctionScheduled",
    "ActivityScheduled",
    "ParallelStateStarted",
    "MapStateStarted",
)


def of_history(types: Counter[str]) -> int:
    """The transitions in a history.

    Args:
        types: How many events of each type there are.
    """
    entered = sum(count for name, count in types.items() if name.endswith("StateEntered"))
    begun, entries = sum(types[name] for name in _BEGINNINGS), sum(types[name] for name in _ENTRIES)
    return entered + max(0, begun - entries)


def of_all_executions(account: str, region: str) -> list[dict[str, Any]]:
    """Name, machine, status, transitions and history length of every execution, oldest first."""
    backend = stepfunctions_parser_backends[account][region]
    executions = [execution for machine in backend.state_machines for execution in machine.executions]
    return [_counted(execution) for execution in sorted(executions, key=lambda one: one.start_date)]


def _counted(execution: Any) -> dict[str, Any]:
    history = execution.to_history_output()["events"] if execution.exec_worker else []
    types = Counter(_text(event["type"]) for event in history)
    return {
        "execution": execution.exec_arn,
        "state_machine": execution.state_machine.name,
        "status": _text(execution.exec_status),
        "transitions": of_history(types),
        "events": len(history),
    }


def _text(value: Any) -> str:
    return str(getattr(value, "value", value))
