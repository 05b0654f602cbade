"""StartImageScan, DescribeImageScanFindings, PutRegistryScanningConfiguration."""

from __future__ import annotations

from typing import Any

from moto.ecr.models import ecr_backends

from local.world.binding import Call
from local.world.ecr.errors import EcrError, scan_missing
from local.world.ecr.images_api import ImagesApi
from local.world.ecr.references import status_of
from local.world.ecr.scan_shapes import scan_findings
from local.world.ecr.scans import DAY, Scan, Scanner
from local.world.ecs.paging import page
from local.world.world import World

Answer = dict[str, Any]


class ScansApi:
    """The scan operations of the ECR API."""

    def __init__(self, world: World, scanner: Scanner, images: ImagesApi) -> None:
        self._world = world
        self._scanner = scanner
        self._images = images

    def start_scan(self, call: Call) -> Answer:
        """StartImageScan: basic scanning only, once a day for an image.

        https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_StartImageScan.html
        """
        repository = self._images.repository(call)
        image = self._images.find(repository, call.params["imageId"], {"imageStatus": "ANY"})
        if status_of(image) != "ACTIVE":
            raise EcrError("ImageArchivedException", "The specified image is archived and cannot be scanned.")
        backend = ecr_backends[call.account][call.region]
        if backend.registry_scanning_configuration.get("scanType") == "ENHANCED":
            raise EcrError("ValidationException", "This feature is disabled")
        before: Scan | None = getattr(image, "world_scan", None)
        if before is not None and self._world.now() - before.started_at < self._world.scaled(DAY):
            raise EcrError(
                "LimitExceededException",
                "The scan quota per image has been exceeded. Wait and try again.",
            )
        scan = self._scanner.start(call.place, repository, image, "BASIC")
        return self._about(call, repository, image) | {"imageScanStatus": scan.shown_status()}

    def scan_findings(self, call: Call) -> Answer:
        """DescribeImageScanFindings."""
        repository = self._images.repository(call)
        image = self._images.find(repository, call.params["imageId"], {"imageStatus": "ANY"})
        scan: Scan | None = getattr(image, "world_scan", None)
        if scan is None:
            raise scan_missing(call.params["imageId"], repository.name, repository.registry_id)
        answer = self._about(call, repository, image)
        answer["imageScanStatus"] = scan.shown_status()
        if status_of(image) == "ARCHIVED":
            answer["imageScanStatus"] = {"status": "IMAGE_ARCHIVED"}
        elif scan.status in {"COMPLETE", "ACTIVE"}:
            part = page(call, "findings", scan.findings)
            answer["imageScanFindings"] = scan_findings(scan, part["findings"], repository.arn, call.account)
            answer |= {name: value for name, value in part.items() if name == "nextToken"}
        return answer

    def put_scanning(self, call: Call) -> Answer:
        """PutRegistryScanningConfiguration; rules may be left out."""
        kind, rules = call.get("scanType", "BASIC"), call.get("rules", [])
        ecr_backends[call.account][call.region].put_registry_scanning_configuration(kind, rules)
        return {"registryScanningConfiguration": {"scanType": kind, "rules": rules}}

    def _about(self, call: Call, repository: Any, image: Any) -> Answer:
        asked = call.params["imageId"]
        tag = {"imageTag": asked["imageTag"]} if asked.get("imageTag") else {}
        return {
            "registryId": repository.registry_id,
            "repositoryName": repository.name,
            "imageId": {"imageDigest": image.get_image_digest(), **tag},
        }
