"""Start the native rolling deployment of a task definition."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.ports import Ports
from tidegate.steps.guard import check_owner
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

    Past a point of no return ECS must not go back by itself, so rollback is then off.
    """
    scope = scope_of(ports, command.release, command.environment)
    environment = scope.environment
    place = (environment.target, environment.cluster, environment.service)
    state = ports.services.describe(*place)
    if state is None:
        return _result(
            "failed", f"There is no active service {environment.service} in {environment.cluster}."
        )
    if state.task_definition != command.task_definition:
        check_owner(ports, command.service, command.environment, command.root)
        ports.services.deploy(
            *place,
            command.task_definition,
            environment.strategy,
            roll_back=not scope.release.point_of_no_return,
        )
    return _result("started", f"ECS deploys {command.task_definition.rpartition('/')[2]}.")


def _result(outcome: str, reason: str) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason, "evidence": None}
