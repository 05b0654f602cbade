"""Read how a one-off task ended and judge it by its exit code."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.workload import OneOffTask
from tidegate.ports import Ports
from tidegate.steps.analysis import last_lines, last_words
from tidegate.steps.guard import stopped_here
from tidegate.steps.run_task import BEFORE_DEPLOY
from tidegate.steps.scope import Scope, scope_of

VISIBLE_AFTER = timedelta(seconds=60)
"""How long ECS may take to know a task that it has started: its API is eventually consistent.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
"""


class Command(BaseModel):
    """``name`` is that of the check, or ``before_deploy``."""

    root: str
    release: str
    service: str
    environment: str
    task: str
    name: str
    container: str
    started_at: datetime
    timeout_seconds: int


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Passed only with exit code 0; a task that ECS has forgotten, or that takes too long, has failed."""
    scope = scope_of(ports, command.release, command.environment)
    target, cluster = scope.environment.target, scope.environment.cluster
    task = ports.tasks.describe(target, cluster, command.task)
    if task is None and ports.clock.now() < command.started_at + VISIBLE_AFTER:
        return _result(command, "running", "ECS does not know the task yet.")
    if task is not None and not task.stopped:
        stopped = stopped_here(scope)
        late = ports.clock.now() >= command.started_at + timedelta(seconds=command.timeout_seconds)
        if not late and stopped is None:
            return _result(command, "running", "The task runs.")
        reason = stopped["reason"] if stopped else f"It took longer than {command.timeout_seconds} s."
        ports.tasks.stop(target, cluster, command.task, reason)
        return _result(command, "failed", f"Task {command.name} was stopped: {reason}")
    if task is None or task.exit_code != 0:
        return _result(
            command, "failed", f"Task {command.name} {_how(task)}.{_last_words(task, scope, ports)}"
        )
    return _result(command, "passed", f"Task {command.name} ended with exit code 0.")


def _result(command: Command, outcome: str, reason: str) -> dict[str, Any]:
    status = {"passed": "passed", "failed": "failed"}.get(outcome, "pending")
    is_check = command.name != BEFORE_DEPLOY
    return {
        "outcome": outcome,
        "reason": reason,
        "evidence": "check" if outcome == "failed" and is_check else None,
        "checks": [{"name": command.name, "status": status, "reason": reason}],
    }


def _how(task: OneOffTask | None) -> str:
    if task is None:
        return "is gone: ECS does not know it any more"
    if task.exit_code is None:
        return f"never ran: {(task.reason or 'ECS gives no reason').rstrip('.')}"
    return f"ended with exit code {task.exit_code}"


def _last_words(task: OneOffTask | None, scope: Scope, ports: Ports) -> str:
    for group, stream in task.log_streams if task else ():
        lines = last_lines(ports, scope, group, stream, 1)
        if lines:
            return last_words(lines[-1])
    return ""
