"""What `ports.Registry` promises."""

from typing import Any

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME, NOON, digest
from tests.adapters.worlds import WorkloadWorld
from tidegate.aws.clients import Clients
from tidegate.aws.registry import EcrRegistry
from tidegate.domain.scan import ImageScan, ScanFinding
from tidegate.errors import Terminal


def test_an_image_is_found_by_tag_and_by_digest(world: WorkloadWorld):
    # Given
    pushed = world.push(1, "1.0.0")

    # When
    by_tag = world.ports.registry.image(HOME, "checkout", tag="1.0.0")
    by_digest = world.ports.registry.image(HOME, "checkout", digest=pushed)

    # Then
    assert by_tag is not None
    assert by_tag == by_digest
    assert (by_tag.repository, by_tag.digest, by_tag.tag) == ("checkout", pushed, "1.0.0")
    assert by_tag.status == "ACTIVE"
    assert by_tag.pushed_at.tzinfo is not None


def test_what_is_not_there_is_none_or_nothing(world: WorkloadWorld):
    world.push(1, "1.0.0")

    assert world.ports.registry.image(HOME, "checkout", tag="2.0.0") is None
    assert world.ports.registry.image(HOME, "checkout", digest=digest("f")) is None
    assert world.ports.registry.image(HOME, "basket", tag="1.0.0") is None
    assert world.ports.registry.images(HOME, "basket") == ()


def test_an_image_is_asked_for_by_one_of_the_two(world: WorkloadWorld):
    pushed = world.push(1, "1.0.0")

    with pytest.raises(Terminal, match="exactly one"):
        world.ports.registry.image(HOME, "checkout", tag="1.0.0", digest=pushed)
    with pytest.raises(Terminal, match="exactly one"):
        world.ports.registry.image(HOME, "checkout")


def test_every_tag_of_every_image_is_listed(world: WorkloadWorld):
    # Given two images, one of which has two tags, and one whose tag has moved on
    world.push(1, "latest")
    old = world.push(2, "1.0.0")
    new = world.push(3, "1.1.0")
    assert world.push(3, "latest") == new

    # Then
    images = world.ports.registry.images(HOME, "checkout")
    assert {(image.tag, image.digest) for image in images} == {
        ("1.0.0", old),
        ("1.1.0", new),
        ("latest", new),
    }


def test_an_archived_image_is_seen_but_not_offered(world: WorkloadWorld):
    # Given
    archived, active = world.push(1, "1.0.0"), world.push(2, "1.1.0")
    world.archive(archived)

    # When
    found = world.ports.registry.image(HOME, "checkout", digest=archived)

    # Then
    assert found is not None
    assert found.status == "ARCHIVED"
    assert [image.digest for image in world.ports.registry.images(HOME, "checkout")] == [active]


def test_an_image_that_was_never_scanned_has_no_status(world: WorkloadWorld):
    pushed = world.push(1, "1.0.0")

    assert world.ports.registry.scan(HOME, "checkout", pushed) == ImageScan(status=None)


def test_a_scan_has_its_counts_and_its_findings(world: WorkloadWorld):
    pushed = world.push(1, "1.0.0", {"CVE-2026-1": "HIGH", "CVE-2026-2": "LOW", "CVE-2026-3": "LOW"})
    world.scan(pushed)

    scan = world.ports.registry.scan(HOME, "checkout", pushed)

    assert (scan.status, scan.counts) == ("COMPLETE", {"HIGH": 1, "LOW": 2})
    assert set(scan.findings) == {
        ScanFinding("CVE-2026-1", "HIGH"),
        ScanFinding("CVE-2026-2", "LOW"),
        ScanFinding("CVE-2026-3", "LOW"),
    }


def test_the_address_to_pull_from_names_account_and_region(world: WorkloadWorld):
    uri = world.ports.registry.uri(HOME, "checkout")

    assert uri == "123456789012.dkr.ecr.us-east-1.amazonaws.com/checkout"


@pytest.fixture
def ecr(clients: Clients) -> Scripted:
    return Scripted(clients.at("ecr", HOME))


def test_findings_come_from_all_pages_and_only_those_that_count(clients: Clients, ecr: Scripted):
    # Given an enhanced scan whose findings come in two pages
    def finding(name: str | None, severity: str, status: str = "ACTIVE") -> dict[str, Any]:
        details = {"packageVulnerabilityDetails": {"vulnerabilityId": name}} if name else {}
        return {"severity": severity, "status": status, "title": "A key in a layer", **details}

    def page(*found: dict[str, Any], **more: Any) -> dict[str, Any]:
        counts = {"HIGH": 2, "TOTAL": 3}
        findings = {"enhancedFindings": list(found), "findingSeverityCounts": counts}
        return {"imageScanStatus": {"status": "ACTIVE"}, "imageScanFindings": findings, **more}

    first = page(finding("CVE-2026-1", "HIGH"), finding("CVE-2026-2", "HIGH", "SUPPRESSED"), nextToken="next")
    second = page(finding(None, "HIGH"), finding("CVE-2026-3", "UNTRIAGED"))
    ecr.answer("DescribeImageScanFindings", first, second)

    # When
    scan = EcrRegistry(clients).scan(HOME, "checkout", digest("a"))

    # Then
    assert scan == ImageScan(
        status="ACTIVE",
        counts={"HIGH": 2, "TOTAL": 3},
        findings=(
            ScanFinding("CVE-2026-1", "HIGH"),
            ScanFinding("A key in a layer", "HIGH"),
            ScanFinding("CVE-2026-3", "UNTRIAGED"),
        ),
    )
    assert [request.get("nextToken") for request in ecr.requests["DescribeImageScanFindings"]] == [
        None,
        "next",
    ]


@pytest.mark.parametrize("status", ["UNSUPPORTED_IMAGE", "IN_PROGRESS", "A_NEW_STATUS"])
def test_a_scan_without_findings_has_the_status_that_ecr_gives(clients: Clients, ecr: Scripted, status: str):
    ecr.answer("DescribeImageScanFindings", {"imageScanStatus": {"status": status}})

    assert EcrRegistry(clients).scan(HOME, "checkout", digest("a")) == ImageScan(status=status)


def test_images_come_from_all_pages(clients: Clients, ecr: Scripted):
    def detail(letter: str, *tags: str) -> dict[str, Any]:
        return {"imageDigest": digest(letter), "imageTags": list(tags), "imagePushedAt": NOON}

    ecr.answer(
        "DescribeImages",
        {"imageDetails": [detail("a", "1.0.0")], "nextToken": "next"},
        {"imageDetails": [detail("b", "1.1.0", "latest")]},
    )

    images = EcrRegistry(clients).images(HOME, "checkout")

    assert [image.tag for image in images] == ["1.0.0", "1.1.0", "latest"]
    assert ecr.requests["DescribeImages"][1]["nextToken"] == "next"
    assert ecr.requests["DescribeImages"][0]["filter"] == {"tagStatus": "TAGGED", "imageStatus": "ACTIVE"}


@pytest.mark.parametrize(
    ("tags", "newest"),
    [
        (["latest", "1.9.0", "1.10.0"], "1.10.0"),
        (["main", "latest"], "main"),
        ([], None),
    ],
)
def test_an_image_is_called_by_its_highest_version(
    clients: Clients, ecr: Scripted, tags: list[str], newest: str | None
):
    detail = {"imageDigest": digest("a"), "imageTags": tags, "imagePushedAt": NOON}
    ecr.answer("DescribeImages", {"imageDetails": [detail]})

    image = EcrRegistry(clients).image(HOME, "checkout", digest=digest("a"))

    assert image is not None
    assert image.tag == newest
