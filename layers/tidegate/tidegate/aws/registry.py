"""Images and their scans in Amazon ECR."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.errors import Answer, aws_call, aws_call_unless
from tidegate.aws.image_labels import read_labels
from tidegate.domain import semver
from tidegate.domain.images import ImageRef
from tidegate.domain.scan import ImageScan, ScanFinding
from tidegate.domain.service import Target
from tidegate.errors import Terminal
from tidegate.ports import Registry

_ABSENT = ("ImageNotFoundException", "RepositoryNotFoundException")
_PAGE = 1000
_OVER = frozenset({"CLOSED", "SUPPRESSED"})
"""Statuses of Inspector findings that no longer count: repaired, or suppressed by a suppression rule."""


class EcrRegistry(Registry):
    """Scan results are per region: they are read where the workload pulls its image."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def image(
        self, target: Target, repository: str, *, tag: str | None = None, digest: str | None = None
    ) -> ImageRef | None:
        if (tag is None) == (digest is None):
            raise Terminal("An image is looked up by its tag or by its digest: exactly one of them.")
        # Without the filter only ACTIVE images are described:
        # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DescribeImagesFilter.html
        answer = aws_call_unless(
            _ABSENT,
            self._clients.at("ecr", target).describe_images,
            repositoryName=repository,
            imageIds=[{"imageTag": tag} if tag is not None else {"imageDigest": digest}],
            filter={"imageStatus": "ANY"},
        )
        details = answer["imageDetails"] if answer else []
        return _image(repository, details[0], tag or _newest_tag(details[0])) if details else None

    def images(self, target: Target, repository: str) -> tuple[ImageRef, ...]:
        pages = _pages(
            self._clients.at("ecr", target).describe_images,
            unless=("RepositoryNotFoundException",),
            repositoryName=repository,
            filter={"tagStatus": "TAGGED", "imageStatus": "ACTIVE"},
        )
        details = (detail for page in pages for detail in page["imageDetails"])
        return tuple(_image(repository, each, tag) for each in details for tag in each.get("imageTags", []))

    def scan(self, target: Target, repository: str, digest: str) -> ImageScan:
        status: str | None = None
        counts: dict[str, int] = {}
        findings: list[ScanFinding] = []
        pages = _pages(
            self._clients.at("ecr", target).describe_image_scan_findings,
            unless=("ScanNotFoundException",),
            repositoryName=repository,
            imageId={"imageDigest": digest},
        )
        for page in pages:
            results = page.get("imageScanFindings", {})
            status = page.get("imageScanStatus", {}).get("status")
            counts = {name: int(count) for name, count in results.get("findingSeverityCounts", {}).items()}
            findings += _findings(results)
        return ImageScan(status=status, counts=counts, findings=tuple(findings))

    def labels(self, target: Target, repository: str, digest: str) -> dict[str, str]:
        return read_labels(self._clients.at("ecr", target), repository, digest)

    def uri(self, target: Target, repository: str) -> str:
        describe = self._clients.at("ecr", target).describe_repositories
        uri: str = aws_call(describe, repositoryNames=[repository])["repositories"][0]["repositoryUri"]
        return uri


def _pages(method: Callable[..., Any], *, unless: tuple[str, ...], **parameters: Any) -> Iterator[Answer]:
    """The pages of an answer; none when ECR answers with one of the error codes."""
    while page := aws_call_unless(unless, method, maxResults=_PAGE, **parameters):
        yield page
        if "nextToken" not in page:
            return
        parameters["nextToken"] = page["nextToken"]


def _image(repository: str, detail: Answer, tag: str | None) -> ImageRef:
    return ImageRef(
        repository=repository,
        digest=detail["imageDigest"],
        tag=tag,
        pushed_at=detail["imagePushedAt"],
        status=detail.get("imageStatus", "ACTIVE"),
    )


def _newest_tag(detail: Answer) -> str | None:
    """The tag to call an image by. ECR does not say which is newest: the highest version wins."""

    def rank(tag: str) -> tuple[bool, tuple[int, int, int], str]:
        version = semver.parse_version(tag)
        return (version is not None, version.release if version else (0, 0, 0), tag)

    return max(detail.get("imageTags", []), key=rank, default=None)


def _findings(results: Answer) -> list[ScanFinding]:
    """Findings of a basic scan, or of an enhanced one by Inspector; a page has one kind or the other."""
    basic = [ScanFinding(each["name"], each["severity"]) for each in results.get("findings", [])]
    enhanced = [
        ScanFinding(_vulnerability(each), each.get("severity", "UNDEFINED"))
        for each in results.get("enhancedFindings", [])
        if each.get("status") not in _OVER
    ]
    return basic + enhanced


def _vulnerability(finding: Answer) -> str:
    """What a waiver names: the vulnerability's id, or the title where there is none."""
    details = finding.get("packageVulnerabilityDetails", {})
    return str(details.get("vulnerabilityId") or finding.get("title") or finding.get("findingArn", "unknown"))
