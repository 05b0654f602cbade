"""Register a service: validate its manifest against the world, adopt what runs, store the revision."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.contracts.inputs import RegisterServiceInput
from tidegate.contracts.manifest import parse
from tidegate.contracts.validation import InvalidInput, validate
from tidegate.domain.intake import registered_key
from tidegate.domain.service import Service
from tidegate.domain.strategy import unknown_strategy
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.adoption import Running, adopt, look


class Command(BaseModel):
    """``input`` is what the execution was started with, as it came."""

    root: str
    input: Any


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Refuse with one sentence for each mistake before anything has changed, or store and adopt.

    A manifest that equals the newest revision is stored no second time; adopting is made up for, though, so a
    repeated call finishes what an interrupted one began.
    """
    try:
        request = validate(RegisterServiceInput, command.input)
        service = parse(request.manifest).to_domain()
    except InvalidInput as error:
        return _result("rejected", str(error), None)
    mistakes, running = _against_the_world(ports, service)
    if mistakes:
        return _result("rejected", "\n".join(mistakes), None)
    known = ports.catalogue.get(service.name)
    revision = known[0] if known else 0
    if known is None or known[1] != service:
        revision = ports.catalogue.put(service, after=revision)
    now = ports.clock.now()
    ports.intake.first(registered_key(service.name), at=now, value=command.root)
    adopted = [
        environment.name
        for environment in service.environments
        if adopt(ports, service, revision, environment, running[environment.name], command.root)
    ]
    for address in sorted({a for e in service.environments if e.approval for a in e.approval.people}):
        ports.notifier.subscribe_approver(address)
    entry = {"revision": revision, "adopted": adopted, "by": request.requested_by, "execution": command.root}
    key = f"registered/{command.root.rpartition(':')[2]}"
    ports.journal.append(service.name, "service.registered", entry, at=now, key=key)
    what = f"; adopted what runs in {', '.join(adopted)}" if adopted else ""
    without = _without_known_good(ports, service, running)
    return _result(
        "succeeded",
        f"{service.name} is registered as revision {revision}{what}.{without}",
        f"{service.name}/{key}",
    )


def _without_known_good(ports: Ports, service: Service, running: dict[str, Running]) -> str:
    """A sentence on environments whose first deployment will have nothing to come back to."""
    lacking = [
        f"{name} ({found.unknown})"
        for name, found in running.items()
        if found.unknown and not ports.deployments.latest(service.name, name, 1)
    ]
    return f" There is nothing to come back to yet in {', '.join(lacking)}." if lacking else ""


def _against_the_world(ports: Ports, service: Service) -> tuple[list[str], dict[str, Running]]:
    """What the manifest names must be there, and be of a kind that Tidegate can deploy to."""
    mistakes: list[str] = []
    running: dict[str, Running] = {}
    for name, source in sorted(service.containers.items()):
        try:
            ports.registry.uri(ports.home, source.repository)
        except Terminal as error:
            mistakes.append(f"containers.{name}.repository: {source.repository} cannot be used: {error}")
    for index, environment in enumerate(service.environments):
        at = f"environments[{index}]"
        if environment.account != ports.home.account:
            allowed = f"Tidegate works in its own account for now; give {ports.home.account}"
            mistakes.append(f"{at}.account: {environment.account} is not allowed; {allowed}.")
            continue
        wrong = unknown_strategy(environment.strategy.name)
        if wrong:
            mistakes.append(f"{at}.strategy.name: {wrong}.")
        found = look(ports, service, environment)
        if isinstance(found, str):
            mistakes.append(f"{at}.{found}")
        else:
            running[environment.name] = found
        names = environment.strategy.alarms.names
        states = ports.alarms.states(environment.target, names) if names else {}
        mistakes += [
            f"{at}.strategy.alarms.names: alarm {each} does not exist."
            for each in names
            if each not in states
        ]
    return mistakes, running


def _result(outcome: str, reason: str, record: str | None) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason[:6000], "release": None, "record": record}
