"""What comes in between: others change the rule, cancel, push again; a promotion fails half-way."""

from __future__ import annotations

import pytest

from tests.support.canaries import Tell, with_canary
from tests.support.together import together

pytestmark = [*together("canary_faults"), pytest.mark.thorough]


def test_a_rule_that_somebody_else_changes_stops_the_canary_before_its_next_step(story: Tell) -> None:
    # Given
    checkout = with_canary(story, 10, 50)
    _, release = checkout.push()
    checkout.is_judged(10)

    # When
    checkout.somebody_sets(stable=40, canary=60)
    end = checkout.story.ended(release)

    # Then
    assert "Somebody has changed listener rule" in end.reason
    checkout.is_back(end, quarantined=set())


def test_a_rule_that_somebody_else_leads_elsewhere_keeps_the_tasks_until_people_mend_it(story: Tell) -> None:
    # Given
    checkout = with_canary(story, 10, 50)
    _, release = checkout.push()
    checkout.reaches(10)

    # When somebody adds a target group of their own
    third = checkout.adds_group()
    checkout.somebody_sets(stable=80, canary=10, **{third: 10})
    end = checkout.story.ended(release)

    # Then the canary still has traffic, so it keeps its tasks, and people are told
    assert (end.status, end.outcome) == ("FAILED", "failed"), end.reason
    assert "until people have taken it out" in end.reason
    assert checkout.traces.tasks() > 0
    checkout.somebody_sets(stable=100, canary=0)
    checkout.story.at_rest()


def test_a_cancelled_release_takes_its_canary_back(story: Tell) -> None:
    # Given
    checkout = with_canary(story, 10, 50)
    checkout.scales()
    _, release = checkout.push()
    checkout.reaches(10)

    # When
    name = release.rpartition(":")[2]
    checkout.story.run("operate", action="cancel", release=name, reason="Not today.")
    end = checkout.story.ended(release)

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "cancelled"), end.reason
    assert checkout.story.runs("prod") == checkout.good


def test_an_operator_rolls_back_while_the_canary_is_analysed(story: Tell) -> None:
    # Given
    checkout = with_canary(story, requests_per_second=0)
    _, release = checkout.push()
    checkout.reaches(50)

    # When
    end = checkout.story.run(
        "rollback", service=checkout.story.name, environment="prod", reason="Something else is wrong."
    )

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.story.ended(release).status == "ABORTED"
    assert checkout.story.runs("prod") == checkout.good


def test_a_push_during_a_canary_waits_for_its_end(story: Tell) -> None:
    # Given
    checkout = with_canary(story)
    first, older = checkout.push("1.1.0")
    checkout.reaches(50)

    # When
    second, newer = checkout.push("1.2.0")
    ends = [checkout.story.ended(each) for each in (older, newer)]

    # Then each had its own canary
    assert [end.outcome for end in ends] == ["succeeded", "succeeded"], ends
    assert checkout.story.runs("prod") == second
    assert checkout.requests_of(first) > 0
    checkout.loses_nothing()


def test_a_deployment_by_hand_beside_a_canary_waits_for_its_end(story: Tell) -> None:
    # Given
    checkout = with_canary(story)
    bad, release = checkout.push("1.1.0", error_rate=0.1)
    by_hand = checkout.story.push("trial-1")
    checkout.reaches(50)

    # When
    trial = checkout.story.run("deploy", service=checkout.story.name, environment="prod", tag="trial-1")

    # Then
    assert checkout.story.ended(release).outcome == "rolled_back"
    assert trial.outcome == "succeeded", trial.reason
    assert checkout.story.runs("prod") == by_hand
    assert checkout.story.quarantined() == {bad}


def test_a_promotion_that_fails_half_way_brings_the_stable_service_back(story: Tell) -> None:
    # Given a stable service that is replaced task by task
    checkout = with_canary(story, maximum_percent=125)
    checkout.scales()

    # When the image can start no more tasks once two of the four are new
    bad, release = checkout.push()
    checkout.is_promoted_to(bad, tasks=2)
    checkout.turns(bad, starts=False)
    end = checkout.story.ended(release)

    # Then
    assert "The promotion failed" in end.reason
    checkout.is_back(end, quarantined={bad})
    checkout.loses_nothing()


def test_a_cancelled_promotion_brings_the_stable_service_back(story: Tell) -> None:
    # Given
    checkout = with_canary(story, maximum_percent=125)
    digest, release = checkout.push()
    checkout.is_promoted_to(digest, tasks=1)

    # When
    name = release.rpartition(":")[2]
    checkout.story.run("operate", action="cancel", release=name, reason="Not today.")
    end = checkout.story.ended(release)

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "cancelled"), end.reason
    assert checkout.story.runs("prod") == checkout.good
