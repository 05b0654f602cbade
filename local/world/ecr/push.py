"""PutImage as ECR does it: the digest is that of the manifest, and a push sends an event."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException

from local.world.binding import Call
from local.world.world import World

SOURCE = "aws.ecr"


def manifest_digest(manifest: str) -> str:
    """The digest of an image: the SHA-256 of its manifest, byte by byte."""
    return "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()


def announce_push(world: World, place: tuple[str, str], repository: str, image: Any, tag: str | None) -> None:  # noqa: ANN401
    """Send "ECR Image Action" for a push; an untagged push has an empty tag.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
    """
    detail = {
        "result": "SUCCESS",
        "repository-name": repository,
        "image-digest": image.get_image_digest(),
        "action-type": "PUSH",
        "image-tag": tag or "",
        "manifest-media-type": image.image_manifest_media_type,
    }
    world.emit(place, SOURCE, "ECR Image Action", detail)


class PushApi:
    """PutImage."""

    def __init__(self, world: World, backends: Any, pushed: Callable[[tuple[str, str], Any], None]) -> None:  # noqa: ANN401
        self._world = world
        self._backends = backends
        self._pushed = pushed

    def put_image(self, call: Call) -> dict[str, Any]:
        """PutImage.

        Raises:
            ServiceException: RepositoryNotFoundException, ImageDigestDoesNotMatchException, and what
                moto raises: ImageAlreadyExistsException, ImageTagAlreadyExistsException.
        """
        backend = self._backends[call.account][call.region]
        name, manifest, tag = (
            call.params["repositoryName"],
            call.params["imageManifest"],
            call.get("imageTag"),
        )
        digest = manifest_digest(manifest)
        if name not in backend.repositories:
            raise repository_missing(name, call.account)
        if call.get("imageDigest", digest) != digest:
            raise ServiceException(
                "ImageDigestDoesNotMatchException",
                f"The specified digest {call.params['imageDigest']} does not match the digest calculated by the "
                f"registry: {digest}",
            )
        image = self._store(backend, name, manifest, tag, call.get("imageManifestMediaType"), digest)
        image.image_pushed_at = self._world.today()
        announce_push(self._world, call.place, name, image, tag)
        self._pushed(call.place, image)
        return {
            "image": {
                "registryId": call.account,
                "repositoryName": name,
                "imageId": {"imageDigest": digest, **({"imageTag": tag} if tag else {})},
                "imageManifest": manifest,
                "imageManifestMediaType": image.image_manifest_media_type,
            }
        }

    def _store(
        self,
        backend: Any,
        name: str,
        manifest: str,
        tag: str | None,
        media_type: str | None,
        digest: str,
    ) -> Any:  # noqa: ANN401
        repository = backend.repositories[name]
        holder = next((each for each in repository.images if tag and tag in each.image_tags), None)
        same = next((each for each in repository.images if each.get_image_digest() == digest), None)
        if same is not None and (tag is None or tag in same.image_tags):
            raise ServiceException(
                "ImageAlreadyExistsException",
                f"Image with digest '{digest}' and tag '{tag}' already exists in the repository with name "
                f"'{name}' in registry with id '{repository.registry_id}'",
            )
        if holder is not None:
            if tag_is_immutable(repository, str(tag)):
                raise ServiceException(
                    "ImageTagAlreadyExistsException",
                    f"The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten "
                    "because the tag is immutable.",
                )
            holder.image_tags.remove(tag)
            holder.image_tag = holder.image_tags[-1] if holder.image_tags else None
        if same is not None:
            same.update_tag(tag)
            return same
        from moto.ecr.models import Image

        media = media_type or _media_type(manifest)
        image = Image(backend.account_id, tag, manifest, name, media, digest)
        repository.images.append(image)
        return image


def _media_type(manifest: str) -> str:
    import json

    try:
        parsed = json.loads(manifest)
    except ValueError:
        raise ServiceException(
            "InvalidParameterException", "Invalid JSON syntax in the image manifest"
        ) from None
    if not isinstance(parsed, dict) or "mediaType" not in parsed:
        raise ServiceException(
            "InvalidParameterException",
            "image manifest mediatype not provided in manifest or parameter",
        )
    return str(parsed["mediaType"])


def tag_is_immutable(repository: Any, tag: str) -> bool:  # noqa: ANN401 - moto's repository
    """Whether a tag that exists may not be moved to another image.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
    """
    import fnmatch

    filters = repository.image_tag_mutability_exclusion_filters or []
    excluded = any(fnmatch.fnmatchcase(tag, each["filter"]) for each in filters)
    return bool(repository.is_tag_immutable()) != excluded


def repository_missing(name: str, registry: str) -> ServiceException:
    """RepositoryNotFoundException in ECR's words."""
    return ServiceException(
        "RepositoryNotFoundException",
        f"The repository with name '{name}' does not exist in the registry with id '{registry}'",
    )
