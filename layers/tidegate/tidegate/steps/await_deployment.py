"""Wait until a deployment of ECS has come to something."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.strategy import BlueGreenSettings
from tidegate.ports import Ports, Wait
from tidegate.steps.blue_green import move_of
from tidegate.steps.canaries import canary_of
from tidegate.steps.guard import stopped_here
from tidegate.steps.read_deployment import read
from tidegate.steps.restoring import WAITING, progress
from tidegate.steps.scope import scope_of

KEEP = timedelta(days=2)


class Command(BaseModel):
    """``token`` is the task token; ``restoring``: a stop signal does not end this wait."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    started_at: datetime
    token: str
    waiter: str
    restoring: bool = False


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Store the token, then read everything again: what decides may have come before we listened."""
    scope = scope_of(ports, command.release, command.environment)
    environment = scope.environment
    state = ports.services.describe(environment.target, environment.cluster, environment.service)
    wait: Wait | None = None
    if state is not None:
        now = ports.clock.now()
        wait = Wait(subject(state.arn), command.waiter, command.token, command.release, now, now + KEEP)
        ports.waits.put(wait)
    if wait is None or _is_decided(command, ports):
        ports.machines.resume(command.token, {"signal": "already"})
        if wait is not None:
            ports.waits.remove(wait)
    return {"outcome": "waiting"}


def _is_decided(command: Command, ports: Ports) -> bool:
    scope = scope_of(ports, command.release, command.environment)
    if command.restoring:
        return progress(ports, scope, command.task_definition, command.started_at).phase not in WAITING
    rollout = read(ports, scope, command.task_definition, command.started_at)
    if isinstance(scope.environment.strategy, BlueGreenSettings):
        # One that was told to stop is waited for until ECS has gone back.
        return move_of(scope, canary_of(ports, scope), rollout).outcome != "in_progress"
    return rollout.outcome != "in_progress" or stopped_here(scope) is not None


def subject(service_arn: str) -> str:
    """What a machine that waits for a deployment waits for; the events of ECS name only the service."""
    return f"service-deployment/{service_arn}"
