"""Plan a rollback: what to get away from, what to come back to, and who has to be stopped first."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.contracts.inputs import RollbackInput
from tidegate.contracts.validation import InvalidInput, validate
from tidegate.domain.deployment import Deployment
from tidegate.domain.service import Environment
from tidegate.ports import Ports
from tidegate.steps.known_good import HISTORY, choose_target
from tidegate.steps.notices import tell
from tidegate.steps.planning import Refused
from tidegate.steps.preempting import preempt
from tidegate.steps.scope import Scope, service_at


class Command(BaseModel):
    """``input`` is what the execution was started with, as it came."""

    root: str
    input: Any


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Refuse with one sentence, or stop whoever works on the environment and return what to do.

    No freeze, lock or failed scan stands in the way. Another rollback that runs is waited for, not stopped.
    """
    request: RollbackInput | None = None
    try:
        request = validate(RollbackInput, command.input)
        scope = _scope(ports, request)
        _check_target(ports, request, scope)
    except (InvalidInput, Refused) as error:
        return _refused(str(error), request)
    release, environment = scope.release, scope.environment.name
    reason = request.reason or f"{request.requested_by or 'An operator'} asked for a rollback."
    wait_seconds = preempt(ports, release, environment, command.root, reason)
    _begin(command, ports, request, release.id, reason)
    return {
        "outcome": "ready",
        "reason": reason,
        "service": request.service,
        "environment": environment,
        "release": release.id,
        "target": request.target,
        "evidence": request.evidence,
        "wait_seconds": wait_seconds,
    }


def _scope(ports: Ports, request: RollbackInput) -> Scope:
    """The release to get away from: the one that is named, or that which runs.

    Raises:
        Refused: there is none.
    """
    known = ports.catalogue.get(request.service)
    if known is None:
        raise Refused(f"service: {request.service} is not registered.")
    name = request.release
    if name is None:
        try:
            name = _what_runs(ports, request, known[1].environment(request.environment)).release
        except LookupError as error:
            raise Refused(f"environment: {error}.") from error
    release = ports.releases.get(name)
    if release is None:
        raise Refused(f"release: the ledger does not know {name}.")
    if release.service != request.service:
        raise Refused(f"release: {name} is a release of {release.service}, not of {request.service}.")
    _, service = service_at(ports, release.service, release.revision)
    try:
        environment = service.environment(request.environment)
    except LookupError as error:
        raise Refused(f"environment: {error}.") from error
    every = ports.deployments.of_release(release.id)
    if not any(each.environment == environment.name for each in every):
        raise Refused(f"release: {name} was never deployed to {environment.name}.")
    return Scope(release, service, environment)


def _what_runs(ports: Ports, request: RollbackInput, environment: Environment) -> Deployment:
    """The deployment that is being made, or whose task definition the service has, be it good or bad.

    What the ledger does not know is refused: else the good release before it would be left by mistake.
    """
    history = ports.deployments.latest(request.service, environment.name, HISTORY)
    if not history:
        raise Refused(f"environment: nothing was ever deployed to {environment.name} by Tidegate.")
    being_made = next((each for each in history if each.outcome is None), None)
    state = ports.services.describe(environment.target, environment.cluster, environment.service)
    if being_made is not None or state is None:
        return being_made or history[0]
    same = [each for each in history if each.task_definition == state.task_definition]
    if not same:
        described = ports.task_definitions.describe(environment.target, state.task_definition)
        tags = {tag.get("key"): tag.get("value") for tag in described.get("tags", [])}
        same = [each for each in history if each.release == tags.get("tidegate:release")]
    if not same:
        what = f"{state.task_definition.rpartition('/')[2]} runs there, which Tidegate did not deploy"
        raise Refused(f"environment: {what}; start deploy with a release of the ledger instead.")
    return next((each for each in same if each.good), same[0])


def _check_target(ports: Ports, request: RollbackInput, scope: Scope) -> None:
    """What a person asked for and cannot be done is refused; of what Tidegate asks for people are told."""
    choice = choose_target(ports, scope, request.target)
    if choice.deployment is not None:
        return
    if request.target is not None:
        raise Refused(f"target: {choice.reason}")
    if scope.past_no_return and not request.automatic:
        raise Refused(f"environment: {choice.reason}")


def _begin(command: Command, ports: Ports, request: RollbackInput, bad: str, reason: str) -> None:
    subject = f"{request.service}/{request.environment}"
    key = f"rollback/{command.root.rpartition(':')[2]}"
    entry = {
        "execution": command.root,
        "from": bad,
        "reason": reason,
        "requested_by": request.requested_by,
    }
    ports.journal.append(subject, "rollback.started", entry, at=ports.clock.now(), key=key)
    _, service = service_at(ports, request.service)
    tell(
        ports,
        key=key,
        kind="started",
        what=f"{request.service}: rollback of {request.environment} started",
        details={"Reason": reason, "From": bad, "Requested by": request.requested_by},
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
