"""Adopt what runs as the first known good release, so that the very first deployment can come back."""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.domain.deployment import Deployment, deployment_id
from tidegate.domain.images import ImageRef, pinned
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release
from tidegate.domain.service import Environment, Service
from tidegate.domain.workload import ServiceState
from tidegate.ports import Ports
from tidegate.steps.mint import Draft, by_hand


@dataclass(frozen=True, slots=True)
class Running:
    """What runs in an environment: container name to the digest that its tasks report."""

    state: ServiceState
    digests: dict[str, str]


def look(ports: Ports, service: Service, environment: Environment) -> Running | str:
    """Read what runs; or the rest of a sentence that names the field which does not fit."""
    place = (environment.target, environment.cluster, environment.service)
    state = ports.services.describe(*place)
    if state is None:
        return f"service: there is no active service {environment.service} in cluster {environment.cluster}."
    if state.controller != "ECS":
        return f"service: its deployment controller is {state.controller}; it must be ECS."
    digests: dict[str, str] = {}
    for task in ports.services.tasks(*place):
        for container in task.containers:
            if container.name in service.containers and container.digest:
                digests.setdefault(container.name, container.digest)
    return Running(state, digests)


def adopt(
    ports: Ports, service: Service, revision: int, environment: Environment, running: Running, root: str
) -> bool:
    """Record what runs as a good deployment, unless something was deployed here before.

    Nothing is adopted where no task tells its digests: what is not known to run is no known good release.
    """
    if ports.deployments.latest(service.name, environment.name, 1):
        return False
    if set(running.digests) != set(service.containers):
        return False
    images = {
        name: _image(ports, service, environment, name, digest) for name, digest in running.digests.items()
    }
    release = _release(ports, service, revision, environment, images, root)
    now = ports.clock.now()
    adopted = Deployment(
        id=deployment_id(now, release.id, 1),
        release=release.id,
        service=service.name,
        environment=environment.name,
        revision=revision,
        strategy="adopted",
        task_definition=running.state.task_definition,
        images={
            name: pinned(ports.registry.uri(environment.target, image.repository), image.digest)
            for name, image in images.items()
        },
        opened_at=now,
        execution=root,
        production=environment.production,
        ended_at=now,
        outcome=Outcome.SUCCEEDED,
        reason="It ran here when the service was registered.",
    )
    ports.deployments.open(adopted)
    ports.releases.end(release.id, Outcome.SUCCEEDED, str(adopted.reason), at=now, environment=None)
    return True


def _image(ports: Ports, service: Service, environment: Environment, container: str, digest: str) -> ImageRef:
    repository = service.containers[container].repository
    found = ports.registry.image(environment.target, repository, digest=digest)
    return found or ImageRef(repository, digest, None, ports.clock.now())


def _release(
    ports: Ports,
    service: Service,
    revision: int,
    environment: Environment,
    images: dict[str, ImageRef],
    root: str,
) -> Release:
    draft = Draft(
        service=service.name,
        revision=revision,
        images=images,
        pushed_at=max(image.pushed_at for image in images.values()),
        trigger="adopted",
        reason=f"It ran in {environment.name} when the service was registered.",
    )
    return by_hand(ports, draft, f"{root}/{environment.name}")
