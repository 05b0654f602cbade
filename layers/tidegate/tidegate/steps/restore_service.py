"""Bring a service one step nearer to its last known good release, and say how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain import verification
from tidegate.domain.deployment import Deployment, RollbackTarget, rollback_target
from tidegate.domain.images import parse_image
from tidegate.domain.rollout import assess
from tidegate.domain.workload import ServiceDeployment, ServiceState
from tidegate.ports import Ports
from tidegate.steps.guard import check_owner
from tidegate.steps.scope import Scope, scope_of
from tidegate.steps.verify_deployment import GRACE, look

HISTORY = 50


class Command(BaseModel):
    """``cause`` is why; ``target`` the release to come back to, if somebody asked for one."""

    root: str
    release: str
    service: str
    environment: str
    cause: dict[str, Any]
    started_at: datetime
    target: str | None = None


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Stop what is in flight, deploy the target, verify it: whichever of these comes next.

    Idempotent: it reads the world first and does only what is missing. Repeated until it returns
    ``rolled_back`` or ``failed``; ``restoring`` waits for ECS, ``settling`` for health.
    """
    scope = scope_of(ports, command.release, command.environment)
    environment = scope.environment
    place = (environment.target, environment.cluster, environment.service)
    state = ports.services.describe(*place)
    if state is None:
        return _result(
            "failed", "The ECS service, or its cluster, is gone; there is nothing to restore.", None
        )
    choice = choose_target(ports, scope, command.target)
    if choice.deployment is None:
        return _result("failed", f"{choice.reason} People must decide.", None, state.task_definition)
    arn = _active(ports, scope, choice.deployment)
    deployments = ports.services.deployments(*place)
    if _stop_what_is_in_flight(command, ports, scope, deployments, arn):
        return _result("restoring", "ECS takes the deployment in flight back.", choice.deployment, arn)
    return _bring_back(command, ports, scope, state, deployments, choice.deployment, arn)


def choose_target(ports: Ports, scope: Scope, wanted: str | None) -> RollbackTarget:
    """The last known good deployment whose images still exist, are not archived and not in quarantine."""
    name = scope.service.name
    history = list(ports.deployments.latest(name, scope.environment.name, HISTORY))
    quarantined = frozenset(ports.quarantine.digests(name))
    missing: list[str] = []
    while True:
        choice = rollback_target(
            history, bad_release=scope.release.id, quarantined=quarantined, wanted=wanted
        )
        if choice.deployment is None:
            reason = " ".join([*missing, choice.reason])
            return RollbackTarget(None, reason)
        lost = _lost_image(ports, scope, choice.deployment)
        if lost is None:
            return choice
        missing.append(f"{choice.deployment.release} cannot be used: {lost}")
        history.remove(choice.deployment)


def _lost_image(ports: Ports, scope: Scope, deployment: Deployment) -> str | None:
    for image in deployment.images.values():
        name = parse_image(image)
        found = ports.registry.image(scope.environment.target, name.repository, digest=name.digest)
        if found is None:
            return f"its image {name.repository}@{name.digest} no longer exists."
        if found.status != "ACTIVE":
            return f"its image {name.repository}@{name.digest} is {found.status.lower()}."
    return None


def _active(ports: Ports, scope: Scope, deployment: Deployment) -> str:
    """The target's task definition, registered again under a new revision if somebody deregistered it."""
    described = ports.task_definitions.describe(scope.environment.target, deployment.task_definition)
    if described.get("status", "ACTIVE") == "ACTIVE":
        return deployment.task_definition
    return ports.task_definitions.register(scope.environment.target, described)


def _stop_what_is_in_flight(
    command: Command, ports: Ports, scope: Scope, deployments: Sequence[ServiceDeployment], arn: str
) -> bool:
    """Whether ECS still works on something else than the target; it is told to take that back."""
    newest = deployments[0] if deployments else None
    if newest is None or not newest.in_flight or newest.task_definition == arn:
        return False
    if newest.status in ("PENDING", "IN_PROGRESS"):
        check_owner(ports, command.service, command.environment, command.root)
        ports.services.stop(scope.environment.target, newest.arn)
    return True


def _bring_back(
    command: Command,
    ports: Ports,
    scope: Scope,
    state: ServiceState,
    deployments: Sequence[ServiceDeployment],
    target: Deployment,
    arn: str,
) -> dict[str, Any]:
    environment = scope.environment
    now = ports.clock.now()
    deadline = command.started_at + timedelta(seconds=environment.strategy.timeout_seconds)
    rollout = assess(
        state, deployments, task_definition=arn, since=command.started_at, now=now, deadline=deadline
    )
    if state.task_definition != arn:
        if rollout.deployment is not None and not rollout.deployment.in_flight:
            return _result("failed", f"The rollback itself failed: {rollout.reason}", target, arn)
        check_owner(ports, command.service, command.environment, command.root)
        place = (environment.target, environment.cluster, environment.service)
        ports.services.deploy(*place, arn, environment.strategy)
        return _result("restoring", f"ECS deploys {target.release} again.", target, arn)
    if rollout.outcome == "in_progress":
        return _result("restoring", rollout.reason, target, arn)
    if rollout.outcome != "succeeded":
        return _result("failed", f"The rollback itself failed: {rollout.reason}", target, arn)
    return _settle(ports, scope, target, arn, late=now >= deadline + GRACE)


def _settle(ports: Ports, scope: Scope, target: Deployment, arn: str, *, late: bool) -> dict[str, Any]:
    digests = {name: image.rpartition("@")[2] for name, image in target.images.items()}
    checks = [
        check for check in look(ports, scope, arn, digests) if not check.name.startswith("alarm ")
    ]  # The alarm that brought us here is still red for a while.
    status = verification.outcome(checks)
    if status == "passed":
        result = _result("rolled_back", f"{scope.environment.name} runs {target.release} again.", target, arn)
    elif status == "pending" and not late:
        result = _result("settling", verification.sentence(checks, "pending"), target, arn)
    else:
        words = verification.sentence(checks, "failed") or verification.sentence(checks, "pending")
        result = _result(
            "failed", f"{target.release} was brought back but is not healthy: {words}", target, arn
        )
    return {**result, "checks": [asdict(check) for check in checks]}


def _result(outcome: str, reason: str, target: Deployment | None, arn: str | None = None) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "reason": reason[:2000],
        "task_definition": arn,
        "to_release": target.release if target else None,
        "to_images": target.images if target else {},
        "checks": [],
    }
