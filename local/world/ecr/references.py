"""Which image a container definition means."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

from moto.ecr.models import ecr_backends

ECR_IMAGE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/"
    r"(?P<repository>[a-z0-9._/-]+)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class FoundImage:
    """What a pull of an image reference would get.

    Attributes:
        digest: The digest, None where nothing answers to the reference.
        problem: Why the image cannot be pulled, None where it can.
    """

    digest: str | None
    problem: str | None = None


def status_of(image: Any) -> str:
    """ACTIVE, ARCHIVED or ACTIVATING."""
    return str(getattr(image, "image_status", "ACTIVE"))


def find_image(reference: str) -> FoundImage:
    """Look an image up as a pull would.

    An archived image cannot be pulled: it answers as one that does not exist.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive_restore_image.html

    Images outside of ECR always exist; their digest is made from their name.
    """
    match = ECR_IMAGE.fullmatch(reference)
    if match is None:
        pinned = re.search(r"@(sha256:[0-9a-f]{64})$", reference)
        made_up = "sha256:" + hashlib.sha256(reference.encode()).hexdigest()
        return FoundImage(pinned[1] if pinned else made_up)
    missing = FoundImage(match["digest"], f"failed to resolve ref {reference}: {reference}: not found")
    repository = ecr_backends[match["account"]][match["region"]].repositories.get(match["repository"])
    if repository is None:
        return missing
    tag = match["tag"] or ("latest" if match["digest"] is None else None)
    for image in repository.images:
        wanted = image.get_image_digest() == match["digest"] if match["digest"] else tag in image.image_tags
        if wanted and status_of(image) == "ACTIVE":
            return FoundImage(image.get_image_digest())
    return missing
