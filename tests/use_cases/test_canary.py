"""Use case 14: a canary gets more and more of the traffic, and is promoted or returned by its judge.

After every scenario all traffic is the stable service's, the canary has no task, and scaling is what it was:
every story asserts that when it ends (`Story.at_rest`).
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.canaries import Tell, with_canary
from tests.support.together import together
from tests.support.variants import Manifest

pytestmark = together("canary")

STEPS = (5, 25, 60)


def test_a_good_canary_is_promoted_long_before_its_schedule_and_loses_no_request(story: Tell) -> None:
    # Given two steps of ten minutes each
    checkout = with_canary(story, 10, 50, maximum_seconds=600)

    # When
    digest, release = checkout.push()
    end = checkout.story.ended(release)

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "succeeded"), end.reason
    assert checkout.story.runs("prod") == digest
    assert checkout.requests_of(digest) > 0
    checkout.loses_nothing()
    document, picture = checkout.evidence(release)
    assert (document["decision"], document["promoted"]) == ("promote", True)
    assert {each["weight"] for each in document["periods"]} == {10, 50}
    assert picture.startswith("<svg")


@pytest.mark.thorough
@pytest.mark.parametrize("turning", range(len(STEPS)))
def test_an_image_that_turns_bad_at_a_step_is_returned_there(story: Tell, turning: int) -> None:
    # Given
    checkout = with_canary(story, *STEPS)

    # When
    bad, release = checkout.push()
    checkout.reaches(STEPS[turning])
    checkout.turns(bad, error_rate=0.1)
    end = checkout.story.ended(release)

    # Then
    assert "The canary is worse than stable" in end.reason
    checkout.is_back(end, quarantined={bad})
    document, _ = checkout.evidence(release)
    assert (document["decision"], document["evidence"]) == ("roll_back", "judge")
    assert max(each["weight"] for each in document["periods"]) == STEPS[turning]


def test_a_version_that_is_only_slow_is_returned(story: Tell) -> None:
    # Given
    slow = {"name": "slow", "threshold_ms": 800, "weight": 1.0}
    checkout = with_canary(story, 50, judge={"slow": [slow]})

    # When
    bad, release = checkout.push(slow_share=0.1)
    end = checkout.story.ended(release)

    # Then
    assert "slow" in end.reason
    checkout.is_back(end, quarantined={bad})
    assert checkout.traffic()["bad_requests"] == 0


@pytest.mark.thorough
def test_a_canary_whose_tasks_crash_never_gets_a_request(story: Tell) -> None:
    # Given
    checkout = with_canary(story)

    # When
    bad, release = checkout.push(starts=False, exit_code=1)
    end = checkout.story.ended(release)

    # Then
    checkout.is_back(end, quarantined={bad})
    assert checkout.requests_of(bad) == 0
    checkout.loses_nothing()


@pytest.mark.thorough
def test_a_canary_whose_tasks_stop_answering_is_returned_for_its_health(story: Tell) -> None:
    # Given
    checkout = with_canary(story)

    # When
    bad, release = checkout.push()
    checkout.reaches(50)
    checkout.turns(bad, http={"/health": 500})
    end = checkout.story.ended(release)

    # Then
    checkout.is_back(end, quarantined={bad})


@pytest.mark.thorough
def test_an_alarm_midway_returns_the_canary(story: Tell) -> None:
    # Given
    def watched(manifest: Manifest) -> None:
        production = manifest["environments"][0]
        production["strategy"]["alarms"] = {"names": [f"{manifest['name']}-errors"]}

    checkout = with_canary(story, 20, 50, also=watched)

    # When
    bad, release = checkout.push()
    checkout.is_judged(20)
    checkout.place.client("cloudwatch").set_alarm_state(
        AlarmName=f"{checkout.story.name}-errors", StateValue="ALARM", StateReason="5xx above 5 %"
    )
    end = checkout.story.ended(release)

    # Then
    assert "Alarm" in end.reason
    checkout.is_back(end, quarantined={bad})


@pytest.mark.thorough
def test_a_service_of_one_task_gets_a_canary_of_one_task(story: Tell) -> None:
    # Given
    checkout = with_canary(story, 1, 50)
    checkout.wants(1)

    # When
    digest, release = checkout.push()
    checkout.reaches(50)
    tasks = checkout.traces.tasks()
    end = checkout.story.ended(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert tasks == 1
    assert checkout.story.runs("prod") == digest
    checkout.loses_nothing()


@pytest.mark.thorough
def test_all_listener_rules_of_a_service_move_together(story: Tell) -> None:
    # Given a second rule, for another path
    checkout = with_canary(story, 20, 50)
    second = checkout.adds_rule("/admin/*")

    # When
    _, release = checkout.push()
    checkout.is_judged(20)
    shares = checkout.traces.shares()
    end = checkout.story.ended(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert len(shares) == 2
    assert second in shares
    assert set(shares.values()) <= {20, 50}
    assert len(set(shares.values())) == 1
    assert set(checkout.traces.shares().values()) == {0}


@pytest.mark.thorough
def test_autoscaling_goes_on_during_the_analysis_and_is_given_back_exactly(story: Tell) -> None:
    # Given
    checkout = with_canary(story, 50, requests_per_second=0)
    checkout.scales(minimum=2, maximum=10)
    checkout.is_tagged()

    # When the load rises while the canary is analysed, and falls again
    digest, release = checkout.push()
    checkout.reaches(50)
    checkout.gets_policy_by_hand()
    more, fewer = checkout.is_scaled_to(8), checkout.is_scaled_to(4)
    checkout.story.until(lambda: checkout.traces.tasks() == 4 or None, "the canary grows with it")

    def grown() -> dict[str, Any] | None:
        found = checkout.grown_bounds(4)
        return found if found and "by-hand" not in found["policies"] else None

    bounds = checkout.story.until(grown, "its bounds grow too, and the policy by hand is gone")
    checkout.story.service.set_traffic(4000)
    end = checkout.story.ended(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert more["changed"]
    assert (fewer["changed"], fewer["reason"]) == (False, "scale-in is suspended")
    assert (bounds["minimum"], bounds["maximum"]) == (4, 10)
    assert bounds["policies"] == ["processor", "requests"]
    assert checkout.story.runs("prod") == digest
    checkout.story.expect("prod", desired_count=8)


@pytest.mark.thorough
def test_past_a_point_of_no_return_there_is_nothing_to_compare_with(story: Tell) -> None:
    # Given
    def migrating(manifest: Manifest) -> None:
        task = {"container": "app", "command": ["migrate"], "timeout_seconds": 30}
        manifest["environments"][0]["before_deploy"] = {**task, "point_of_no_return": True}

    checkout = with_canary(story, also=migrating)

    # When
    digest, release = checkout.push(tasks={"migrate": {"exit_code": 0, "seconds": 0.5}})
    end = checkout.story.ended(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.story.runs("prod") == digest
    assert checkout.traces.desired(f"{checkout.story.name}-canary") is None
    checkout.loses_nothing()
