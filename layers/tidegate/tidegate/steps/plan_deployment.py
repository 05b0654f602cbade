"""Plan a deployment of one environment by hand: any release of the ledger, or any image."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.contracts.inputs import DeployInput
from tidegate.contracts.validation import InvalidInput, validate
from tidegate.domain.strategy import unknown_strategy
from tidegate.ports import Ports
from tidegate.steps.planning import Refused, begin, earlier_release, mint_by_hand, ready, refusal, refused
from tidegate.steps.scope import service_at


class Command(BaseModel):
    """``input`` is what the execution was started with, as it came."""

    root: str
    input: Any


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Refuse with one sentence, or mint a release for this environment alone and return the plan."""
    try:
        request = validate(DeployInput, command.input)
        _check_place(request, ports)
        release = mint_by_hand(ports, request, command.root)
    except (InvalidInput, Refused) as error:
        return refused("rejected", str(error))
    _, service = service_at(ports, release.service, release.revision)
    environment = service.environment(request.environment)
    if not ports.releases.start_attempt(release.id, 1, command.root):
        return refused("rejected", f"release: {release.id} has been taken by another execution already.")
    release = ports.releases.get(release.id) or release
    no = refusal(ports, release, service)
    if no is not None:
        return refused(no["outcome"], no["reason"], release)
    begin(ports, release, service, [environment], command.root)
    return ready(release, [environment])


def _check_place(request: DeployInput, ports: Ports) -> None:
    """The environment must exist, and the strategy be the one of its settings, before a release is minted."""
    earlier = earlier_release(ports, request)
    name = earlier.service if earlier else request.service
    found = ports.catalogue.get(name) if name else None
    if found is not None:
        try:
            environment = found[1].environment(request.environment)
        except LookupError as error:
            raise Refused(f"environment: {error}.") from error
        if request.strategy is not None and request.strategy != environment.strategy.name:
            settings = f"{environment.name} has settings for {environment.strategy.name}"
            raise Refused(f"strategy: {unknown_strategy(request.strategy) or settings}.")
