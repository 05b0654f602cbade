"""Why something failed: stop reasons, exit codes, last log lines, target health; kept as evidence."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from tidegate.domain.workload import TaskState
from tidegate.ports import Ports
from tidegate.steps.scope import Scope

LOG_LINES = 20
TASKS = 3


def analyse(ports: Ports, scope: Scope, task_definition: str, *, since: datetime, name: str) -> str:
    """Collect what the world says of a failure, store it, and return it as sentences (with a leading space).

    Args:
        ports: The world.
        scope: The release and the environment.
        task_definition: The ARN that failed.
        since: Tasks that stopped before are somebody else's history.
        name: What failed, for the name of the evidence.
    """
    environment = scope.environment
    place = (environment.target, environment.cluster, environment.service)
    stopped = [
        task
        for task in ports.services.tasks(*place, stopped=True)
        if task.task_definition == task_definition and (task.stopped_at is None or task.stopped_at >= since)
    ][:TASKS]
    state = ports.services.describe(*place)
    targets = {
        group: [asdict(each) for each in ports.target_groups.health(environment.target, group)]
        for group in (state.target_groups if state else ())
    }
    tasks = [_task(ports, scope, task) for task in stopped]
    document: dict[str, Any] = {
        "release": scope.release.id,
        "environment": environment.name,
        "task_definition": task_definition,
        "stopped_tasks": tasks,
        "targets": targets,
        "events": list(state.events[:10]) if state else [],
    }
    key = f"{scope.service.name}/{scope.release.id}/{environment.name}/{scope.release.attempt}/{name}.json"
    address = ports.evidence.put(key, document)
    return f"{_words(tasks)} Evidence: {address}"


def _task(ports: Ports, scope: Scope, task: TaskState) -> dict[str, Any]:
    logs = {
        stream: list(ports.logs.tail(scope.environment.target, group, stream, LOG_LINES))
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
    text = (
        f" Task {first['task'].rpartition('/')[2]} stopped: {first['stopped_reason'] or first['stop_code']}."
    )
    for container in first["containers"]:
        if container["exit_code"]:
            text += f" Container {container['name']} ended with exit code {container['exit_code']}."
    lines = [lines[-1] for lines in first["logs"].values() if lines]
    return text + (f" Its last line: {lines[0][:300]}" if lines else "")
