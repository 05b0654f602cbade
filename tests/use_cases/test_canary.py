"""Use case 14: a canary gets more and more of the traffic, and is promoted or returned by its judge.

After every scenario all traffic is the stable service's, the canary has no task, and scaling is what it was.
"""

from __future__ import annotations

from collections.abc import Callable

from local.demo import watch
from tests.support.canaries import CanaryStory
from tests.support.story import Story
from tests.support.variants import canary_in_production

Tell = Callable[..., Story]


def canary(story: Tell, *weights: float, scaling: bool = False) -> CanaryStory:
    """A service with users, whose production gets its releases by a canary."""
    return CanaryStory(story(canary_in_production(*(weights or (25,)))), scaling=scaling)


def test_a_good_canary_is_promoted_and_loses_no_request(story: Tell) -> None:
    # Given
    checkout = canary(story, 10, 50)

    # When
    digest = checkout.story.push("1.1.0")
    end = checkout.story.ended(checkout.story.release())

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "succeeded"), end.reason
    assert checkout.story.runs("prod") == digest
    assert checkout.lost_requests() == 0
    checkout.at_rest(decision="promote")


def test_a_bad_canary_is_returned_by_its_judge(story: Tell) -> None:
    # Given
    checkout = canary(story)
    good = checkout.story.service.digests["app"]

    # When
    bad = checkout.story.push("1.1.0", error_rate=0.3)
    end = checkout.story.ended(checkout.story.release())

    # Then
    assert (end.status, end.outcome) == ("FAILED", "rolled_back"), end.reason
    assert "The canary is worse than stable" in end.reason
    assert checkout.story.runs("prod") == good
    assert checkout.story.quarantined() == {bad}
    checkout.at_rest(decision="roll_back")


def test_a_canary_whose_tasks_crash_never_gets_a_request(story: Tell) -> None:
    # Given
    checkout = canary(story)

    # When
    bad = checkout.story.push("1.1.0", starts=False, exit_code=1)
    end = checkout.story.ended(checkout.story.release())

    # Then
    assert (end.status, end.outcome) == ("FAILED", "rolled_back"), end.reason
    assert checkout.story.quarantined() == {bad}
    assert checkout.requests_of(bad) == 0
    checkout.at_rest(decision="fail")


def test_a_cancelled_release_takes_its_canary_back(story: Tell) -> None:
    # Given
    checkout = canary(story, scaling=True)
    checkout.story.push("1.1.0")
    execution = checkout.story.release()
    checkout.has_traffic()

    # When
    release = execution.rpartition(":")[2]
    checkout.story.run("operate", action="cancel", release=release, reason="Not today.")
    end = checkout.story.ended(execution)

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "cancelled"), end.reason
    checkout.at_rest(decision="cancel")


def test_a_rule_that_somebody_else_changes_stops_the_canary(story: Tell) -> None:
    # Given
    checkout = canary(story)
    checkout.story.push("1.1.0")
    execution = checkout.story.release()
    checkout.has_traffic()

    # When
    checkout.somebody_sets(stable=40, canary=60)
    end = checkout.story.ended(execution)

    # Then
    assert (end.status, end.outcome) == ("FAILED", "rolled_back"), end.reason
    assert "Somebody has changed listener rule" in end.reason
    assert checkout.story.quarantined() == set()
    checkout.at_rest(decision="fail")


def test_a_canary_whose_machine_is_killed_is_taken_back_by_its_pulse(story: Tell) -> None:
    # Given
    checkout = canary(story, scaling=True)
    good = checkout.story.service.digests["app"]
    checkout.story.push("1.1.0")
    execution = checkout.story.release()
    checkout.has_traffic()

    # When
    states = checkout.story.place.client("stepfunctions")
    states.stop_execution(executionArn=execution, error="killed", cause="by hand")

    # Then
    checkout.at_rest(decision="fail")
    rollback = checkout.story.release("rollback")
    ending = checkout.story.until(
        lambda: watch.ending(checkout.story.place, rollback), "it is rolled back", 180
    )
    assert ending.outcome == "succeeded"
    assert checkout.story.runs("prod") == good
