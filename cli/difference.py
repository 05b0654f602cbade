"""What registering a manifest would change: compared with the registered revision and with what runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cli.text import moment
from tidegate.domain import diff
from tidegate.domain.diff import Change
from tidegate.domain.images import parse_image
from tidegate.domain.service import Environment, Service
from tidegate.domain.task_definition import images_of, render
from tidegate.domain.workload import ServiceState
from tidegate.errors import Terminal
from tidegate.ports import Ports

JUDGED = frozenset({"canary"})
"""The strategies in which the judge decides."""
_ANY_IMAGE = f"image@sha256:{'0' * 64}"
"""Stands for the images of the next release, which are no part of this comparison."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPlan:
    """What would be otherwise in one environment.

    Attributes:
        strategy_before: The strategy of the registered revision, None when the environment is new.
        steps: The shares of the traffic that a canary gets, `5, 25, 50 %`; empty for other strategies.
        task_definition: What runs, None when nothing does.
        changes: What the next release would change in it besides its images.
        images: Fed container to the image that runs.
        problems: Why registering would be refused.
    """

    name: str
    production: bool
    strategy: str
    strategy_before: str | None
    steps: str
    approvers: tuple[str, ...]
    task_definition: str | None
    desired: int
    running: int
    images: dict[str, str]
    changes: tuple[Change, ...]
    calibration: str | None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What registering a manifest would change.

    Attributes:
        revision: The newest registered revision, None when the service is new.
        changes: What differs between it and the manifest.
        problems: Why registering would be refused, as far as it can be told beforehand.
    """

    service: str
    revision: int | None
    changes: tuple[Change, ...]
    environments: tuple[EnvironmentPlan, ...]
    problems: tuple[str, ...]

    @property
    def every_problem(self) -> tuple[str, ...]:
        """All problems, those of the environments included."""
        return (*self.problems, *(each for place in self.environments for each in place.problems))


def plan_of(ports: Ports, service: Service) -> Plan:
    """Compare a manifest with what is registered and with what runs. Nothing is changed."""
    known = ports.catalogue.get(service.name)
    before = known[1] if known else None
    return Plan(
        service=service.name,
        revision=known[0] if known else None,
        changes=tuple(diff.services(before, service)) if before else (),
        environments=tuple(
            _environment(ports, service, before, index, place)
            for index, place in enumerate(service.environments)
        ),
        problems=_repositories(ports, service),
    )


def calibration_of(ports: Ports, service: str, place: Environment) -> str | None:
    """How far the judge knows the noise of a service here, as a sentence; None where it does not judge."""
    if place.strategy.name not in JUDGED:
        return None
    stored = ports.calibrations.get(service, place.name)
    if stored is None:
        return "its history has not been measured yet; it judges cautiously until it has"
    metrics = ", ".join(f"{name} {metric.get('status')}" for name, metric in sorted(stored.metrics.items()))
    note = f"; {stored.note}" if stored.note else ""
    return f"measured {moment(stored.at)}{f': {metrics}' if metrics else ''}{note}"


def _repositories(ports: Ports, service: Service) -> tuple[str, ...]:
    problems = []
    for name, source in sorted(service.containers.items()):
        try:
            ports.registry.uri(ports.home, source.repository)
        except Terminal as error:
            problems.append(f"containers.{name}.repository: {source.repository} cannot be used: {error}")
    return tuple(problems)


def _environment(
    ports: Ports, service: Service, before: Service | None, index: int, place: Environment
) -> EnvironmentPlan:
    at = f"environments[{index}]"
    problems: tuple[str, ...] = ()
    state: ServiceState | None = None
    running: dict[str, Any] = {}
    if place.account != ports.home.account:
        problems = (f"{at}.account: {place.account} is not Tidegate's own account, {ports.home.account}.",)
    else:
        state = ports.services.describe(place.target, place.cluster, place.service)
        problems = _problems(ports, at, place, state)
    if state is not None:
        running = ports.task_definitions.describe(place.target, state.task_definition)
    return EnvironmentPlan(
        name=place.name,
        production=place.production,
        strategy=place.strategy.name,
        strategy_before=_strategy_of(before, place.name),
        steps=_steps(place),
        approvers=place.approval.people if place.approval else (),
        task_definition=state.task_definition if state else None,
        desired=state.desired if state else 0,
        running=state.running if state else 0,
        images={name: image for name, image in images_of(running).items() if name in service.containers},
        changes=_changes(service, place, running) if running else (),
        calibration=calibration_of(ports, service.name, place),
        problems=problems,
    )


def _problems(ports: Ports, at: str, place: Environment, state: ServiceState | None) -> tuple[str, ...]:
    if state is None:
        return (f"{at}.service: there is no active service {place.service} in cluster {place.cluster}.",)
    problems = []
    if state.controller != "ECS":
        problems.append(f"{at}.service: its deployment controller is {state.controller}; it must be ECS.")
    names = place.strategy.alarms.names
    states = ports.alarms.states(place.target, names) if names else {}
    lost = [name for name in names if name not in states]
    problems += [f"{at}.strategy.alarms.names: alarm {name} does not exist." for name in lost]
    return tuple(problems)


def _strategy_of(service: Service | None, environment: str) -> str | None:
    places = service.environments if service else ()
    return next((place.strategy.name for place in places if place.name == environment), None)


def _steps(place: Environment) -> str:
    weights = [f"{step.weight:g}" for step in getattr(place.strategy, "steps", ())]
    return f"{', '.join(weights)} %" if weights else ""


def _changes(service: Service, place: Environment, running: dict[str, Any]) -> tuple[Change, ...]:
    """What the task definition of the next release has otherwise than what runs, besides the fed images."""
    images = dict.fromkeys(service.containers, _ANY_IMAGE)
    new = render(service.task_definition, place.overrides, images, service.family(place.name), {})
    fed = {f"containers.{name}.image" for name in service.containers}
    return tuple(each for each in diff.task_definitions(running, new) if each.path not in fed)


def image_words(reference: str) -> str:
    """An image reference without its registry, and with a short digest."""
    name = parse_image(reference)
    tag = f":{name.tag}" if name.tag else ""
    return f"{name.repository}{tag}{f'@{name.digest[:19]}' if name.digest else ''}"
