"""Plan a release: which digests go through which environments, and whether they may."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.contracts.inputs import NormalDeploymentInput
from tidegate.contracts.validation import InvalidInput, validate
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release, execution_name
from tidegate.domain.service import Service
from tidegate.ports import Ports
from tidegate.steps.planning import Refused, begin, earlier_release, mint_by_hand, ready, refusal, refused
from tidegate.steps.scope import service_at


class Command(BaseModel):
    """``input`` is what the execution was started with, as it came."""

    root: str
    input: Any


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Refuse with one sentence before anything has changed, or note the attempt and return the plan.

    Started by the intake the input names a release that waits for its execution; started by a person it may
    name a release of the ledger, which is then released again, or an image.
    """
    try:
        request = validate(NormalDeploymentInput, command.input)
        release = _release(request, command, ports)
    except (InvalidInput, Refused) as error:
        return refused("rejected", str(error))
    _, service = service_at(ports, release.service, release.revision)
    index = _index(service, request.from_environment)
    if not ports.releases.start_attempt(release.id, request.attempt, command.root):
        return refused("rejected", f"release: {release.id} has been taken by another execution already.")
    release = ports.releases.get(release.id) or release
    no = refusal(ports, release, service)
    if no is not None:
        return refused(no["outcome"], no["reason"], release)
    begin(ports, release, service, service.environments[index:], command.root)
    return ready(release, service.environments, index)


def _release(request: NormalDeploymentInput, command: Command, ports: Ports) -> Release:
    """The release that waits for this execution, or that it tries again; otherwise a new one."""
    known = earlier_release(ports, request)
    if known is None or not _is_meant_for(request, command, known):
        _check_environment(ports, request, known.service if known else str(request.service), None)
        return mint_by_hand(ports, request, command.root)
    _check_environment(ports, request, known.service, known.revision)
    if request.attempt > known.attempt:
        _check_retry(known)
    return known


def _is_meant_for(request: NormalDeploymentInput, command: Command, known: Release) -> bool:
    """Whether the execution is one of the release itself, and not a person's who wants it released again."""
    if known.execution == command.root or request.attempt > known.attempt:
        return True
    if command.root.rpartition(":")[2] == execution_name(known.id, request.attempt):
        return True
    return known.execution is None and not known.ended


def _check_retry(known: Release) -> None:
    """A new attempt clears how the last one ended, so there must be an ending."""
    if not known.ended:
        raise Refused(f"release: {known.id} still runs; cancel it first.")
    if known.outcome is Outcome.SUCCEEDED:
        raise Refused(f"release: {known.id} has succeeded; leave attempt out to release it again.")


def _check_environment(ports: Ports, request: NormalDeploymentInput, name: str, revision: int | None) -> None:
    found = ports.catalogue.get(name, revision)
    if found is not None and request.from_environment is not None:
        try:
            found[1].environment(request.from_environment)
        except LookupError as error:
            raise Refused(f"from_environment: {error}.") from error


def _index(service: Service, name: str | None) -> int:
    return service.environments.index(service.environment(name)) if name else 0
