"""Use case 19: several images are one release; all must be scanned, pass, and run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.story import Story
from tests.support.variants import two_images

pytestmark = pytest.mark.thorough

Tell = Callable[..., Story]


def test_two_images_with_one_tag_are_one_release(story: Tell) -> None:
    # Given
    checkout = story(two_images)

    # When
    app = checkout.push("1.1.0")
    worker = checkout.push("1.1.0", container="worker")
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs_containers("prod") == {"app": {app}, "worker": {worker}}


def test_one_bad_image_blocks_both(story: Tell) -> None:
    # Given
    checkout = story(two_images)
    before = checkout.runs_containers("prod")

    # When
    checkout.push("1.1.0")
    checkout.push(
        "1.1.0",
        container="worker",
        scan={"CRITICAL": 1},
        findings=[{"name": "CVE-2026-2", "severity": "CRITICAL"}],
    )
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "rejected"
    assert "worker" in end.reason
    assert checkout.runs_containers("prod") == before


def test_one_image_that_does_not_start_brings_both_back(story: Tell) -> None:
    # Given
    checkout = story(two_images)
    before = checkout.runs_containers("prod")

    # When
    checkout.push("1.1.0")
    checkout.push("1.1.0", container="worker", starts=False)
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "rolled_back", end.reason
    assert checkout.runs_containers("prod") == before
