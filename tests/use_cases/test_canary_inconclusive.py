"""What allows no conclusion is never taken for good: the canary waits, people decide, or it returns."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.canaries import REQUESTS_PER_SECOND, CanaryStory, Tell, with_canary
from tests.support.together import together
from tests.support.variants import APPROVERS, Manifest

pytestmark = [*together("canary"), pytest.mark.thorough]

SHORT = 4
"""Seconds after which a step without requests is over."""


def without_requests(story: Tell, when_inconclusive: str, **more: Any) -> CanaryStory:
    """A service that nobody uses, with a canary of one short step."""
    return with_canary(
        story,
        requests_per_second=0,
        maximum_seconds=SHORT,
        when_inconclusive=when_inconclusive,
        **more,
    )


def asking(story: Tell, **rule: Any) -> tuple[CanaryStory, str, str]:
    """A canary without requests about which the approver is asked; its digest and execution.

    The first question, before the deployment, has been answered with yes.
    """

    def approved_by_people(manifest: Manifest) -> None:
        manifest["environments"][0]["approval"] = {**APPROVERS, **rule}

    checkout = without_requests(story, "ask", also=approved_by_people)
    digest, release = checkout.push()
    checkout.story.approve("Try it.")
    checkout.reaches(50)
    return checkout, digest, release


def test_a_canary_without_requests_returns_where_the_manifest_says_so(story: Tell) -> None:
    # Given
    checkout = without_requests(story, "return")

    # When
    _, release = checkout.push()
    end = checkout.story.ended(release)

    # Then there is no evidence against the image
    assert "without a conclusion" in end.reason
    checkout.is_back(end, quarantined=set())


def test_a_canary_without_requests_waits_for_them_where_the_manifest_says_so(story: Tell) -> None:
    # Given
    checkout = without_requests(story, "wait")

    # When the step has long been over, and only then somebody comes
    digest, release = checkout.push()
    checkout.reaches(50)
    checkout.still_has(50, seconds=2 * SHORT)
    checkout.story.service.set_traffic(REQUESTS_PER_SECOND)
    end = checkout.story.ended(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.story.runs("prod") == digest


def test_a_canary_does_not_wait_for_ever(story: Tell) -> None:
    # Given
    checkout = without_requests(story, "wait", longest_seconds=10)

    # When
    _, release = checkout.push()
    end = checkout.story.ended(release)

    # Then
    assert "It took longer than" in end.reason
    checkout.is_back(end, quarantined=set())


def test_people_who_are_asked_may_let_it_go_on(story: Tell) -> None:
    # Given
    checkout, digest, release = asking(story)

    # When
    page = checkout.story.approver.read(checkout.story.mail())
    checkout.story.approve("Nobody uses it at night.")
    end = checkout.story.ended(release)

    # Then
    assert "without a conclusion" in page
    assert end.outcome == "succeeded", end.reason
    assert checkout.story.runs("prod") == digest


def test_people_who_are_asked_may_take_it_back(story: Tell) -> None:
    # Given
    checkout, _, release = asking(story)

    # When
    checkout.story.reject("Not without figures.")
    end = checkout.story.ended(release)

    # Then
    assert "Not without figures." in end.reason
    checkout.is_back(end, quarantined=set())


def test_people_who_do_not_answer_are_reminded_and_the_canary_returns(story: Tell) -> None:
    # Given
    checkout, _, release = asking(story, expires_after_seconds=60)

    # When
    end = checkout.story.ended(release)

    # Then silence is no consent
    assert "Nobody decided until" in end.reason
    checkout.is_back(end, quarantined=set())

    # Then the mail of the question and the reminder, each with a link of its own
    assert len(checkout.story.approver.links()) == 2


def test_the_judge_decides_before_people_do(story: Tell) -> None:
    # Given people who think for long
    checkout, bad, release = asking(story)
    checkout.story.mail()

    # When requests come, and fail
    checkout.turns(bad, error_rate=0.2)
    checkout.story.service.set_traffic(REQUESTS_PER_SECOND)
    end = checkout.story.ended(release)

    # Then nobody can answer any more
    assert "The canary is worse than stable" in end.reason
    checkout.is_back(end, quarantined={bad})
    assert checkout.story.question() is None
