"""The events of AWS are read leniently, and the examples in events/aws are such events."""

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.examples import EVENTS, event
from tidegate.contracts.events import (
    AlarmStateChange,
    ApiCall,
    EcsStateChange,
    Event,
    ExecutionStatusChange,
    ImageAction,
    ImageScanFinished,
)

KINDS = {
    "ecr_image_push": ImageAction,
    "ecr_image_scan": ImageScanFinished,
    "inspector2_scan": ImageScanFinished,
    "ecs_deployment_completed": EcsStateChange,
    "ecs_hook_awaiting_action": EcsStateChange,
    "ecs_task_stopped": EcsStateChange,
    "cloudwatch_alarm": AlarmStateChange,
    "execution_aborted": ExecutionStatusChange,
    "cloudtrail_put_image": ApiCall,
}


def test_every_example_is_read_by_a_model_and_names_its_page():
    # Given
    examples = {path.stem for path in EVENTS.glob("*.json")}
    rows = re.findall(
        r"^\| `(\w+)\.json` .*https://docs\.aws\.amazon\.com/",
        (EVENTS / "README.md").read_text(),
        re.MULTILINE,
    )

    # Then
    assert examples == set(KINDS) == set(rows)


@pytest.mark.parametrize("name", KINDS)
def test_an_example_is_read(name: str):
    # When
    read = KINDS[name].model_validate(event(name))

    # Then
    assert read.time.year == 2026
    assert read.id.startswith("5d6a3a2e")
    assert read.detail_type


def test_a_call_of_put_image_says_who_pushed_what():
    # When
    detail = ApiCall.model_validate(event("cloudtrail_put_image")).detail

    # Then
    assert detail.identity.arn.endswith("/ada@example.com")
    assert (detail.repository, detail.digest) == ("checkout", f"sha256:{'1a2b3c4d' * 8}")
    assert (detail.error_code, detail.at) == ("", datetime(2026, 11, 23, 12, 0, 2, tzinfo=UTC))


@pytest.mark.parametrize("response", [None, {}, {"image": None}, {"image": {"imageId": "x"}}, {"image": []}])
def test_a_call_that_failed_has_no_digest(response: object):
    read = ApiCall.model_validate(event("cloudtrail_put_image", responseElements=response, errorCode="X"))
    assert (read.detail.digest, read.detail.error_code) == ("", "X")


def test_a_push_says_what_was_pushed():
    # When
    detail = ImageAction.model_validate(event("ecr_image_push")).detail

    # Then
    assert (detail.action, detail.result, detail.repository, detail.tag) == (
        "PUSH",
        "SUCCESS",
        "checkout",
        "1.4.0",
    )
    assert detail.digest.startswith("sha256:1a2b")
    assert detail.is_image


@pytest.mark.parametrize(
    ("manifest", "artifact", "is_image"),
    [
        ("", "", True),
        (
            "application/vnd.docker.distribution.manifest.v2+json",
            "application/vnd.docker.container.image.v1+json",
            True,
        ),
        ("application/vnd.oci.image.index.v1+json", "", True),
        ("application/vnd.oci.image.manifest.v1+json", "application/vnd.cncf.notary.signature", False),
        ("application/vnd.oci.image.manifest.v1+json", "application/vnd.in-toto+json", False),
        ("application/vnd.oci.image.manifest.v1+json", "application/vnd.cncf.helm.config.v1+json", False),
        ("application/vnd.somebody.else+json", "", False),
    ],
)
def test_only_media_types_of_images_are_images(manifest: str, artifact: str, is_image: bool):
    # Given
    pushed = event("ecr_image_push", manifest_media_type=manifest, artifact_media_type=artifact)

    # Then
    assert ImageAction.model_validate(pushed).detail.is_image is is_image


@pytest.mark.parametrize("key", ["image-tag", "manifest-media-type", "artifact-media-type"])
def test_what_a_push_may_leave_out_may_also_be_null(key: str):
    # Given
    missing, null = event("ecr_image_push"), event("ecr_image_push")
    del missing["detail"][key]
    null["detail"][key] = None

    # Then
    assert ImageAction.model_validate(missing).detail == ImageAction.model_validate(null).detail


@pytest.mark.parametrize(
    ("sent", "plain"),
    [
        ("checkout", "checkout"),
        ("team/checkout", "team/checkout"),
        ("arn:aws:ecr:us-east-1:123456789012:repository/checkout", "checkout"),
        (
            "arn:aws-cn:ecr:cn-north-1:123456789012:repository/team/repository/checkout",
            "team/repository/checkout",
        ),
    ],
)
def test_a_scan_names_its_repository_plainly_or_by_its_arn(sent: str, plain: str):
    assert (
        ImageScanFinished.model_validate(event("ecr_image_scan", repository_name=sent)).detail.repository
        == plain
    )


def test_nanoseconds_in_a_time_are_cut():
    # Given
    precise = event("ecs_deployment_completed") | {"time": "2026-11-23T12:06:13.904123456Z"}

    # Then
    assert EcsStateChange.model_validate(precise).time == datetime(
        2026, 11, 23, 12, 6, 13, 904123, tzinfo=UTC
    )


@given(
    st.dictionaries(st.text(min_size=1), st.one_of(st.none(), st.integers(), st.text(), st.lists(st.text())))
)
def test_keys_that_nobody_knows_change_nothing(extra: dict):
    # Given
    plain = event("ecr_image_push")
    known = set(plain["detail"]) | {
        "repository",
        "digest",
        "tag",
        "action",
        "manifest_media_type",
        "artifact_media_type",
    }
    unknown = {key: value for key, value in extra.items() if key not in known}

    # When
    read = ImageAction.model_validate({**unknown, **plain, "detail": {**plain["detail"], **unknown}})

    # Then
    assert read == ImageAction.model_validate(plain)


def test_an_event_without_id_or_time_is_refused():
    with pytest.raises(ValidationError):
        Event.model_validate({"detail-type": "ECR Image Action"})
