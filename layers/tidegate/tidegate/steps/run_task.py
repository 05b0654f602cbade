"""Run a one-off task from the new task definition: a migration, or an integration check."""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import BaseModel

from tidegate.ports import Ports
from tidegate.steps.guard import check_owner
from tidegate.steps.scope import scope_of

BEFORE_DEPLOY = "before_deploy"


class Command(BaseModel):
    """``purpose`` tells two tasks of one deployment apart; the same purpose runs once per attempt."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    container: str
    command: list[str]
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
        command.command,
        key=hashlib.sha256(key.encode()).hexdigest(),
    )
    return {"outcome": "started", "task": arn}
