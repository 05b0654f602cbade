"""Make an environment ready for a release, under its lock."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from pydantic import BaseModel

from tidegate.domain import task_definition
from tidegate.domain.approval import ApprovalStatus
from tidegate.domain.deployment import Deployment, deployment_id
from tidegate.domain.images import pinned
from tidegate.domain.lock import Lock
from tidegate.domain.outcome import Outcome
from tidegate.domain.strategy import BlueGreenSettings, CanarySettings
from tidegate.domain.workload import ServiceState
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps import blue_green
from tidegate.steps.canary_preflight import obstacle
from tidegate.steps.guard import check_owner, told_to_stop
from tidegate.steps.scope import Scope, scope_of


class Command(BaseModel):
    """``approval`` is the id of the approval under which this may be done, if one was needed."""

    root: str
    release: str
    service: str
    environment: str
    approval: str | None = None


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Check everything that may have changed while people thought, register, and open the deployment.

    The touch is the border: before it nothing has been changed and the release may still be superseded; after
    it every failure ends in a restore. Idempotent: the deployment's id comes from the lock.
    """
    lock = check_owner(ports, command.service, command.environment, command.root)
    scope = scope_of(ports, command.release, command.environment)
    environment = scope.environment
    state = ports.services.describe(environment.target, environment.cluster, environment.service)
    if state is None:
        where = f"service {environment.service} in cluster {environment.cluster}"
        return {"outcome": "failed", "reason": f"There is no active {where}."}
    if state.desired == 0:
        reason = f"The desired count of {environment.service} in {environment.cluster} is 0"
        return {"outcome": "failed", "reason": f"{reason}: nothing would prove that the release works."}
    refusal = told_to_stop(scope.release) or _refusal(scope, state, command, ports)
    if refusal is not None:
        return refusal
    images = pinned_images(ports, scope)
    arn = ports.task_definitions.register(environment.target, render(scope, images))
    if not ports.releases.touch(scope.release.id, environment.name, production=environment.production):
        return told_to_stop(scope_of(ports, command.release, command.environment).release) or {
            "outcome": "failed",
            "reason": "The release had ended before its environment was entered.",
        }
    _close_what_was_left_open(scope, command, ports, lock)
    deployment = ports.deployments.open(_deployment(scope, command, ports, state, lock, arn, images))
    _check_still_ours(command, ports, deployment)
    return {
        "outcome": "ready",
        "reason": f"{environment.name} is ready for {scope.release.id}.",
        "task_definition": arn,
        "deployment": deployment.id,
        "before_deploy": _before_deploy(scope),
    }


def pinned_images(ports: Ports, scope: Scope) -> dict[str, str]:
    """Container name to ``repository uri@sha256:…`` for every container of the release."""
    target = scope.environment.target
    return {
        name: pinned(ports.registry.uri(target, image.repository), image.digest)
        for name, image in sorted(scope.release.images.items())
    }


def render(scope: Scope, images: dict[str, str]) -> dict[str, Any]:
    """The RegisterTaskDefinition request for this release in this environment."""
    tags = {
        "tidegate:service": scope.service.name,
        "tidegate:release": scope.release.id,
        "tidegate:manifest-revision": str(scope.release.revision),
    }
    return task_definition.render(
        scope.service.task_definition,
        scope.environment.overrides,
        images,
        scope.service.family(scope.environment.name),
        tags,
    )


def _refusal(scope: Scope, state: ServiceState, command: Command, ports: Ports) -> dict[str, Any] | None:
    bad = ports.quarantine.digests(scope.service.name)
    for name, digest in scope.release.digests.items():
        if digest in bad:
            return {"outcome": "rejected", "reason": f"The image of {name} is in quarantine: {bad[digest]}"}
    return (
        _unapproved(scope, state, command, ports)
        or _red_alarms(scope, ports)
        or _no_canary(scope, state, ports)
        or _no_switch(scope, state, ports)
    )


def _no_canary(scope: Scope, state: ServiceState, ports: Ports) -> dict[str, Any] | None:
    """Why the canary that the strategy wants could not begin: better known before a migration than after.

    What is left of the canary before is seen to when this one is planned.
    """
    if not isinstance(scope.environment.strategy, CanarySettings) or scope.past_no_return:
        return None
    before = ports.canaries.get(scope.service.name, scope.environment.name)
    if before is not None and before.phase != "ended":
        return None
    sentence = obstacle(ports, scope, state)
    return {"outcome": "failed", "reason": sentence} if sentence else None


def _no_switch(scope: Scope, state: ServiceState, ports: Ports) -> dict[str, Any] | None:
    """The same for blue/green."""
    if not isinstance(scope.environment.strategy, BlueGreenSettings):
        return None
    sentence = blue_green.obstacle(ports, scope, state)
    return {"outcome": "failed", "reason": sentence} if sentence else None


