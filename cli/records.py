"""Reading the ledger for people: a release with all that belongs to it, and what stands where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cli.exits import not_found
from cli.text import DIGEST
from tidegate.domain.approval import Approval
from tidegate.domain.deployment import Deployment
from tidegate.domain.lock import Lock
from tidegate.domain.plain import to_plain
from tidegate.domain.release import Release, service_of
from tidegate.domain.service import Environment, Service
from tidegate.domain.workload import ServiceState
from tidegate.errors import Terminal
from tidegate.ports import Ports

HISTORY = 20
MOST_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class Record:
    """A release and all that the ledger has of it."""

    release: Release
    deployments: tuple[Deployment, ...]
    pending: tuple[Approval, ...]
    timeline: tuple[dict[str, Any], ...]

    def document(self) -> dict[str, Any]:
        """The record as JSON values, the same for every command that shows one."""
        return {
            "release": to_plain(self.release),
            "outcome": to_plain(self.release.outcome),
            "reason": self.release.outcome_reason,
            "deployments": to_plain(self.deployments),
            "pending_approvals": to_plain(self.pending),
            "timeline": list(self.timeline),
        }


def read_record(ports: Ports, release: Release) -> Record:
    """Everything the ledger has of a release."""
    return Record(
        release,
        ports.deployments.of_release(release.id),
        ports.approvals.pending_of(release.id),
        ports.journal.entries(release.id, MOST_ENTRIES),
    )


def release_named(ports: Ports, name: str) -> Release:
    """A release by its id, or the newest one of a service by the service's name.

    Raises:
        Stop: there is none.
    """
    if service_of(name) is not None:
        found = ports.releases.get(name)
        if found is None:
            raise not_found(f"release: the ledger does not know {name}.")
        return found
    service_named(ports, name)
    newest = ports.releases.newest(name, 1)
    if not newest:
        raise not_found(f"release: {name} has had no release yet.")
    return newest[0]


def service_named(ports: Ports, name: str) -> tuple[int, Service]:
    """The newest revision of a registered service.

    Raises:
        Stop: it is not registered.
    """
    found = ports.catalogue.get(name)
    if found is None:
        raise not_found(f"service: {name} is not registered; `tidegate status` lists the services.")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand in one environment.

    Attributes:
        runs: The deployment that is known to be good and runs, by the ledger.
        deploying: One that is being made.
        drift: What runs otherwise than the ledger says, as a sentence; None when nothing does.
    """

    environment: str
    production: bool
    strategy: str
    runs: Deployment | None
    deploying: Deployment | None
    frozen: str | None
    lock: Lock | None
    desired: int | None = None
    running: int | None = None
    drift: str | None = None


def standing_of(ports: Ports, service: Service, place: Environment, *, closely: bool) -> Standing:
    """How things stand in an environment; looking closely reads Amazon ECS too, not the ledger alone."""
    history = ports.deployments.latest(service.name, place.name, HISTORY)
    runs = next((each for each in history if each.good), None)
    deploying = next((each for each in history if each.outcome is None), None)
    state, unknown = _state(ports, place) if closely else (None, None)
    return Standing(
        environment=place.name,
        production=place.production,
        strategy=place.strategy.name,
        runs=runs,
        deploying=deploying,
        frozen=ports.freezes.reason(service.name, place.name),
        lock=ports.locks.holder(service.name, place.name),
        desired=state.desired if state else None,
        running=state.running if state else None,
        drift=unknown or (_drift(ports, place, state, runs) if state and not deploying else None),
    )


def _state(ports: Ports, place: Environment) -> tuple[ServiceState | None, str | None]:
    """What ECS says; or why it cannot be said, because people may read the ledger and not ECS."""
    try:
        state = ports.services.describe(place.target, place.cluster, place.service)
    except Terminal as error:
        return None, f"what runs cannot be read: {error}"
    if state is None:
        return None, f"there is no active service {place.service} in cluster {place.cluster}"
    return state, None


def _drift(ports: Ports, place: Environment, state: ServiceState, runs: Deployment | None) -> str | None:
    if runs is None or state.task_definition == runs.task_definition:
        return None
    described = ports.task_definitions.describe(place.target, state.task_definition)
    tags = {tag.get("key"): tag.get("value") for tag in described.get("tags", [])}
    if tags.get("tidegate:release") == runs.release:
        return None
    return f"{state.task_definition.rpartition('/')[2]} runs, which is not what Tidegate deployed last"


def images_in_words(release: Release) -> str:
    """The images of a release: each by its tag, or by its digest where it has none."""
    images = [release.images[name] for name in sorted(release.images)]
    return ", ".join(
        f"{each.repository}:{each.tag}" if each.tag else f"{each.repository}@{each.digest[:DIGEST]}"
        for each in images
    )


def state_in_words(release: Release) -> str:
    """The outcome of a release, or that it is still on its way."""
    if release.outcome is not None:
        return release.outcome.value
    return "stopping" if release.stop else "running"


def tags_of(deployment: Deployment, releases: Sequence[Release]) -> str:
    """What a deployment runs, in the words of its release if that is at hand."""
    for release in releases:
        if release.id == deployment.release:
            return images_in_words(release)
    return ", ".join(image.rpartition("/")[2][:60] for _, image in sorted(deployment.images.items()))
