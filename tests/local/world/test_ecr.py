"""Pushes, tags, scans and archived images.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html
https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html
"""

from __future__ import annotations

import hashlib

import pytest
from botocore.exceptions import ClientError

from tests.local.world.support import manifest_of

ON_PUSH = [
    {"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}
]


def refused(call, **arguments) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


def findings(region, digest, repository="checkout"):
    return region.ecr.describe_image_scan_findings(repositoryName=repository, imageId={"imageDigest": digest})


def status(region, digest):
    return findings(region, digest)["imageScanStatus"]["status"]


def test_the_digest_is_that_of_the_manifest(region):
    # Given
    region.repository()

    # When
    digest = region.push(1, tag="1.0.0")

    # Then
    assert digest == "sha256:" + hashlib.sha256(manifest_of(1).encode()).hexdigest()
    detail = region.ecr.describe_images(repositoryName="checkout")["imageDetails"][0]
    assert (detail["imageDigest"], detail["imageTags"]) == (digest, ["1.0.0"])
    assert detail["imagePushedAt"].timestamp() == region.clock.now()


def test_a_push_is_announced_in_the_documented_shape(region):
    # Given
    region.repository()

    # When
    digest = region.push(1, tag="1.0.0")
    region.advance(1)

    # Then
    event = region.events_of("ECR Image Action")[0]
    assert (event.source, event.resources) == ("aws.ecr", [])
    assert event.detail == {
        "result": "SUCCESS",
        "repository-name": "checkout",
        "image-digest": digest,
        "action-type": "PUSH",
        "image-tag": "1.0.0",
        "manifest-media-type": "application/vnd.oci.image.manifest.v1+json",
    }


def test_every_tag_of_an_image_is_an_event_of_its_own(region):
    # Given
    region.repository()

    # When
    digest = region.push(1, tag="1.0.0")
    region.push(1, tag="stable")
    region.push(2)
    region.advance(1)

    # Then
    events = [event.detail for event in region.events_of("ECR Image Action")]
    assert [each["image-tag"] for each in events] == ["1.0.0", "stable", ""]
    assert (
        region.ecr.describe_images(repositoryName="checkout", imageIds=[{"imageTag": "stable"}])[
            "imageDetails"
        ][0]["imageDigest"]
        == digest
    )


def test_the_same_image_with_the_same_tag_is_refused(region):
    # Given
    region.repository()
    region.push(1, tag="1.0.0")

    # When
    put = {"repositoryName": "checkout", "imageManifest": manifest_of(1), "imageTag": "1.0.0"}

    # Then
    assert refused(region.ecr.put_image, **put) == "ImageAlreadyExistsException"


def test_a_tag_moves_to_the_newer_image(region):
    # Given
    region.repository()
    old = region.push(1, tag="latest")

    # When
    new = region.push(2, tag="latest")

    # Then
    details = {
        each["imageDigest"]: each.get("imageTags")
        for each in region.ecr.describe_images(repositoryName="checkout")["imageDetails"]
    }
    assert details == {old: None, new: ["latest"]}


@pytest.mark.parametrize(
    ("mutability", "filters", "tag", "moves"),
    [
        ("MUTABLE", None, "1.0.0", True),
        ("IMMUTABLE", None, "1.0.0", False),
        ("IMMUTABLE_WITH_EXCLUSION", "dev-*", "1.0.0", False),
        ("IMMUTABLE_WITH_EXCLUSION", "dev-*", "dev-main", True),
        ("MUTABLE_WITH_EXCLUSION", "v*", "v1", False),
        ("MUTABLE_WITH_EXCLUSION", "v*", "latest", True),
    ],
)
def test_a_tag_moves_only_where_it_is_mutable(region, mutability, filters, tag, moves):
    # Given
    options = {"imageTagMutability": mutability}
    if filters:
        options["imageTagMutabilityExclusionFilters"] = [{"filterType": "WILDCARD", "filter": filters}]
    region.repository(**options)
    region.push(1, tag=tag)

    # When
    put = {"repositoryName": "checkout", "imageManifest": manifest_of(2), "imageTag": tag}

    # Then
    if moves:
        region.ecr.put_image(**put)
    else:
        assert refused(region.ecr.put_image, **put) == "ImageTagAlreadyExistsException"


def test_a_wrong_digest_and_a_missing_repository_are_refused(region):
    # Given
    region.repository()
    put = {"imageManifest": manifest_of(1), "imageTag": "1"}

    # Then
    wrong = refused(region.ecr.put_image, repositoryName="checkout", imageDigest="sha256:" + "0" * 64, **put)
    assert wrong == "ImageDigestDoesNotMatchException"
    assert refused(region.ecr.put_image, repositoryName="gone", **put) == "RepositoryNotFoundException"


def test_a_basic_scan_ends_complete_and_names_only_severities_that_occur(region):
    # Given
    region.repository()
    region.ecr.put_registry_scanning_configuration(scanType="BASIC", rules=ON_PUSH)

    # When
    digest = region.push(1, tag="1.0.0", scan={"CRITICAL": 0, "HIGH": 2})
    during = status(region, digest)
    region.advance(3)

    # Then
    found = findings(region, digest)
    assert (during, found["imageScanStatus"]["status"]) == ("IN_PROGRESS", "COMPLETE")
    assert found["imageScanFindings"]["findingSeverityCounts"] == {"HIGH": 2}
    assert [each["severity"] for each in found["imageScanFindings"]["findings"]] == ["HIGH", "HIGH"]
    event = region.events_of("ECR Image Scan")[0]
    assert event.source == "aws.ecr"
    assert event.resources == ["arn:aws:ecr:us-east-1:123456789012:repository/checkout"]
    assert event.detail == {
        "scan-status": "COMPLETE",
        "repository-name": "checkout",
        "finding-severity-counts": {"HIGH": 2},
        "image-digest": digest,
        "image-tags": ["1.0.0"],
    }


def test_an_enhanced_scan_ends_active_and_its_event_comes_from_inspector(region):
    # Given
    region.repository()
    region.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=ON_PUSH)

    # When
    digest = region.push(1, tag="1.0.0", scan={"CRITICAL": 1, "MEDIUM": 2, "LOW": 4})
    during = status(region, digest)
    region.advance(3)

    # Then
    found = findings(region, digest)
    assert (during, found["imageScanStatus"]["status"]) == ("PENDING", "ACTIVE")
    assert len(found["imageScanFindings"]["enhancedFindings"]) == 7
    event = region.events_of("Inspector2 Scan")[0]
    assert event.source == "aws.inspector2"
    assert event.detail == {
        "version": "1.0",
        "scan-status": "INITIAL_SCAN_COMPLETE",
        "repository-name": "arn:aws:ecr:us-east-1:123456789012:repository/checkout",
        "finding-severity-counts": {"CRITICAL": 1, "MEDIUM": 2, "TOTAL": 7},
        "image-digest": digest,
        "image-tags": ["1.0.0"],
    }
    assert region.events_of("ECR Image Scan") == []


