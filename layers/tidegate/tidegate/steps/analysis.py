"""Why something failed: stop reasons, exit codes, last log lines, target health; kept as evidence.

What cannot be read is noted and left out: an analysis must not turn a decision into an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from tidegate.domain.workload import TaskState
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports
from tidegate.steps.scope import Scope

T = TypeVar("T")

LOG_LINES = 20
TASKS = 3
LONGEST_LINE = 300


class _Reading:
    """Reads what it can, and keeps the sentences of what it could not read."""

    def __init__(self) -> None:
        self.unread: list[str] = []

    def read(self, what: str, call: Callable[[], T]) -> T | None:
        """The result of a call; None when it fails."""
        try:
            return call()
        except (Transient, Terminal) as error:
            self.unread.append(f"{what}: {error}")
            return None


def analyse(ports: Ports, scope: Scope, task_definition: str, *, since: datetime, name: str) -> str:
    """Collect what the world says of a failure, store it, and return it as sentences (with a leading space).

    Args:
        ports: The world.
        scope: The release and the environment.
        task_definition: The ARN that failed.
        since: Tasks that stopped before are somebody else's history.
        name: What failed, for the name of the evidence.
    """
    environment, reading = scope.environment, _Reading()
    place = (environment.target, environment.cluster, environment.service)
    stopped = reading.read("stopped tasks", partial(ports.services.tasks, *place, stopped=True))
    state = reading.read("service", partial(ports.services.describe, *place))
    tasks = [_task(ports, scope, task, reading) for task in _failed(stopped or (), task_definition, since)]
    document: dict[str, Any] = {
        "release": scope.release.id,
        "environment": environment.name,
        "task_definition": task_definition,
        "stopped_tasks": tasks,
        "targets": _targets(ports, scope, state.target_groups if state else (), reading),
        "events": list(state.events[:10]) if state else [],
        "could_not_be_read": reading.unread,
    }
    key = f"{scope.service.name}/{scope.release.id}/{environment.name}/{scope.release.attempt}/{name}.json"
    address = reading.read("evidence", partial(ports.evidence.put, key, document))
    return _words(tasks) + (f" {kept_at(address)}" if address else "")


def kept_at(address: str) -> str:
    """Where the evidence lies, as a sentence: a reason may go on after it."""
    return f"Evidence: {address.rstrip('.')}."


def last_words(line: str) -> str:
    """The last line that a task has logged, as a sentence with a leading space."""
    return f' Its last line: "{line.strip()[:LONGEST_LINE]}".'


def last_lines(ports: Ports, scope: Scope, group: str, stream: str, lines: int) -> tuple[str, ...]:
    """The last lines of a log stream; none when it cannot be read."""
    return _tail(ports, scope, group, stream, lines, _Reading())


def _tail(
    ports: Ports, scope: Scope, group: str, stream: str, lines: int, reading: _Reading
) -> tuple[str, ...]:
    call = partial(ports.logs.tail, scope.environment.target, group, stream, lines)
    return reading.read(stream, call) or ()


def _failed(stopped: tuple[TaskState, ...], task_definition: str, since: datetime) -> list[TaskState]:
    return [
        task
        for task in stopped
        if task.task_definition == task_definition and (task.stopped_at is None or task.stopped_at >= since)
    ][:TASKS]


def _targets(
    ports: Ports, scope: Scope, groups: tuple[str, ...], reading: _Reading
) -> dict[str, list[dict[str, Any]]]:
    health = partial(ports.target_groups.health, scope.environment.target)
    return {
        group: [asdict(each) for each in reading.read(group, partial(health, group)) or ()]
        for group in groups
    }


def _task(ports: Ports, scope: Scope, task: TaskState, reading: _Reading) -> dict[str, Any]:
    logs = {
        stream: list(_tail(ports, scope, group, stream, LOG_LINES, reading))
        for group, stream in task.log_streams
    }
    return {
        "task": task.arn,
        "stop_code": task.stop_code,
        "stopped_reason": task.stopped_reason,
        "containers": [asdict(container) for container in task.containers],
        "logs": logs,
    }


def _words(tasks: list[dict[str, Any]]) -> str:
    if not tasks:
        return ""
    first = tasks[0]
    why = first["stopped_reason"] or first["stop_code"] or "ECS gives no reason"
    text = f" Task {first['task'].rpartition('/')[2]} stopped: {str(why).rstrip('.')}."
    for container in first["containers"]:
        if container["exit_code"]:
            text += f" Container {container['name']} ended with exit code {container['exit_code']}."
    lines = [lines[-1] for lines in first["logs"].values() if lines]
    return text + (last_words(lines[0]) if lines else "")