def _unapproved(scope: Scope, state: ServiceState, command: Command, ports: Ports) -> dict[str, Any] | None:
    """An approval is good for these images and this definition, here, over what ran when it was asked for."""
    if command.approval is None:
        if scope.environment.approval is None:
            return None
        return {"outcome": "failed", "reason": f"{scope.environment.name} needs an approval."}
    approval = ports.approvals.get(command.approval)
    place = (scope.release.id, scope.environment.name, scope.release.digests)
    if approval is None or (approval.release, approval.environment, approval.digests) != place:
        return {"outcome": "failed", "reason": "The approval is not for these images here."}
    if approval.status is not ApprovalStatus.APPROVED:
        return {"outcome": "failed", "reason": f"The approval is {approval.status}, not approved."}
    if approval.from_task_definition != state.task_definition:
        reason = f"{state.task_definition} runs now, not what the approver saw; the approval is void."
        return {"outcome": "from_changed", "reason": reason}
    if approval.difference is not None:
        would_be = task_definition.fingerprint(render(scope, pinned_images(ports, scope)))
        if would_be != approval.difference:
            reason = "What would be deployed is no longer what the approver saw; the approval is void."
            return {"outcome": "from_changed", "reason": reason}
    return None


def _red_alarms(scope: Scope, ports: Ports) -> dict[str, Any] | None:
    """ECS ignores an alarm that is red when a deployment starts, so the manifest decides before it does."""
    alarms = scope.environment.strategy.alarms
    if not alarms.names or alarms.when_already_in_alarm == "accept":
        return None
    states = ports.alarms.states(scope.environment.target, alarms.names)
    red = [name for name in alarms.names if states.get(name) == "ALARM"]
    missing = [name for name in alarms.names if name not in states]
    if not red and not missing:
        return None
    what = f"in ALARM already: {', '.join(red)}" if red else f"not there: {', '.join(missing)}"
    return {"outcome": "failed", "reason": f"Alarms of {scope.environment.name} are {what}."}


def _close_what_was_left_open(scope: Scope, command: Command, ports: Ports, lock: Lock) -> None:
    """Under our lock nobody else deploys here: what is still open was left by an execution that is gone.

    Unless it is we who are gone, and this function has outlived its execution: newer fences are left alone.
    """
    for deployment in ports.deployments.latest(scope.service.name, scope.environment.name):
        older = deployment.execution != command.root and deployment.fence < lock.fence
        if deployment.outcome is None and older:
            reason = "Its execution ended before it recorded how the deployment ended."
            now = ports.clock.now()
            ports.deployments.close(replace(deployment, outcome=Outcome.FAILED, reason=reason, ended_at=now))


def _check_still_ours(command: Command, ports: Ports, deployment: Deployment) -> None:
    """Close again what was opened by a function that has outlived its execution, and so lost its lock.

    Raises:
        Terminal: it has.
    """
    lock = ports.locks.holder(command.service, command.environment)
    if lock is not None and lock.owner == command.root:
        return
    reason, now = "Its execution had lost the lock when it was opened.", ports.clock.now()
    ports.deployments.close(replace(deployment, outcome=Outcome.FAILED, reason=reason, ended_at=now))
    raise Terminal(f"{reason} {deployment.environment} belongs to {lock.owner if lock else 'nobody'}.")


def _deployment(
    scope: Scope,
    command: Command,
    ports: Ports,
    state: ServiceState,
    lock: Lock,
    arn: str,
    images: dict[str, str],
) -> Deployment:
    environment, release = scope.environment, scope.release
    approval = ports.approvals.get(command.approval) if command.approval else None
    before = ports.task_definitions.describe(environment.target, state.task_definition)
    return Deployment(
        id=deployment_id(lock.acquired_at, release.id, release.attempt),
        tags=release.tags,
        release=release.id,
        service=scope.service.name,
        environment=environment.name,
        revision=release.revision,
        strategy=environment.strategy.name,
        task_definition=arn,
        images=images,
        opened_at=lock.acquired_at,
        execution=command.root,
        attempt=release.attempt,
        production=environment.production,
        from_task_definition=state.task_definition,
        from_images=_images(before),
        point_of_no_return=bool(environment.before_deploy and environment.before_deploy.point_of_no_return),
        approved_by=approval.approved_by if approval else None,
        fence=lock.fence,
    )


def _images(definition: dict[str, Any]) -> dict[str, str]:
    """Container name to image reference of a task definition."""
    containers = definition.get("containerDefinitions", [])
    return {str(each["name"]): str(each.get("image", "")) for each in containers}


def _before_deploy(scope: Scope) -> dict[str, Any] | None:
    task = scope.environment.before_deploy
    # The command may have a password in it, and many may read a history; run_task reads it from the manifest.
    return None if task is None else {**asdict(task), "command": []}
