"""Tasks for a share of the traffic: made before it is given, and kept as the stable service scales."""

from __future__ import annotations

from tidegate.domain.canary import Canary, canary_service, tasks_for
from tidegate.domain.scaling import ServiceScaling, retargeted
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.canaries import settings_of
from tidegate.steps.guard import check_owner
from tidegate.steps.scope import Scope


def prepare(ports: Ports, scope: Scope, canary: Canary, percent: float) -> int:
    """Let the canary service have the tasks that a share of the traffic needs.

    Counted from what the stable service wants now. The canary is only ever made larger: its own scaling may
    have found that it needs more. Idempotent; the caller is, or works for, the root execution of the canary.

    Args:
        ports: The world.
        scope: The canary's release and environment.
        canary: The record.
        percent: The share.

    Returns:
        How many tasks are needed.

    Raises:
        Terminal: one of the two services is gone, or the lock is no longer the canary's.
    """
    environment = scope.environment
    place, name = (environment.target, environment.cluster), canary_service(environment.service)
    stable = ports.services.describe(*place, environment.service)
    state = ports.services.describe(*place, name)
    if stable is None or state is None:
        gone = environment.service if stable is None else name
        raise Terminal(f"There is no active service {gone} in {environment.cluster}.")
    needed = tasks_for(stable.desired, percent)
    is_ours = state.task_definition == canary.task_definition
    if not is_ours or state.desired < needed:
        check_owner(ports, canary.service, canary.environment, canary.root)
        desired = max(needed, state.desired) if is_ours else needed
        ports.services.resize(*place, name, desired, task_definition=canary.task_definition)
    if canary.scaling is not None:
        _scale(ports, scope, canary, canary.scaling, needed)
    return needed


def _scale(ports: Ports, scope: Scope, canary: Canary, stable: ServiceScaling, needed: int) -> None:
    """Let the canary scale as the stable service does, and never below what its traffic needs."""
    environment, settings = scope.environment, settings_of(scope)
    place = (environment.target, environment.cluster, canary_service(environment.service))
    wanted = retargeted(
        stable,
        needed,
        {environment.service: canary_service(environment.service)},
        {settings.target_group: settings.canary_target_group},
    )
    live = ports.scaling.describe(*place)
    if live is None or _shape(live) != _shape(wanted):
        check_owner(ports, canary.service, canary.environment, canary.root)
        ports.scaling.put(*place, wanted)


def _shape(scaling: ServiceScaling) -> tuple[int, int, int]:
    """Bounds and number of policies: their settings are given once, AWS adds to them what it likes."""
    return scaling.minimum, scaling.maximum, len(scaling.policies)
