"""Plan a rollback: what to get away from, what to come back to, and who has to be stopped first."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.contracts.inputs import RollbackInput
from tidegate.contracts.validation import InvalidInput, validate
from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import StopSignal
from tidegate.domain.release import Release
from tidegate.ports import Ports
from tidegate.steps.notices import tell
from tidegate.steps.restore_service import choose_target
from tidegate.steps.resume import wake_release
from tidegate.steps.scope import scope_of, service_at

LONGEST_FUNCTION_SECONDS = 60
"""The longest function timeout in the template; a test compares the two."""


class Command(BaseModel):
    """``input`` is what the execution was started with, as it came."""

    root: str
    input: Any


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Refuse with one sentence, or stop whoever works on the environment and return what to do.

    No freeze, lock or failed scan stands in the way. Another rollback that runs is waited for, not stopped.
    """
    try:
        request = validate(RollbackInput, command.input)
    except InvalidInput as error:
        return _refused(str(error), None)
    found = ports.catalogue.get(request.service)
    if found is None:
        return _refused(f"service: {request.service} is not registered.", request)
    try:
        environment = found[1].environment(request.environment)
    except LookupError as error:
        return _refused(f"environment: {error}.", request)
    bad = _bad(ports, request, environment.name)
    if bad is None:
        return _refused(f"environment: nothing was ever deployed to {environment.name} by Tidegate.", request)
    release = ports.releases.get(bad.release)
    if release is None:
        return _refused(f"release: the ledger does not know {bad.release}.", request)
    reason = request.reason or f"{request.requested_by or 'An operator'} asked for a rollback."
    choice = choose_target(ports, scope_of(ports, release.id, environment.name), request.target)
    if choice.deployment is None and request.target is not None:
        return _refused(f"target: {choice.reason}", request)
    stopped = _preempt(command, ports, release, request, reason)
    _begin(command, ports, request, bad, reason)
    return {
        "outcome": "ready",
        "reason": reason,
        "service": request.service,
        "environment": environment.name,
        "release": release.id,
        "target": request.target,
        "evidence": request.evidence,
        "wait_seconds": LONGEST_FUNCTION_SECONDS if stopped else 0,
    }


def _bad(ports: Ports, request: RollbackInput, environment: str) -> Deployment | None:
    """The deployment to get away from: the release that was named, or the newest that still counts."""
    for deployment in ports.deployments.latest(request.service, environment):
        if request.release is not None and deployment.release != request.release:
            continue
        if request.release is not None or deployment.outcome is None or deployment.good:
            return deployment
    return None


def _preempt(command: Command, ports: Ports, release: Release, request: RollbackInput, reason: str) -> bool:
    """Stop the executions that may change this environment; returns whether one was running."""
    if not release.ended:
        ports.releases.stop(release.id, StopSignal.ROLLED_BACK, reason, unless_production=False)
        wake_release(ports, release.id, StopSignal.ROLLED_BACK.value)
    holder = ports.locks.holder(request.service, request.environment)
    owners = {release.execution, holder.owner if holder else None} - {None, command.root}
    stopped = False
    for owner in sorted(str(each) for each in owners):
        execution = ports.machines.describe(owner)
        if execution is None or not execution.running or _is_rollback(owner):
            continue
        ports.machines.stop(
            owner, error="rolled_back", cause=f"Pre-empted by {command.root}: {reason}"[:32_000]
        )
        stopped = True
    return stopped


def _is_rollback(execution: str) -> bool:
    parts = execution.split(":")
    return len(parts) > 6 and parts[6].endswith("-rollback")


def _begin(command: Command, ports: Ports, request: RollbackInput, bad: Deployment, reason: str) -> None:
    subject = f"{request.service}/{request.environment}"
    key = f"rollback/{command.root.rpartition(':')[2]}"
    entry = {
        "execution": command.root,
        "from": bad.release,
        "reason": reason,
        "requested_by": request.requested_by,
    }
    if not ports.journal.append(subject, "rollback.started", entry, at=ports.clock.now(), key=key):
        return
    _, service = service_at(ports, request.service)
    tell(
        ports,
        key=key,
        kind="started",
        what=f"{request.service}: rollback of {request.environment} started",
        details={"Reason": reason, "From": bad.release, "Requested by": request.requested_by},
        service=service,
        execution=command.root,
    )


def _refused(reason: str, request: RollbackInput | None) -> dict[str, Any]:
    return {
        "outcome": "rejected",
        "reason": reason,
        "service": request.service if request else None,
        "environment": request.environment if request else None,
        "release": None,
        "target": None,
        "evidence": None,
        "wait_seconds": 0,
    }
