"""Images for a sample service: manifests that ECR accepts, and how the world lets them behave."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from local.sample.place import Place

_MEDIA = "application/vnd.docker.distribution.manifest.v2+json"


def configuration(marker: str, labels: Mapping[str, str] | None = None) -> bytes:
    """The configuration of an image, where its labels are."""
    config = {"Cmd": ["serve"], **({"Labels": dict(labels)} if labels else {})}
    return json.dumps({"architecture": "arm64", "os": "linux", "config": config, "marker": marker}).encode()


def manifest(marker: str, labels: Mapping[str, str] | None = None) -> str:
    """A Docker image manifest; images with different markers have different digests."""
    layer = hashlib.sha256(marker.encode()).hexdigest()
    config = configuration(marker, labels)
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": _MEDIA,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": len(config),
                "digest": f"sha256:{hashlib.sha256(config).hexdigest()}",
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


def push(
    place: Place,
    repository: str,
    *tags: str,
    marker: str | None = None,
    labels: Mapping[str, str] | None = None,
    **behaviour: Any,
) -> str:
    """Push an image as `docker push` would: its configuration first, where it says anything, then the tags.

    Args:
        place: The local cloud.
        repository: An existing repository.
        *tags: The tags; each is an event of its own.
        marker: Makes the content; a new one each time by default.
        labels: What the image says of itself, such as its commit.
        **behaviour: How its containers behave, set before the push: see the world's control of images.

    Returns:
        The image's digest.
    """
    marker = marker or uuid.uuid4().hex
    text = manifest(marker, labels)
    digest = digest_of(text)
    if labels:
        _upload(place, repository, configuration(marker, labels))
    if behaviour:
        place.world("PUT", f"/images/{digest}", behaviour)
    for tag in tags:
        place.client("ecr").put_image(
            repositoryName=repository, imageManifest=text, imageManifestMediaType=_MEDIA, imageTag=tag
        )
    return digest


def _upload(place: Place, repository: str, blob: bytes) -> None:
    """Upload a blob as one part."""
    ecr = place.client("ecr")
    upload = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    ecr.upload_layer_part(
        repositoryName=repository,
        uploadId=upload,
        partFirstByte=0,
        partLastByte=len(blob) - 1,
        layerPartBlob=blob,
    )
    digest = f"sha256:{hashlib.sha256(blob).hexdigest()}"
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload, layerDigests=[digest])
