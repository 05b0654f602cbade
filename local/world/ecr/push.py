"""PutImage as ECR does it: the digest is that of the manifest, and a push sends an event."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from typing import Any

from moto.ecr.models import Image, ecr_backends

from local.world.binding import Call
from local.world.ecr.errors import EcrError, repository_missing
from local.world.ecr.images_api import ImagesApi
from local.world.world import World

SOURCE = "aws.ecr"


def manifest_digest(manifest: str) -> str:
    """The digest of an image: the SHA-256 of its manifest, byte by byte."""
    return "sha256:" + hashlib.sha256(manifest.encode()).hexdigest()


class PushApi:
    """PutImage."""

    def __init__(self, world: World, images: ImagesApi) -> None:
        self._world = world
        self._images = images

    def put_image(self, call: Call) -> dict[str, Any]:
        """PutImage.

        Raises:
            EcrError: RepositoryNotFoundException, ImageDigestDoesNotMatchException,
                ImageAlreadyExistsException, ImageTagAlreadyExistsException, InvalidParameterException.
        """
        name, manifest, tag = (
            call.params["repositoryName"],
            call.params["imageManifest"],
            call.get("imageTag"),
        )
        repository = ecr_backends[call.account][call.region].repositories.get(name)
        if repository is None:
            raise repository_missing(name, call.account)
        digest = manifest_digest(manifest)
        asked = call.get("imageDigest", digest)
        if asked != digest:
            raise EcrError(
                "ImageDigestDoesNotMatchException",
                f"The specified digest {asked} does not match the digest calculated by the registry: "
                f"{digest}",
            )
        media_type = call.get("imageManifestMediaType") or _media_type(manifest)
        image = next((each for each in repository.images if each.get_image_digest() == digest), None)
        _free_tag(repository, tag, digest, image)
        new = image is None
        if image is None:
            image = Image(repository.account_id, tag, manifest, name, media_type, digest)
            repository.images.append(image)
        elif tag:
            image.update_tag(tag)
        setattr(image, "image_pushed_at", self._world.today())  # noqa: B010 - moto declares a number
        self._announce(call.place, name, image, tag)
        self._images.pushed(call.place, image, new=new)
        return {
            "image": {
                "registryId": call.account,
                "repositoryName": name,
                "imageId": {"imageDigest": digest, **({"imageTag": tag} if tag else {})},
                "imageManifest": manifest,
                "imageManifestMediaType": media_type,
            }
        }

    def _announce(self, place: tuple[str, str], name: str, image: Any, tag: str | None) -> None:
        """Send "ECR Image Action" for a push; an untagged push has an empty tag.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
        """
        detail = {
            "result": "SUCCESS",
            "repository-name": name,
            "image-digest": image.get_image_digest(),
            "action-type": "PUSH",
            "image-tag": tag or "",
            "manifest-media-type": image.image_manifest_media_type,
        }
        self._world.emit(place, SOURCE, "ECR Image Action", detail)


def _free_tag(repository: Any, tag: str | None, digest: str, image: Any | None) -> None:
    if image is not None and (tag is None or tag in image.image_tags) and _active(image):
        raise EcrError(
            "ImageAlreadyExistsException",
            f"Image with digest '{digest}' and tag '{tag or 'null'}' already exists in the repository with "
            f"name '{repository.name}' in registry with id '{repository.registry_id}'",
        )
    holder = next((each for each in repository.images if tag and tag in each.image_tags), None)
    if holder is None or holder is image:
        return
    if tag_is_immutable(repository, str(tag)):
        raise EcrError(
            "ImageTagAlreadyExistsException",
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be "
            "overwritten because the tag is immutable.",
        )
    holder.image_tags.remove(tag)
    holder.image_tag = holder.image_tags[-1] if holder.image_tags else None


def _active(image: Any) -> bool:
    return getattr(image, "image_status", "ACTIVE") == "ACTIVE"


def _media_type(manifest: str) -> str:
    try:
        parsed = json.loads(manifest)
    except ValueError:
        raise EcrError(
            "InvalidParameterException",
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'",
        ) from None
    if not isinstance(parsed, dict) or "mediaType" not in parsed:
        raise EcrError(
            "InvalidParameterException",
            "image manifest mediatype not provided in manifest or parameter",
        )
    return str(parsed["mediaType"])


def tag_is_immutable(repository: Any, tag: str) -> bool:
    """Whether a tag that exists may not be moved to another image.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
    """
    filters = repository.image_tag_mutability_exclusion_filters or []
    excluded = any(fnmatch.fnmatchcase(tag, each["filter"]) for each in filters)
    return bool(repository.is_tag_immutable()) != excluded
