"""Adopt what runs as the first known good release, so that the very first deployment can come back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tidegate.domain.deployment import Deployment, deployment_id
from tidegate.domain.images import ImageRef, pinned
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release
from tidegate.domain.service import Environment, Service
from tidegate.domain.workload import ServiceState, TaskState
from tidegate.ports import Ports
from tidegate.steps.mint import Draft, by_hand

ADOPTED = "adopted"
"""The strategy in the record of a deployment that Tidegate found."""
RAN_HERE = "It ran here when the service was registered."


@dataclass(frozen=True, slots=True)
class Running:
    """What runs in an environment.

    Attributes:
        digests: Container name to the digest that its tasks report.
        unknown: Why it cannot be said what runs; then it is no known good release.
    """

    state: ServiceState
    digests: dict[str, str]
    unknown: str | None = None


def look(ports: Ports, service: Service, environment: Environment) -> Running | str:
    """Read what runs; or the rest of a sentence that names the field which does not fit."""
    place = (environment.target, environment.cluster, environment.service)
    state = ports.services.describe(*place)
    if state is None:
        return f"service: there is no active service {environment.service} in cluster {environment.cluster}."
    if state.controller != "ECS":
        return f"service: its deployment controller is {state.controller}; it must be ECS."
    return _running(state, service, ports.services.tasks(*place))


def _running(state: ServiceState, service: Service, tasks: Iterable[TaskState]) -> Running:
    """What all tasks of a service agree on."""
    found: dict[str, set[str]] = {name: set() for name in service.containers}
    running = [task for task in tasks if task.last_status == "RUNNING"]
    for container in (each for task in running for each in task.containers):
        if container.name in found and container.digest:
            found[container.name].add(container.digest)
    digests = {name: min(seen) for name, seen in found.items() if seen}
    if not running:
        return Running(state, {}, "no task runs")
    is_alone = len(state.deployments) == 1 and state.deployments[0].rollout_state != "FAILED"
    is_complete = state.running == state.desired and state.pending == 0
    is_of_one_kind = all(task.task_definition == state.task_definition for task in running)
    if not (is_alone and is_complete and is_of_one_kind):
        return Running(state, digests, "a deployment is under way")
    for name, seen in sorted(found.items()):
        if len(seen) != 1:
            what = "run different images as" if seen else "do not report the image of"
            return Running(state, digests, f"its tasks {what} {name}")
    return Running(state, digests)


def adopt(
    ports: Ports, service: Service, revision: int, environment: Environment, running: Running, root: str
) -> bool:
    """Record what runs as a good deployment, unless something was deployed here before.

    Returns:
        Whether it was recorded, by this call or by an earlier one of the same execution.
    """
    before = ports.deployments.latest(service.name, environment.name, 1)
    if before:
        return before[0].execution == root and before[0].strategy == ADOPTED
    if running.unknown is not None:
        return False
    images = {
        name: _image(ports, service, environment, name, digest) for name, digest in running.digests.items()
    }
    release = _release(ports, service, revision, environment, images, root)
    now = ports.clock.now()
    adopted = Deployment(
        id=deployment_id(now, release.id, 1),
        tags=release.tags,
        release=release.id,
        service=service.name,
        environment=environment.name,
        revision=revision,
        strategy=ADOPTED,
        task_definition=running.state.task_definition,
        images=_pinned(ports, environment, images),
        opened_at=now,
        execution=root,
        production=environment.production,
        ended_at=now,
        outcome=Outcome.SUCCEEDED,
        reason=RAN_HERE,
    )
    # In this order: a deployment that is there says that the rest was done.
    ports.releases.end(release.id, Outcome.SUCCEEDED, RAN_HERE, at=now, environment=None)
    ports.deployments.open(adopted)
    return True


def _pinned(ports: Ports, environment: Environment, images: dict[str, ImageRef]) -> dict[str, str]:
    return {
        name: pinned(ports.registry.uri(environment.target, image.repository), image.digest)
        for name, image in images.items()
    }


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
