"""Take in a push to Amazon ECR: every service that wants the image gets a release.

The event is a hint. The tag is looked up again; if it has moved on since, what it names now is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidegate.contracts.events import ImageAction, ImageActionDetail
from tidegate.domain import tags
from tidegate.domain.images import ImageRef, WaitingForImages, fed_containers, release_images
from tidegate.domain.service import Service
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports
from tidegate.steps.mint import Draft, by_push
from tidegate.steps.scope import service_at


class Command(ImageAction):
    """An `ECR Image Action` event."""


@dataclass(frozen=True, slots=True)
class _Taken:
    """What became of a push for one service: a release, or why there is none."""

    release: str | None = None
    ignored: str | None = None
    note: str | None = None


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Mint and start a release for every service that the image feeds.

    Delivered again, the event finds its releases and finishes what was left undone. One service that cannot
    be served does not keep the others waiting: the error is raised when all were tried.

    Returns:
        ``releases``: the ids of the releases that were minted; or ``ignored``: ``no_push``, ``untagged``,
        ``no_image``, ``unregistered_repository``, ``gone``, ``unwanted_tag``, ``waiting_for_companions``,
        ``overtaken`` or ``already_taken_in``; ``notes`` are sentences on single services.
    """
    detail = command.detail
    unwanted = _unwanted(detail)
    if unwanted:
        return {"ignored": unwanted}
    services = ports.catalogue.feeding(detail.repository)
    if not services:
        return {"ignored": "unregistered_repository"}
    image = ports.registry.image(ports.home, detail.repository, tag=detail.tag)
    if image is None or image.status != "ACTIVE":
        return {"ignored": "gone"}
    taken: list[_Taken] = []
    failure: Transient | Terminal | None = None
    for name in services:
        try:
            taken.append(_take(command, ports, name, image))
        except (Transient, Terminal) as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return _summary(taken)


def _unwanted(detail: ImageActionDetail) -> str | None:
    """Why an event is none of ours, before anything is looked up; None when it may be."""
    if detail.action != "PUSH" or detail.result != "SUCCESS":
        return "no_push"
    if not detail.is_image or tags.is_attached_artifact(detail.tag):
        return "no_image"
    return None if detail.tag and detail.repository else "untagged"


def _take(command: Command, ports: Ports, name: str, image: ImageRef) -> _Taken:
    revision, service = service_at(ports, name)
    fed = fed_containers(service.containers, command.detail.repository, command.detail.tag)
    if not fed:
        return _Taken(ignored="unwanted_tag")
    images = _images(ports, service, dict.fromkeys(fed, image))
    if isinstance(images, WaitingForImages):
        return _Taken(ignored="waiting_for_companions", note=f"{name}: {images.reason}")
    draft = Draft(
        service=name,
        revision=revision,
        images=images,
        pushed_at=_pushed_at(command, ports, service, image, images),
        trigger="push",
    )
    minted = by_push(ports, draft, event=command.id)
    if minted.started:
        return _Taken(release=minted.release.id)
    ignored = "overtaken" if minted.overtaken else "already_taken_in"
    return _Taken(ignored=ignored, note=f"{name}: this is release {minted.release.id}.")


def _pushed_at(
    command: Command, ports: Ports, service: Service, image: ImageRef, images: dict[str, ImageRef]
) -> datetime:
    """When the push was that makes this a release; of two releases the later one wins.

    An event may find that other images have been pushed since. With the newest of all it is as new as they
    are: else an older push of one of them, told of late, would take its place. What is no longer the newest
    of its own repository, and was only told of late, is as old as it is, whatever came with it.
    """
    own = max(command.time, image.pushed_at)
    newest = max(each.pushed_at for each in images.values())
    if newest <= own:
        return own
    available = {name: ports.registry.images(ports.home, name) for name in service.repositories}
    whole = release_images(service.containers, service.images, available)
    if isinstance(whole, WaitingForImages):
        return own
    same = all(whole[name].digest == each.digest for name, each in images.items())
    return newest if same else own


def _images(
    ports: Ports, service: Service, chosen: dict[str, ImageRef]
) -> dict[str, ImageRef] | WaitingForImages:
    """The images of the release; repositories that have nothing to add are not read."""
    others = {source.repository for name, source in service.containers.items() if name not in chosen}
    available = {repository: ports.registry.images(ports.home, repository) for repository in sorted(others)}
    return release_images(service.containers, service.images, available, chosen)


def _summary(taken: list[_Taken]) -> dict[str, Any]:
    notes = [each.note for each in taken if each.note]
    releases = [each.release for each in taken if each.release]
    if releases:
        return {"releases": releases, "notes": notes}
    # When nobody took it, what is closest to a release says most.
    order = ("overtaken", "already_taken_in", "waiting_for_companions", "unwanted_tag")
    reasons = {each.ignored for each in taken}
    return {"ignored": next(reason for reason in order if reason in reasons), "notes": notes}
