"""Image scans, basic and enhanced, from PENDING to their findings."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.world.images import ImageBehaviour
from local.world.world import World

BASIC_SECONDS, ENHANCED_SECONDS = 30, 60
DAY = 24 * 3600
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
INSPECTOR_COUNTS = ("CRITICAL", "HIGH", "MEDIUM")
UNSUPPORTED = "UnsupportedImageError: The operating system and/or package manager are not supported."


@dataclass
class Scan:
    """The scan of one image.

    ``status`` ends as COMPLETE with basic scanning and as ACTIVE with enhanced scanning.
    """

    kind: str
    started_at: float
    status: str = "PENDING"
    description: str | None = None
    completed_at: datetime | None = None
    findings: list[dict[str, Any]] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Findings by severity; a severity without any is absent."""
        return dict(Counter(each["severity"] for each in self.findings))

    def shown_status(self) -> dict[str, str]:
        """``imageScanStatus`` of the API."""
        return {
            "status": self.status,
            **({"description": self.description} if self.description else {}),
        }


def findings_of(behaviour: ImageBehaviour) -> list[dict[str, Any]]:
    """The findings that an image's behaviour asks for, made up by number where they have no names."""
    named = [{"severity": "HIGH", "name": "CVE-0000-0000", **each} for each in behaviour.findings]
    if named:
        return named
    return [
        {"name": f"CVE-2026-{rank + 1}{number:04d}", "severity": severity}
        for rank, severity in enumerate(SEVERITIES)
        for number in range(1, int(behaviour.scan.get(severity, 0)) + 1)
    ]


def scan_kind(configuration: Mapping[str, Any], repository: Any) -> str | None:
    """BASIC or ENHANCED where a push to the repository is scanned by itself, None where it is not.

    https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryScanningConfiguration.html
    """
    kind = str(configuration.get("scanType") or "BASIC")
    for rule in configuration.get("rules") or []:
        filters = [each["filter"] for each in rule.get("repositoryFilters") or []]
        automatic = rule.get("scanFrequency") in {"SCAN_ON_PUSH", "CONTINUOUS_SCAN"}
        if automatic and any(covers(pattern, repository.name) for pattern in filters):
            return kind
    on_push = (repository.image_scanning_configuration or {}).get("scanOnPush")
    return "BASIC" if kind == "BASIC" and on_push else None


def covers(pattern: str, repository: str) -> bool:
    """Whether a repository filter means a repository: without a wildcard, names that contain it.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-filters.html
    """
    return fnmatch.fnmatchcase(repository, pattern) if "*" in pattern else pattern in repository


class Scanner:
    """Runs scans."""

    def __init__(self, world: World) -> None:
        self._world = world

    def start(self, place: tuple[str, str], repository: Any, image: Any, kind: str) -> Scan:
        """Begin a scan; it ends by itself."""
        scan = Scan(kind, self._world.now())
        image.world_scan = scan
        enhanced = kind == "ENHANCED"
        if not enhanced:
            scan.status = "IN_PROGRESS"
        usual = self._world.around(ENHANCED_SECONDS if enhanced else BASIC_SECONDS)
        wanted = self._world.images.get(image.get_image_digest()).scan_seconds
        seconds = usual if wanted is None else wanted
        self._world.later(seconds, self._finish, place, repository, image, scan)
        return scan

    def _finish(self, place: tuple[str, str], repository: Any, image: Any, scan: Scan) -> None:
        behaviour = self._world.images.get(image.get_image_digest())
        scan.completed_at = self._world.today()
        if not behaviour.scan_supported:
            # Neither ECR nor Inspector documents an event for it:
            # https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html
            scan.status, scan.description = "UNSUPPORTED_IMAGE", UNSUPPORTED
            return
        scan.findings = findings_of(behaviour)
        if scan.kind == "ENHANCED":
            scan.status = "ACTIVE"
            scan.description = "Continuous scan is selected for image."
            self._tell_enhanced(place, repository, image, scan)
        else:
            scan.status = "COMPLETE"
            scan.description = "The scan was completed successfully."
            self._tell_basic(place, repository, image, scan)

    def _tell_basic(self, place: tuple[str, str], repository: Any, image: Any, scan: Scan) -> None:
        """Send "ECR Image Scan": the plain repository name, and only severities that occur.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
        """
        detail = {
            "scan-status": "COMPLETE",
            "repository-name": repository.name,
            "finding-severity-counts": scan.counts,
            "image-digest": image.get_image_digest(),
            "image-tags": list(image.image_tags),
        }
        self._world.emit(place, "aws.ecr", "ECR Image Scan", detail, [repository.arn])

    def _tell_enhanced(self, place: tuple[str, str], repository: Any, image: Any, scan: Scan) -> None:
        """Send "Inspector2 Scan": the repository's ARN, no LOW, and a TOTAL of all severities.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
        """
        counts = {name: number for name, number in scan.counts.items() if name in INSPECTOR_COUNTS}
        detail = {
            "version": "1.0",
            "scan-status": "INITIAL_SCAN_COMPLETE",
            "repository-name": repository.arn,
            "finding-severity-counts": {**counts, "TOTAL": len(scan.findings)},
            "image-digest": image.get_image_digest(),
            "image-tags": list(image.image_tags),
        }
        self._world.emit(place, "aws.inspector2", "Inspector2 Scan", detail, [repository.arn])
