"""Layers, and the configurations that are uploaded as layers are: kept, so that they can be downloaded again.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CompleteLayerUpload.html and
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetDownloadUrlForLayer.html
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from moto.ecr.models import ecr_backends

from local.world.binding import Call
from local.world.ecr.errors import EcrError
from local.world.ecr.images_api import ImagesApi
from local.world.world import World

LARGEST_KEPT = 16 * 1024 * 1024
"""Bytes. Larger layers are counted as uploaded, and cannot be downloaded."""
VALID_SECONDS = 3600
"""How long an address is good for. ECR does not say; what it signs names an hour."""

Answer = dict[str, Any]


class LayersApi:
    """CompleteLayerUpload and GetDownloadUrlForLayer; moto takes in the parts of an upload."""

    def __init__(self, world: World, images: ImagesApi) -> None:
        self._world = world
        self._images = images
        self._blobs: dict[tuple[str, str, str, str], bytes] = {}
        self._signed: dict[str, tuple[float, bytes]] = {}

    def complete(self, call: Call) -> Answer:
        """CompleteLayerUpload: the digest is that of the bytes, which are kept."""
        repository = self._images.repository(call)
        upload = repository.uploads.get(call.params["uploadId"])
        content = bytes(upload.layer_parts) if upload is not None else b""
        answer: Answer = ecr_backends[call.account][call.region].complete_layer_upload(
            repository.name, call.params["uploadId"], call.params["layerDigests"], call.get("registryId")
        )
        if len(content) <= LARGEST_KEPT:
            self._blobs[(*call.place, repository.name, answer["layerDigest"])] = content
        return answer

    def download_url(self, call: Call) -> Answer:
        """GetDownloadUrlForLayer: an address with a signature, of a layer that an image refers to.

        Raises:
            EcrError: RepositoryNotFoundException, LayersNotFoundException, LayerInaccessibleException.
        """
        repository = self._images.repository(call)
        digest = call.params["layerDigest"]
        content = self._blobs.get((*call.place, repository.name, digest))
        if content is None:
            raise EcrError(
                "LayersNotFoundException",
                f"The layer with digest '{digest}' does not exist in the repository with name "
                f"'{repository.name}' in registry with id '{repository.registry_id}'",
            )
        if not any(digest in _referred(image.image_manifest) for image in repository.images):
            raise EcrError(
                "LayerInaccessibleException",
                f"The layer with digest '{digest}' is not associated with an image.",
            )
        signature = secrets.token_hex(32)
        self._signed[signature] = (self._world.now() + VALID_SECONDS, content)
        address = f"http://127.0.0.1:{self._world.settings.port}/_world/layers/{digest}"
        signed = f"X-Amz-Expires={VALID_SECONDS}&X-Amz-Signature={signature}"
        return {"downloadUrl": f"{address}?{signed}", "layerDigest": digest}

    def download(self, signature: str) -> bytes | None:
        """What an address leads to; None when its signature is wrong or its time is over."""
        until, content = self._signed.get(signature, (0.0, b""))
        return content if self._world.now() < until else None


def _referred(manifest: str) -> set[str]:
    """The digests of the layers and of the configuration that a manifest names."""
    try:
        parsed = json.loads(manifest)
        return {parsed["config"]["digest"], *(each["digest"] for each in parsed.get("layers", []))}
    except (ValueError, KeyError, TypeError):
        return set()
