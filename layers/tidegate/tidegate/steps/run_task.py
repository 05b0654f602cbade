"""Run a one-off task from the new task definition: a migration, or an integration check."""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import BaseModel

from tidegate.domain.service import TaskCheck
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.guard import check_owner
from tidegate.steps.scope import Scope, scope_of

BEFORE_DEPLOY = "before_deploy"


class Command(BaseModel):
    """``purpose`` tells two tasks of one deployment apart; the same purpose runs once per attempt.

    ``command`` comes from executions that were started by an older version only. Since then it is read from
    the manifest: it may have a password in it, and many may read the history of an execution.
    """

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    container: str
    command: list[str] = []
    purpose: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Start the task under the lock; a repeated call finds the one that was started."""
    check_owner(ports, command.service, command.environment, command.root)
    scope = scope_of(ports, command.release, command.environment)
    task = scope.environment.before_deploy
    if command.purpose == BEFORE_DEPLOY and task is not None and task.point_of_no_return:
        # Marked before it starts: a migration that stopped half-way cannot be taken back either.
        ports.releases.mark_point_of_no_return(scope.release.id)
    key = f"{command.root}/{scope.release.attempt}/{command.environment}/{command.purpose}"
    arn = ports.tasks.run(
        scope.environment.target,
        scope.environment.cluster,
        scope.environment.service,
        command.task_definition,
        command.container,
        command.command or _wanted(command, scope),
        key=hashlib.sha256(key.encode()).hexdigest(),
    )
    return {"outcome": "started", "task": arn}


def _wanted(command: Command, scope: Scope) -> list[str]:
    """What the manifest has the task run: before a deployment, or as the check that the purpose names."""
    kind, _, name = command.purpose.partition("/")
    if kind == BEFORE_DEPLOY and scope.environment.before_deploy is not None:
        return list(scope.environment.before_deploy.command)
    for check in scope.environment.checks:
        if isinstance(check, TaskCheck) and check.name == name:
            return list(check.command)
    raise Terminal(f"{scope.service.name} has no task {command.purpose} in {command.environment}.")
