"""Wait until a one-off task has stopped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.ports import Ports, Wait
from tidegate.steps.guard import stopped_here
from tidegate.steps.scope import scope_of

KEEP = timedelta(days=1)


class Command(BaseModel):
    """``token`` is the task token; ``waiter`` names the waiting state."""

    root: str
    release: str
    service: str
    environment: str
    task: str
    token: str
    waiter: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Store the token, then look at the task: it may have stopped before we listened.

    A task that ECS does not know may have been started a moment ago, so it is waited for all the same:
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RunTask.html
    """
    now = ports.clock.now()
    wait = Wait(subject(command.task), command.waiter, command.token, command.release, now, now + KEEP)
    ports.waits.put(wait)
    scope = scope_of(ports, command.release, command.environment)
    task = ports.tasks.describe(scope.environment.target, scope.environment.cluster, command.task)
    if (task is not None and task.stopped) or stopped_here(scope) is not None:
        ports.machines.resume(command.token, {"signal": "already"})
        ports.waits.remove(wait)
    return {"outcome": "waiting"}


def subject(task: str) -> str:
    """What a machine that waits for a task waits for."""
    return f"task/{task}"
