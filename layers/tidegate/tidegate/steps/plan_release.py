"""Plan a release: which digests go through which environments, and whether they may."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.contracts.inputs import NormalDeploymentInput
from tidegate.contracts.validation import InvalidInput, validate
from tidegate.domain.release import Release
from tidegate.domain.service import Service
from tidegate.ports import Ports
from tidegate.steps.planning import Refused, begin, mint_by_hand, ready, refusal, refused
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
    if index is None:
        names = ", ".join(environment.name for environment in service.environments)
        return refused("rejected", f"from_environment: {request.from_environment} is not one of {names}.")
    if not ports.releases.start_attempt(release.id, request.attempt, command.root):
        return refused("rejected", f"release: {release.id} has been taken by another execution already.")
    release = ports.releases.get(release.id) or release
    no = refusal(ports, release, service)
    if no is not None:
        return refused(no["outcome"], no["reason"], release)
    begin(ports, release, service, service.environments[index:], command.root)
    return ready(release, service.environments, index)


def _release(request: NormalDeploymentInput, command: Command, ports: Ports) -> Release:
    if request.release is None:
        return mint_by_hand(ports, request, command.root)
    known = ports.releases.get(request.release)
    if known is None:
        raise Refused(f"release: the ledger does not know {request.release}.")
    waits_for_us = not known.ended and known.execution in (None, command.root)
    if waits_for_us or request.attempt > known.attempt or known.execution == command.root:
        return known
    return mint_by_hand(ports, request, command.root)


def _index(service: Service, name: str | None) -> int | None:
    if name is None:
        return 0
    names = [environment.name for environment in service.environments]
    return names.index(name) if name in names else None
