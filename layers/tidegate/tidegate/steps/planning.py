"""Planning, shared by `plan_release` and `plan_deployment`: which images, which environments, may it go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.contracts.inputs import DeployInput, NormalDeploymentInput
from tidegate.domain.images import ImageRef, WaitingForImages, release_images
from tidegate.domain.intake import newest_pushed
from tidegate.domain.release import Release, supersedes
from tidegate.domain.service import Environment, Service
from tidegate.ports import Ports
from tidegate.steps.guard import told_to_stop
from tidegate.steps.mint import Draft, by_hand
from tidegate.steps.notices import tell


class Refused(Exception):
    """The request cannot be planned; the message is one sentence that names the field."""


def mint_by_hand(ports: Ports, request: NormalDeploymentInput | DeployInput, root: str) -> Release:
    """The release of an execution that a person started: images of the ledger, or looked up in the registry.

    Raises:
        Refused: the service, the release or the image does not exist.
    """
    earlier = earlier_release(ports, request)
    name = earlier.service if earlier else str(request.service)
    found = ports.catalogue.get(name)
    if found is None:
        raise Refused(f"service: {name} is not registered; start the machine register_service first.")
    revision, service = found
    images = dict(earlier.images) if earlier else _chosen_images(ports, request, service)
    check_images(images, service)
    draft = Draft(
        service=name,
        revision=revision,
        images=images,
        pushed_at=max(image.pushed_at for image in images.values()),
        trigger="operator",
        requested_by=request.requested_by,
        reason=request.reason,
    )
    return by_hand(ports, draft, root)


def check_images(images: Mapping[str, ImageRef], service: Service) -> None:
    """Make sure that a release has an image for every container that is fed, and for no other.

    Raises:
        Refused: the manifest has changed since the release was made.
    """
    if set(images) != set(service.containers):
        had, fed = ", ".join(sorted(images)), ", ".join(sorted(service.containers))
        raise Refused(f"release: it has images of {had}; {service.name} now feeds {fed}.")


def earlier_release(ports: Ports, request: NormalDeploymentInput | DeployInput) -> Release | None:
    """The release of the ledger that is asked for; None when it is an image.

    Raises:
        Refused: there is no such release, or it is one of another service.
    """
    if request.release is None:
        return None
    found = ports.releases.get(request.release)
    if found is None:
        raise Refused(f"release: the ledger does not know {request.release}.")
    if request.service not in (None, found.service):
        raise Refused(f"service: {found.id} is a release of {found.service}, not of {request.service}.")
    return found


def refusal(ports: Ports, release: Release, service: Service) -> dict[str, str] | None:
    """Why a release must not even begin, or None: told to stop, in quarantine, its image gone, overtaken."""
    stopped = told_to_stop(release)
    if stopped is not None:
        return stopped
    bad = ports.quarantine.digests(service.name)
    for name, image in sorted(release.images.items()):
        if image.digest in bad:
            reason = f"The image of {name}, {image.digest}, is in quarantine: {bad[image.digest]}"
            return {"outcome": "rejected", "reason": reason}
        found = ports.registry.image(ports.home, image.repository, digest=image.digest)
        if found is None or found.status != "ACTIVE":
            how = "does not exist" if found is None else f"is {found.status.lower()}"
            return {"outcome": "rejected", "reason": f"The image {image.repository}@{image.digest} {how}."}
    newest = newest_pushed(ports.releases.newest(release.service))
    if newest is not None and supersedes(newest, release):
        return {"outcome": "superseded", "reason": f"The newer release {newest.id} takes its place."}
    return None


def begin(
    ports: Ports, release: Release, service: Service, environments: Sequence[Environment], root: str
) -> None:
    """Note the beginning in the journal and tell people, once."""
    key = f"started/{root.rpartition(':')[2]}"
    names = [environment.name for environment in environments]
    entry = {"execution": root, "attempt": release.attempt, "environments": names}
    ports.journal.append(release.id, "release.started", entry, at=ports.clock.now(), key=key)
    images = ", ".join(
        f"{each.repository}:{each.tag or each.digest[:19]}" for each in release.images.values()
    )
    tell(
        ports,
        key=key,
        kind="started",
        what=f"{service.name}: release of {images} started",
        details={
            "Release": release.id,
            "Environments": " → ".join(names),
            "Requested by": release.requested_by,
            "Reason": release.reason,
        },
        service=service,
        execution=root,
    )


def ready(release: Release, environments: Sequence[Environment], index: int = 0) -> dict[str, Any]:
    """The plan: everything the state machine itself has to know of the manifest."""
    return {
        "outcome": "ready",
        "reason": f"{release.id} is planned.",
        "release": release.id,
        "service": release.service,
        "index": index,
        "environments": [
            {
                "name": environment.name,
                "strategy": environment.strategy.name,
                "production": environment.production,
                "approval": environment.approval is not None,
                "expires_after_seconds": environment.approval.expires_after_seconds
                if environment.approval
                else 0,
                "soak_seconds": environment.soak_seconds,
            }
            for environment in environments
        ],
    }


def refused(outcome: str, reason: str, release: Release | None = None) -> dict[str, Any]:
    """A plan that ends before anything was changed."""
    return {
        "outcome": outcome,
        "reason": reason,
        "release": release.id if release else None,
        "service": release.service if release else None,
        "index": 0,
        "environments": [],
    }


def _chosen_images(
    ports: Ports, request: NormalDeploymentInput | DeployInput, service: Service
) -> dict[str, ImageRef]:
    container = request.container or next(iter(sorted(service.containers)))
    source = service.containers.get(container)
    if source is None:
        raise Refused(
            f"container: {container} is not fed by a repository; give one of {', '.join(service.containers)}."
        )
    if request.container is None and len(set(service.repositories)) > 1 and service.images != "same_tag":
        raise Refused(f"container: {service.name} has several images; say which of them is meant.")
    image = ports.registry.image(ports.home, source.repository, tag=request.tag, digest=request.digest)
    field, value = ("tag", request.tag) if request.tag else ("digest", request.digest)
    if image is None:
        raise Refused(f"{field}: repository {source.repository} has no image {value}.")
    available = {
        repository: ports.registry.images(ports.home, repository) for repository in service.repositories
    }
    images = release_images(service.containers, service.images, available, {container: image})
    if isinstance(images, WaitingForImages):
        raise Refused(f"{field}: {images.reason}")
    return images
