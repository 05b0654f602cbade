"""From the cause that Step Functions gives a failure to the sentence of whoever failed."""

from __future__ import annotations

import json
from typing import Any

LONGEST = 2000


def readable(reason: str) -> str:
    """A reason in which nested causes are reduced to the innermost error and its message.

    A state that failed because a nested execution failed carries the description of that execution as JSON,
    whose own ``Cause`` may be JSON again, down to the error of a function with its stack trace.
    """
    start = reason.find("{")
    if start < 0:
        return reason[:LONGEST]
    try:
        found, length = json.JSONDecoder().raw_decode(reason[start:])
    except ValueError:
        return reason[:LONGEST]
    words = _innermost(found) if isinstance(found, dict) else None
    if words is None:
        return reason[:LONGEST]
    before = reason[:start].removesuffix("States.TaskFailed ")
    return f"{before}{words}{reason[start + length :]}"[:LONGEST]


def _innermost(found: dict[str, Any]) -> str | None:
    if "errorMessage" in found:
        return f"{found.get('errorType', 'Error')}: {found['errorMessage']}"
    if "Error" not in found and "Cause" not in found:
        return None
    cause = str(found.get("Cause", ""))
    try:
        inner = json.loads(cause)
    except ValueError:
        inner = None
    words = _innermost(inner) if isinstance(inner, dict) else None
    return words or f"{found.get('Error', 'Error')}: {cause}".removesuffix(": ")
