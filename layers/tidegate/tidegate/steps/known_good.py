"""What a service can come back to: the last known good release of the ledger, as long as it can still run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tidegate.domain.deployment import Deployment, RollbackTarget, rollback_target
from tidegate.domain.images import parse_image
from tidegate.domain.task_definition import ADDED_BY_ECS
from tidegate.ports import Ports
from tidegate.steps.scope import Scope

HISTORY = 50


def choose_target(ports: Ports, scope: Scope, wanted: str | None) -> RollbackTarget:
    """The last known good deployment whose images still exist, are not archived and not in quarantine."""
    name = scope.service.name
    latest = ports.deployments.latest(name, scope.environment.name, HISTORY)
    history = [_as_it_came(ports, deployment) for deployment in latest]
    quarantined = frozenset(ports.quarantine.digests(name))
    missing: list[str] = []
    while True:
        choice = rollback_target(
            history, bad_release=scope.release.id, quarantined=quarantined, wanted=wanted
        )
        if choice.deployment is None:
            return RollbackTarget(None, " ".join([*missing, choice.reason]))
        lost = _lost_image(ports, scope, choice.deployment)
        if lost is None:
            return choice
        missing.append(f"{choice.deployment.release} cannot be used: {lost}")
        if choice.deployment.point_of_no_return:
            missing.append("It is marked point of no return: nothing older can run any more.")
            return RollbackTarget(None, " ".join(missing))
        history.remove(choice.deployment)


def active_task_definition(ports: Ports, scope: Scope, deployment: Deployment) -> str:
    """The target's task definition, registered again under a new revision if somebody deregistered it."""
    described = ports.task_definitions.describe(scope.environment.target, deployment.task_definition)
    if described.get("status", "ACTIVE") == "ACTIVE":
        return deployment.task_definition
    again: dict[str, Any] = {key: value for key, value in described.items() if key not in ADDED_BY_ECS}
    if not again.get("tags"):
        again.pop("tags", None)  # RegisterTaskDefinition takes no empty list.
    return ports.task_definitions.register(scope.environment.target, again)


def _as_it_came(ports: Ports, deployment: Deployment) -> Deployment:
    """A deployment is no point of no return when it ended before its migration was started."""
    if not deployment.point_of_no_return:
        return deployment
    release = ports.releases.get(deployment.release)
    if release is None or release.point_of_no_return:
        return deployment
    return replace(deployment, point_of_no_return=False)


def _lost_image(ports: Ports, scope: Scope, deployment: Deployment) -> str | None:
    for image in deployment.images.values():
        name = parse_image(image)
        found = ports.registry.image(scope.environment.target, name.repository, digest=name.digest)
        if found is None:
            return f"its image {name.repository}@{name.digest} no longer exists."
        if found.status != "ACTIVE":
            return f"its image {name.repository}@{name.digest} is {found.status.lower()}."
    return None
