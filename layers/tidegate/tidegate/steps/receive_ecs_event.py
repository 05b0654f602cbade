"""Wake whoever waits for a deployment or a task of Amazon ECS."""

from __future__ import annotations

from typing import Any

from tidegate.contracts.events import EcsStateChange
from tidegate.ports import Ports
from tidegate.steps.resume import wake

DECISIVE = frozenset({"SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED"})
"""After the third, SERVICE_DEPLOYMENT_IN_PROGRESS, there is nothing to read yet."""
PAUSED = frozenset({"HOOK_AWAITING_ACTION", "HOOK_TIMED_OUT"})
"""A blue/green deployment waits for an answer, or has waited in vain."""


class Command(EcsStateChange):
    """An `ECS Deployment State Change`, `ECS Hook State Change` or `ECS Task State Change` event."""


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Wake those who wait, at the cost of one query, because most of these events concern nobody here.

    What the event says is not believed: COMPLETED also comes when ECS has completed a rollback.

    Returns:
        ``woken``: how many were waiting; or ``ignored``: ``not_decisive`` or ``nobody_waits``.
    """
    subject = _subject(command)
    if subject is None:
        return {"ignored": "not_decisive"}
    woken = wake(ports, subject, command.detail.event_name or command.detail.last_status)
    return {"woken": woken} if woken else {"ignored": "nobody_waits"}


def _subject(command: Command) -> str | None:
    detail = command.detail
    if detail.task:
        return f"task/{detail.task}" if detail.last_status == "STOPPED" else None
    if detail.event_name in PAUSED and detail.service:
        return f"service-deployment/{detail.service}"
    if detail.event_name in DECISIVE and command.resources:
        return f"service-deployment/{command.resources[0]}"
    return None
