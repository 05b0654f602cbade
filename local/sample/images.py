"""Images for a sample service: manifests that ECR accepts, and how the world lets them behave."""

from __future__ import annotations

import hashlib
import json
import uuid
from typing import Any

from local.sample.place import Place

_MEDIA = "application/vnd.docker.distribution.manifest.v2+json"


def manifest(marker: str) -> str:
    """A Docker image manifest; images with different markers have different digests."""
    layer = hashlib.sha256(marker.encode()).hexdigest()
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MEDIA,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": 7023,
                "digest": f"sha256:{hashlib.sha256(f'config {marker}'.encode()).hexdigest()}",
            },
            "layers": [
                {
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    "size": 32654,
                    "digest": f"sha256:{layer}",
                }
            ],
        }
    )


def digest_of(text: str) -> str:
    """The digest that ECR gives a manifest."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def push(place: Place, repository: str, *tags: str, marker: str | None = None, **behaviour: Any) -> str:
    """Push an image as `docker push` would: one call per tag.

    Args:
        place: The local cloud.
        repository: An existing repository.
        *tags: The tags; each is an event of its own.
        marker: Makes the content; a new one each time by default.
        **behaviour: How its containers behave, set before the push: see the world's control of images.

    Returns:
        The image's digest.
    """
    text = manifest(marker or uuid.uuid4().hex)
    digest = digest_of(text)
    if behaviour:
        place.world("PUT", f"/images/{digest}", behaviour)
    for tag in tags:
        place.client("ecr").put_image(
            repositoryName=repository, imageManifest=text, imageManifestMediaType=_MEDIA, imageTag=tag
        )
    return digest
