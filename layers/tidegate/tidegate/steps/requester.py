"""Who asked for a release: as claimed by input or label, and as CloudTrail knows it."""

from __future__ import annotations

from dataclasses import dataclass

from aws_lambda_powertools import Logger

from tidegate.domain import intake
from tidegate.domain.images import ImageRef
from tidegate.domain.provenance import Provenance, claimed_requester, provenance, requesters
from tidegate.domain.release import Release
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports

logger = Logger(service="tidegate", child=True)


@dataclass(frozen=True, slots=True)
class Requester:
    """What is known: the release with it noted, and what each container's image says of itself."""

    release: Release
    images: dict[str, Provenance]

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses of everybody known to have asked; empty when nobody is."""
        return addresses_of(self.release, self.images)


def addresses_of(release: Release, images: dict[str, Provenance]) -> tuple[str, ...]:
    """The addresses of everybody known to have asked for a release.

    Who pushed and who wrote an image asked for a release only where the push made it; what an operator starts
    is the operator's.
    """
    if release.trigger not in intake.PUSH_TRIGGERS:
        return requesters(release.requested_by, (), ())
    return requesters(release.requested_by, release.pushed_by, images.values())


def identify(ports: Ports, release: Release) -> Requester:
    """Read the labels and what CloudTrail has told so far, and note both with the release."""
    images = {name: _labels(ports, image) for name, image in sorted(release.images.items())}
    if release.trigger in intake.PUSH_TRIGGERS:
        claim = claimed_requester(images.values())
        if release.requested_by is None and claim is not None:
            ports.releases.note_requester(release.id, claim)
        for image in release.images.values():
            told = ports.intake.seen(intake.pusher_key(image.repository, image.digest))
            if told is not None and told[0] not in release.pushed_by:
                ports.releases.note_pusher(release.id, told[0])
    return Requester(ports.releases.get(release.id) or release, images)


def _labels(ports: Ports, image: ImageRef) -> Provenance:
    """What an image says of itself; nothing, where it cannot be read: a claim is no reason to wait."""
    try:
        return provenance(ports.registry.labels(ports.home, image.repository, image.digest))
    except (Transient, Terminal) as error:
        logger.info("labels of an image unknown", repository=image.repository, reason=str(error))
        return Provenance()
