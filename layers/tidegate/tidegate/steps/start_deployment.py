"""Start the native deployment of a task definition, rolling or blue/green."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.domain.strategy import native
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.guard import check_owner, stopped_here
from tidegate.steps.scope import scope_of


class Command(BaseModel):
    """``task_definition`` is the ARN to deploy."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Update the service unless it has this task definition already: UpdateService knows no client token.

    A release that was told to stop meanwhile begins nothing. Past a point of no return it goes on, and ECS
    must not go back by itself either, so rollback is then off.

    Raises:
        Terminal: there is no active service: nothing has begun that could be waited for.
    """
    scope = scope_of(ports, command.release, command.environment)
    stopped = stopped_here(scope)
    if stopped is not None:
        return {**stopped, "evidence": None}
    environment = scope.environment
    place = (environment.target, environment.cluster, environment.service)
    state = ports.services.describe(*place)
    if state is None:
        raise Terminal(f"There is no active service {environment.service} in {environment.cluster}.")
    if state.task_definition != command.task_definition:
        check_owner(ports, command.service, command.environment, command.root)
        ports.services.deploy(
            *place,
            command.task_definition,
            native(environment.strategy),
            roll_back=not scope.past_no_return,
        )
    name = command.task_definition.rpartition("/")[2]
    return {"outcome": "started", "reason": f"ECS deploys {name}.", "evidence": None}
