"""Container images: what a reference names, and which images make one release."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tidegate.domain import semver, tags
from tidegate.domain.service import ImagePolicy, ImageSource

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One image of an ECR repository, pinned.

    `tag` is the tag it was chosen by, None if by digest alone. `status` is ECR's image status: only an
    `ACTIVE` image can be pulled, an archived one answers 404 until it is restored.
    """

    repository: str
    digest: str
    tag: str | None
    pushed_at: datetime
    status: str = "ACTIVE"


@dataclass(frozen=True, slots=True)
class ImageName:
    """The parts of an image reference such as `registry/repository:tag@digest`."""

    registry: str | None
    repository: str
    tag: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class WaitingForImages:
    """No release yet: at least one container has no fitting image. `reason` is a sentence that names them."""

    reason: str
    repositories: tuple[str, ...]


def is_digest(text: str) -> bool:
    """Whether the text is a whole SHA-256 digest, `sha256:` and 64 lower-case hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


def parse_image(reference: str) -> ImageName:
    """Take an image reference apart; what follows no known form is left in `repository`."""
    name, _, digest = reference.partition("@")
    head, slash, rest = name.partition("/")
    is_registry = bool(slash) and ("." in head or ":" in head or head == "localhost")
    registry, path = (head, rest) if is_registry else (None, name)
    repository, colon, tag = path.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = path, ""
    return ImageName(registry, repository, tag or None, digest or None)


def pinned(repository_uri: str, digest: str) -> str:
    """The reference that pulls exactly this image: `<repository uri>@<digest>`.

    Raises:
        ValueError: the digest is no SHA-256 digest.
    """
    if not is_digest(digest):
        raise ValueError(f"{digest!r} is no image digest; it must be sha256: and 64 hexadecimal digits")
    return f"{repository_uri}@{digest}"


def digest_set_hash(digests: Mapping[str, str]) -> str:
    """SHA-256, in hexadecimal, over container names and digests: equal exactly for equal sets of images."""
    text = json.dumps(dict(sorted(digests.items())), separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def fed_containers(containers: Mapping[str, ImageSource], repository: str, tag: str) -> tuple[str, ...]:
    """Names of the containers that an image with this tag in this repository feeds, sorted."""
    return tuple(
        sorted(
            name
            for name, source in containers.items()
            if source.repository == repository and tags.wanted(source.tags, tag)
        )
    )


def release_images(
    containers: Mapping[str, ImageSource],
    policy: ImagePolicy,
    available: Mapping[str, Sequence[ImageRef]],
    chosen: Mapping[str, ImageRef] | None = None,
) -> dict[str, ImageRef] | WaitingForImages:
    """Decide which image each container gets in the next release.

    Args:
        containers: What feeds each container.
        policy: `newest` takes the newest wanted image of each repository. `same_tag` takes the newest wanted
            tag, which every repository must carry: while one does not, its companions wait for it.
        available: Repository name to its images, one entry for each tag; only `ACTIVE` ones are taken.
        chosen: Container name to the image that it must get, whatever its tag rule says: the one just
            pushed, or the one an operator asked for. Under `same_tag` the others must carry its tag.
    """
    chosen = chosen or {}
    tag = _release_tag(containers, available, chosen) if policy == "same_tag" else None
    images: dict[str, ImageRef] = {}
    missing: dict[str, str] = {}
    for container, source in sorted(containers.items()):
        candidates = _wanted(source, available)
        if policy == "same_tag":
            candidates = [image for image in candidates if image.tag == tag]
        image = chosen.get(container) or max(candidates, key=_age, default=None)
        if image is None:
            missing[source.repository] = f"tag {tag}" if tag else f"image that container {container} wants"
        else:
            images[container] = image
    if not missing:
        return images
    lacking = "; ".join(f"repository {repository} has no {what} yet" for repository, what in missing.items())
    return WaitingForImages(f"Waiting for companions: {lacking}.", tuple(missing))


def _release_tag(
    containers: Mapping[str, ImageSource],
    available: Mapping[str, Sequence[ImageRef]],
    chosen: Mapping[str, ImageRef],
) -> str | None:
    """The tag that all images of a `same_tag` release carry, or None if there is no image to go by."""
    candidates = list(chosen.values()) or [
        image for source in containers.values() for image in _wanted(source, available)
    ]
    newest = max(candidates, key=_age, default=None)
    return newest.tag if newest else None


def _wanted(source: ImageSource, available: Mapping[str, Sequence[ImageRef]]) -> list[ImageRef]:
    images = available.get(source.repository, ())
    return [
        image
        for image in images
        if image.status == "ACTIVE" and image.tag is not None and tags.wanted(source.tags, image.tag)
    ]


def _age(image: ImageRef) -> tuple[datetime, bool, tuple[int, int, int], str, str]:
    """Sort key, newest last. Several tags of one image were pushed at one time: versions win over words."""
    version = semver.parse_version(image.tag or "")
    release = version.release if version else (0, 0, 0)
    return (image.pushed_at, version is not None, release, image.tag or "", image.digest)