@pytest.mark.parametrize("kind", ["BASIC", "ENHANCED"])
def test_an_image_that_cannot_be_scanned_says_so_and_sends_no_event(region, kind):
    # Given
    region.repository()
    region.ecr.put_registry_scanning_configuration(scanType=kind, rules=ON_PUSH)

    # When
    digest = region.push(1, scan_supported=False)
    region.advance(5)

    # Then
    assert status(region, digest) == "UNSUPPORTED_IMAGE"
    assert region.events_of("ECR Image Scan") == region.events_of("Inspector2 Scan") == []


def test_named_findings_are_reported_by_name(region):
    # Given
    region.repository()
    region.ecr.put_registry_scanning_configuration(scanType="BASIC", rules=ON_PUSH)

    # When
    digest = region.push(1, findings=[{"name": "CVE-2026-1234", "severity": "CRITICAL"}])
    region.advance(3)

    # Then
    found = findings(region, digest)["imageScanFindings"]
    assert [(each["name"], each["severity"]) for each in found["findings"]] == [("CVE-2026-1234", "CRITICAL")]


def test_without_a_rule_nothing_is_scanned_until_somebody_asks(region):
    # Given
    region.repository()
    digest = region.push(1)
    region.advance(3)
    scan = {"repositoryName": "checkout", "imageId": {"imageDigest": digest}}

    # When
    before = refused(region.ecr.describe_image_scan_findings, **scan)
    started = region.ecr.start_image_scan(**scan)["imageScanStatus"]["status"]
    region.advance(3)

    # Then
    assert (before, started) == ("ScanNotFoundException", "IN_PROGRESS")
    assert status(region, digest) == "COMPLETE"
    assert refused(region.ecr.start_image_scan, **scan) == "LimitExceededException"


