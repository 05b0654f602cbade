"""DescribeImages, ListImages, BatchGetImage, UpdateImageStorageClass and the scan operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moto.ecr.models import ecr_backends

from local.world.binding import Call
from local.world.ecr.errors import EcrError, image_missing, repository_missing
from local.world.ecr.references import status_of
from local.world.ecr.scans import Scan, Scanner, scan_kind
from local.world.ecs.paging import page
from local.world.world import World

Answer = dict[str, Any]
RESTORING = 120


class ImagesApi:
    """The image operations of the ECR API."""

    def __init__(self, world: World, scanner: Scanner) -> None:
        self._world = world
        self._scanner = scanner

    def pushed(self, place: tuple[str, str], image: Any, *, new: bool) -> None:
        """What follows a push: a scan where the registry's configuration says so, and an archive's end."""
        if status_of(image) != "ACTIVE":
            image.image_status, image.last_activated_at = "ACTIVE", self._world.today()
        backend = ecr_backends[place[0]][place[1]]
        repository = backend.repositories[image.repository_name]
        kind = scan_kind(backend.registry_scanning_configuration, repository)
        if kind and new:
            self._scanner.start(place, repository, image, kind)

    def describe(self, call: Call) -> Answer:
        """DescribeImages: only ACTIVE images, unless the filter asks for others.

        https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImagesFilter.html
        """
        repository = self.repository(call)
        wanted = call.get("filter", {})
        if call.get("imageIds"):
            images = [self.find(repository, each, wanted) for each in call.params["imageIds"]]
            return {"imageDetails": [_detail(image) for image in images]}
        found = [_detail(image) for image in _filtered(repository, wanted)]
        return page(call, "imageDetails", found)

    def list(self, call: Call) -> Answer:
        """ListImages: one entry for each tag."""
        found = []
        for image in _filtered(self.repository(call), call.get("filter", {})):
            digest = {"imageDigest": image.get_image_digest()}
            found += [{**digest, "imageTag": tag} for tag in image.image_tags] or [digest]
        return page(call, "imageIds", found)

    def batch_get(self, call: Call) -> Answer:
        """BatchGetImage, the first call of a pull: an archived image is not found."""
        repository = self.repository(call)
        images, failures = [], []
        for wanted in call.get("imageIds", []):
            try:
                image = self.find(repository, wanted, {})
            except EcrError:
                failures.append(
                    {
                        "imageId": dict(wanted),
                        "failureCode": "ImageNotFound",
                        "failureReason": "Requested image not found",
                    }
                )
                continue
            image.last_recorded_pull_time = self._world.today()
            tag = {"imageTag": wanted["imageTag"]} if wanted.get("imageTag") else {}
            images.append(
                {
                    "registryId": repository.registry_id,
                    "repositoryName": repository.name,
                    "imageId": {"imageDigest": image.get_image_digest(), **tag},
                    "imageManifest": image.image_manifest,
                    "imageManifestMediaType": image.image_manifest_media_type,
                }
            )
        return {"images": images, "failures": failures}

    def update_storage_class(self, call: Call) -> Answer:
        """UpdateImageStorageClass: archiving is done at once, restoring takes its time.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html
        """
        repository = self.repository(call)
        image = self.find(repository, call.params["imageId"], {"imageStatus": "ANY"})
        target = call.params["targetStorageClass"]
        if target == "ARCHIVE":
            self.archive(image)
        elif status_of(image) == "ARCHIVED":
            image.image_status = "ACTIVATING"
            self._world.later(self._world.around(RESTORING), self._activate, call.place, repository, image)
        return {
            "registryId": repository.registry_id,
            "repositoryName": repository.name,
            "imageId": dict(call.params["imageId"]),
            "imageStatus": status_of(image),
        }

    def archive(self, image: Any) -> None:
        """Archive an image."""
        image.image_status, image.last_archived_at = "ARCHIVED", self._world.today()

    def _activate(self, place: tuple[str, str], repository: Any, image: Any) -> None:
        image.image_status, image.last_activated_at = "ACTIVE", self._world.today()
        detail = {
            "result": "SUCCESS",
            "repository-name": repository.name,
            "image-digest": image.get_image_digest(),
            "action-type": "UPDATE_STORAGE_CLASS",
            "target-storage-class": "STANDARD",
            "image-tag": image.image_tag or "",
        }
        self._world.emit(place, "aws.ecr", "ECR Image Action", detail)

    def repository(self, call: Call) -> Any:
        """The repository that a call names.

        Raises:
            EcrError: RepositoryNotFoundException.
        """
        name = call.params["repositoryName"]
        found = ecr_backends[call.account][call.region].repositories.get(name)
        if found is None:
            raise repository_missing(name, call.get("registryId", call.account))
        return found

    def find(self, repository: Any, image_id: Mapping[str, str], wanted: Mapping[str, str]) -> Any:
        """The image of a repository that an image id means.

        Raises:
            EcrError: ImageNotFoundException, also where the filter leaves it out.
        """
        digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
        for image in _filtered(repository, wanted):
            fits = digest in {None, image.get_image_digest()} and (tag is None or tag in image.image_tags)
            if fits and (digest or tag):
                return image
        raise image_missing(image_id, repository.name, repository.registry_id)


def _filtered(repository: Any, wanted: Mapping[str, str]) -> Iterator[Any]:
    status, tagged = wanted.get("imageStatus", "ACTIVE"), wanted.get("tagStatus", "ANY")
    for image in list(repository.images):
        if status not in {"ANY", status_of(image)}:
            continue
        if tagged == "ANY" or bool(image.image_tags) == (tagged == "TAGGED"):
            yield image


def _detail(image: Any) -> Answer:
    """``imageDetails``. A basic scan fills no summary here: its findings must be described by themselves.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImages.html
    """
    scan: Scan | None = getattr(image, "world_scan", None)
    shape = {
        "registryId": image.registry_id,
        "repositoryName": image.repository_name,
        "imageDigest": image.get_image_digest(),
        "imageTags": list(image.image_tags) or None,
        "imageSizeInBytes": image.get_image_size_in_bytes(),
        "imagePushedAt": image.image_pushed_at,
        "imageManifestMediaType": image.image_manifest_media_type,
        "imageStatus": status_of(image),
        "imageScanStatus": scan.shown_status() if scan and scan.kind == "ENHANCED" else None,
        "lastRecordedPullTime": getattr(image, "last_recorded_pull_time", None),
        "lastArchivedAt": getattr(image, "last_archived_at", None),
        "lastActivatedAt": getattr(image, "last_activated_at", None),
    }
    if scan and scan.kind == "ENHANCED" and scan.status == "ACTIVE":
        shape["imageScanFindingsSummary"] = {
            "imageScanCompletedAt": scan.completed_at,
            "vulnerabilitySourceUpdatedAt": scan.completed_at,
            "findingSeverityCounts": scan.counts,
        }
    return {name: value for name, value in shape.items() if value is not None}
