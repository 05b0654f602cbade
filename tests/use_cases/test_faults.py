"""Faults of the platform: each ends in a terminal record, a free lock, and a message."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.sample import Place
from tests.support.story import Story
from tests.support.variants import only_production, without_approval

pytestmark = pytest.mark.thorough

Tell = Callable[..., Story]


@pytest.fixture
def fault(place: Place) -> Iterator[Callable[..., None]]:
    """Injects a fault; all are taken away afterwards."""

    def inject(**described: Any) -> None:
        place.world("POST", "/faults", described)

    yield inject
    place.world("DELETE", "/faults")


def test_throttling_is_ridden_out(story: Tell, fault: Callable[..., None]) -> None:
    # Given
    checkout = story(only_production)
    fault(caller="tidegate-start_deployment", service="ecs", action="UpdateService", kind="throttle", times=2)
    fault(caller="tidegate-conclude", service="dynamodb", action="*", kind="throttle", times=2)

    # When
    digest = checkout.push("1.1.0")
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_a_denied_call_ends_in_a_record_that_names_it(story: Tell, fault: Callable[..., None]) -> None:
    # Given
    checkout = story(only_production)
    fault(
        caller="tidegate-start_deployment",
        service="ecs",
        action="UpdateService",
        kind="access_denied",
        times=None,
    )

    # When
    checkout.push("1.1.0")
    end = checkout.ended(checkout.release())

    # Then
    assert end.status == "FAILED"
    assert "AccessDenied" in end.reason
    assert checkout.runs("prod") == checkout.service.digests["app"]
    assert checkout.quarantined() == set()


def test_a_function_that_times_out_once_is_tried_again(story: Tell, fault: Callable[..., None]) -> None:
    # Given
    checkout = story(only_production)
    fault(caller="tidegate-read_deployment", kind="function_timeout", times=1)

    # When
    digest = checkout.push("1.1.0")
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_a_lost_answer_after_the_effect_does_nothing_twice(story: Tell, fault: Callable[..., None]) -> None:
    # Given
    checkout = story(only_production)
    fault(
        caller="tidegate-start_deployment",
        service="ecs",
        action="UpdateService",
        kind="fail_after_effect",
        times=1,
    )

    # When
    digest = checkout.push("1.1.0")
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_a_restore_that_breaks_is_finished_by_a_rollback(story: Tell, fault: Callable[..., None]) -> None:
    # Given
    checkout = story(only_production)
    good = checkout.service.digests["app"]
    fault(
        caller="tidegate-restore_service",
        service="ecs",
        action="UpdateService",
        kind="access_denied",
        times=1,
    )

    # When a release that fails its check cannot be taken back
    checkout.push("1.1.0", error_rate=1.0, http={"/health": 200})
    release = checkout.release()
    end = checkout.ended(release)

    # Then its record says so, and a rollback brings production back
    assert (end.status, end.outcome) == ("FAILED", "failed")
    assert "the restore broke" in end.reason
    assert checkout.ended(checkout.release("rollback")).outcome == "succeeded"
    assert checkout.runs("prod") == good
    assert checkout.outcome_of(release) == "failed"


def test_a_service_that_is_gone_ends_the_release_before_that_environment(story: Tell) -> None:
    # Given
    checkout = story(without_approval)
    checkout.service.delete("staging")

    # When
    checkout.push("1.1.0")
    end = checkout.ended(checkout.release())
    checkout.environments = ("dev", "prod")

    # Then
    assert (end.status, end.outcome) == ("FAILED", "failed")
    assert "staging" in end.reason
    assert checkout.runs("prod") == checkout.service.digests["app"]


def test_a_breaker_that_trips_in_production_brings_production_back(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    good = checkout.service.digests["app"]

    # When
    bad = checkout.push("1.1.0", starts=False)
    end = checkout.ended(checkout.release())

    # Then
    assert (end.status, end.outcome) == ("FAILED", "rolled_back"), end.reason
    assert "circuit breaker" in end.reason
    assert checkout.runs("prod") == good
    assert checkout.quarantined() == {bad}
    assert any("rolled back" in subject for subject in checkout.messages())


def test_an_image_that_was_deleted_after_its_push_is_refused(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    checkout.run("operate", action="freeze", service=checkout.name, environment="prod", reason="Wait.")
    digest = checkout.push("1.1.0")
    release = checkout.release()
    checkout.waits_for(release, f"freeze/{checkout.name}/prod")

    # When
    checkout.place.client("ecr").batch_delete_image(
        repositoryName=checkout.name, imageIds=[{"imageDigest": digest}]
    )
    checkout.run("operate", action="thaw", service=checkout.name, environment="prod")
    end = checkout.ended(release)

    # Then
    assert (end.status, end.outcome) == ("FAILED", "rolled_back"), end.reason
    assert checkout.runs("prod") == checkout.service.digests["app"]
