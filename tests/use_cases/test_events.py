"""Events are hints: they come twice, late, out of order or never, and nothing is lost or done twice."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.demo import watch
from tests.support.story import Story
from tests.support.variants import only_production, only_production_with_approval, with_migration

pytestmark = pytest.mark.thorough

Tell = Callable[..., Story]
PUSH = Path(__file__).parents[2] / "events" / "aws" / "ecr_image_push.json"


def push_event(checkout: Story, digest: str, tag: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(PUSH.read_text())
    detail = {"repository-name": checkout.name, "image-digest": digest, "image-tag": tag}
    event["detail"] |= detail
    event |= {"id": str(uuid.uuid4()), "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"}
    return event


def releases(checkout: Story) -> list[str]:
    arns = watch.executions(checkout.place, "normal_deployment")
    return [arn for arn in arns if arn.rpartition(":")[2].startswith(f"{checkout.name}-")]


def test_a_doubled_push_is_one_release(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    digest = checkout.push("1.1.0")
    release = checkout.release()

    # When
    again = push_event(checkout, digest, "1.1.0")
    answers = [checkout.invoke("receive_push", again) for _ in range(3)]
    end = checkout.ended(release)

    # Then
    mine = release.rpartition(":")[2]
    for answer in answers:  # a release that has not planned yet may be started again, under the same name
        assert answer.get("ignored") == "already_taken_in" or answer["releases"] == [mine]
    assert end.outcome == "succeeded", end.reason
    assert len(releases(checkout)) == 1


def test_two_pushes_at_once_end_in_an_order(story: Tell) -> None:
    # Given
    checkout = story(only_production)

    # When
    checkout.push("1.1.0")
    newest = checkout.push("1.2.0")
    outcomes = checkout.until(lambda: checkout.outcomes(pushed=2), "both releases end")

    # Then
    assert set(outcomes) <= {"succeeded", "superseded"}
    assert outcomes[-1] == "succeeded"
    assert checkout.runs("prod") == newest


def test_a_late_event_of_an_older_push_does_not_take_production_back(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    with checkout.without_events("receive_push"):
        older = checkout.push("1.1.0")
    newer = checkout.push("1.2.0")
    assert checkout.ended(checkout.release()).outcome == "succeeded"

    # When
    event = push_event(checkout, older, "1.1.0")
    event["time"] = "2020-01-01T00:00:00Z"
    answer = checkout.invoke("receive_push", event)

    # Then
    assert answer.get("ignored") == "overtaken", answer
    assert checkout.runs("prod") == newer


def test_a_push_that_no_event_told_of_is_found_by_the_sweep(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    with checkout.without_events("receive_push"):
        digest = checkout.push("1.1.0")

    # When
    checkout.invoke("sweep", {"grace_seconds": 0})
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_endings_that_no_event_told_of_are_found_by_the_sweep(story: Tell) -> None:
    # Given
    checkout = story(with_migration)

    # When
    with checkout.without_events("receive_ecs_event"), checkout.without_events("receive_scan"):
        digest = checkout.push("1.1.0", tasks={"migrate": {"exit_code": 0, "seconds": 0.5}})
        release = checkout.release()
        end = checkout.ended_with_sweeps(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_an_unwanted_tag_and_a_foreign_repository_are_ignored(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    digest = checkout.push("feature-x")

    # When
    unwanted = checkout.invoke("receive_push", push_event(checkout, digest, "feature-x"))
    foreign = push_event(checkout, digest, "1.1.0")
    foreign["detail"]["repository-name"] = "somebody-elses"
    unknown = checkout.invoke("receive_push", foreign)
    signature = push_event(checkout, digest, f"{digest.replace(':', '-')}.sig")
    signed = checkout.invoke("receive_push", signature)

    # Then
    assert unwanted["ignored"] == "unwanted_tag"
    assert unknown["ignored"] == "unregistered_repository"
    assert signed["ignored"] == "no_image"
    assert releases(checkout) == []


def test_an_execution_aborted_before_it_touched_anything_is_cancelled(story: Tell) -> None:
    # Given
    checkout = story(only_production_with_approval)
    checkout.push("1.1.0")
    release = checkout.release()
    checkout.mail()

    # When
    checkout.place.client("stepfunctions").stop_execution(
        executionArn=release, error="Stopped", cause="By hand."
    )
    ended = checkout.until(lambda: checkout.outcome_of(release), "the release has a terminal record")

    # Then
    assert ended == "cancelled"
    assert checkout.runs("prod") == checkout.service.digests["app"]


def test_an_execution_aborted_while_it_deploys_is_rolled_back_by_the_safety_net(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    good = checkout.service.digests["app"]
    checkout.push("1.1.0", healthy_after_s=4)
    release = checkout.release()
    checkout.entered(release, "Deploy")

    # When
    checkout.place.client("stepfunctions").stop_execution(executionArn=release)
    rollback = checkout.ended(checkout.release("rollback"))
    ended = checkout.until(lambda: checkout.outcome_of(release), "the release has a terminal record")

    # Then
    assert rollback.outcome == "succeeded", rollback.reason
    assert ended == "rolled_back"
    assert checkout.runs("prod") == good
    assert checkout.quarantined() == set()


def test_what_changed_while_people_thought_is_asked_again(story: Tell) -> None:
    # Given
    checkout = story(only_production_with_approval)
    checkout.push("1.1.0")
    release = checkout.release()
    first = checkout.mail()
    checkout.redeploy_by_hand("prod")

    # When
    checkout.approver.decide(first, "approve")
    second = checkout.mail()
    checkout.approve()
    end = checkout.ended(release)

    # Then
    assert second != first
    assert end.outcome == "succeeded", end.reason
