"""Tell ECS to take a deployment back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from tidegate.domain.blue_green import UNDER_WAY
from tidegate.ports import Ports
from tidegate.steps.guard import check_owner
from tidegate.steps.read_deployment import read
from tidegate.steps.scope import scope_of


class Command(BaseModel):
    """``started_at`` is when the strategy began: older deployments are not ours."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    started_at: datetime


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Stop the deployment of this task definition with ROLLBACK, unless it goes back already or has ended."""
    scope = scope_of(ports, command.release, command.environment)
    deployment = read(ports, scope, command.task_definition, command.started_at).deployment
    if deployment is not None and deployment.status in UNDER_WAY:
        check_owner(ports, command.service, command.environment, command.root)
        ports.services.stop(scope.environment.target, deployment.arn)
    return {"outcome": "stopped", "reason": "ECS takes the deployment back."}
