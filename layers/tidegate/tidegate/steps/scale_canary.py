"""Make what a canary needs before its first request: pulse, held scaling, its service, its first tasks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import BaseModel

from tidegate.domain.canary import Canary, canary_service
from tidegate.domain.scaling import held
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.canaries import change, ensure_pulse, open_canary, settings_of
from tidegate.steps.canary_capacity import prepare
from tidegate.steps.guard import check_owner, stopped_here
from tidegate.steps.scope import Scope, scope_of


class Command(BaseModel):
    """What every step of a deployment is told."""

    root: str
    release: str
    service: str
    environment: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """The pulse first: from then on somebody cleans up whatever happens to the machine.

    Each piece is idempotent. A release that was told to stop, or a canary that is being taken back, is left
    alone: the state that follows sees it.
    """
    scope = scope_of(ports, command.release, command.environment)
    canary = open_canary(ports, scope)
    if canary.phase != "preparing" or canary.step >= 0:
        return {"outcome": "scaled", "reason": "The canary has its first tasks already."}
    if stopped_here(scope) is not None:
        return {"outcome": "stopped", "reason": "The release was told to stop."}
    ensure_pulse(ports, canary)
    canary = _hold(ports, scope, canary)
    _create(ports, scope, canary)
    needed = prepare(ports, scope, canary, settings_of(scope).steps[0].weight)
    return {"outcome": "scaled", "reason": f"{needed} tasks are being started for the first step."}


def _hold(ports: Ports, scope: Scope, canary: Canary) -> Canary:
    """Keep the stable side from losing tasks; noted first, so that it is never held without being known."""
    if canary.scaling is None:
        return canary
    canary = change(ports, canary, lambda each: each if each.over else replace(each, held=True))
    if canary.over:
        raise Terminal(f"The canary of {canary.service} is being taken back.")
    environment = scope.environment
    place = (environment.target, environment.cluster, environment.service)
    live = ports.scaling.describe(*place)
    if live is not None and live.suspended != held(live.suspended):
        check_owner(ports, canary.service, canary.environment, canary.root)
        ports.scaling.suspend(*place, held(live.suspended))
    return canary


def _create(ports: Ports, scope: Scope, canary: Canary) -> None:
    """Let the canary service exist: made once, kept at no tasks between deployments."""
    environment, settings = scope.environment, settings_of(scope)
    place, name = (environment.target, environment.cluster), canary_service(environment.service)
    if ports.services.describe(*place, name) is not None:
        return
    check_owner(ports, canary.service, canary.environment, canary.root)
    ports.services.create_canary(
        *place,
        environment.service,
        name,
        canary.task_definition,
        {settings.target_group: settings.canary_target_group},
    )