def test_the_rules_choose_repositories_by_their_filters(region):
    # Given
    region.repository("checkout")
    region.repository("payments")
    rule = {
        "scanFrequency": "SCAN_ON_PUSH",
        "repositoryFilters": [{"filter": "pay*", "filterType": "WILDCARD"}],
    }
    region.ecr.put_registry_scanning_configuration(scanType="BASIC", rules=[rule])

    # When
    region.push(1, "checkout")
    scanned = region.push(2, "payments")
    region.advance(3)

    # Then
    assert [event.detail["image-digest"] for event in region.events_of("ECR Image Scan")] == [scanned]
    configured = region.ecr.get_registry_scanning_configuration()["scanningConfiguration"]
    assert configured == {"scanType": "BASIC", "rules": [rule]}


def test_an_archived_image_is_described_only_where_it_is_asked_for(region):
    # Given
    region.repository()
    digest = region.push(1, tag="1.0.0")
    image = {"repositoryName": "checkout", "imageId": {"imageDigest": digest}}

    # When
    answer = region.ecr.update_image_storage_class(targetStorageClass="ARCHIVE", **image)

    # Then
    assert answer["imageStatus"] == "ARCHIVED"
    assert region.ecr.describe_images(repositoryName="checkout")["imageDetails"] == []
    by_digest = {"repositoryName": "checkout", "imageIds": [{"imageDigest": digest}]}
    assert refused(region.ecr.describe_images, **by_digest) == "ImageNotFoundException"
    found = region.ecr.describe_images(filter={"imageStatus": "ANY"}, **by_digest)["imageDetails"]
    assert [each["imageStatus"] for each in found] == ["ARCHIVED"]
    assert region.ecr.batch_get_image(**by_digest)["failures"][0]["failureCode"] == "ImageNotFound"
    assert refused(region.ecr.start_image_scan, **image) == "ImageArchivedException"


def test_an_archived_image_comes_back_after_a_while(region):
    # Given
    region.repository()
    digest = region.push(1)
    image = {"repositoryName": "checkout", "imageId": {"imageDigest": digest}}
    region.ecr.update_image_storage_class(targetStorageClass="ARCHIVE", **image)

    # When
    during = region.ecr.update_image_storage_class(targetStorageClass="STANDARD", **image)["imageStatus"]
    region.advance(5)

    # Then
    after = region.ecr.describe_images(repositoryName="checkout")["imageDetails"][0]["imageStatus"]
    assert (during, after) == ("ACTIVATING", "ACTIVE")
    assert region.events_of("ECR Image Action")[-1].detail["target-storage-class"] == "STANDARD"


def test_pushing_an_archived_image_again_restores_it(region):
    # Given
    region.repository()
    digest = region.push(1, tag="1.0.0")
    region.ecr.update_image_storage_class(
        repositoryName="checkout", imageId={"imageDigest": digest}, targetStorageClass="ARCHIVE"
    )

    # When
    region.push(1, tag="1.0.0")

    # Then
    assert len(region.ecr.describe_images(repositoryName="checkout")["imageDetails"]) == 1


def test_deleting_an_image_leaves_nothing_to_pull(region):
    # Given
    region.repository()
    digest = region.push(1, tag="1.0.0")
    ids = [{"imageDigest": digest}]

    # When
    region.ecr.batch_delete_image(repositoryName="checkout", imageIds=ids)

    # Then
    assert region.ecr.list_images(repositoryName="checkout")["imageIds"] == []
    assert (
        refused(region.ecr.describe_images, repositoryName="checkout", imageIds=ids)
        == "ImageNotFoundException"
    )


def test_images_are_listed_by_tag_in_pages(region):
    # Given
    region.repository()
    for number in range(3):
        region.push(number, tag=f"1.{number}.0")
    region.push(9)

    # When
    pages = region.ecr.get_paginator("list_images").paginate(
        repositoryName="checkout", filter={"tagStatus": "TAGGED"}, PaginationConfig={"PageSize": 2}
    )

    # Then
    assert [[each["imageTag"] for each in page["imageIds"]] for page in pages] == [
        ["1.0.0", "1.1.0"],
        ["1.2.0"],
    ]
