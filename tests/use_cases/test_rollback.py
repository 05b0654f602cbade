"""Use case 8: back to the last known good release, by hand and by itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.story import Story
from tests.support.together import together
from tests.support.variants import only_production, watched_by_an_alarm

pytestmark = together("operators")
Tell = Callable[..., Story]


def released(checkout: Story, tag: str) -> str:
    digest = checkout.push(tag)
    end = checkout.ended(checkout.release())
    assert end.outcome == "succeeded", end.reason
    return digest


def test_an_operator_brings_production_back(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    good = checkout.service.digests["app"]
    bad = released(checkout, "1.1.0")
    assert checkout.runs("prod") == bad

    # When
    end = checkout.run("rollback", service=checkout.name, environment="prod", reason="Wrong totals.")

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "succeeded"), end.reason
    assert checkout.runs("prod") == good
    assert checkout.quarantined() == set(), "there is no evidence against the image"


@pytest.mark.thorough
def test_two_rollbacks_in_a_row_go_back_two_releases(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    first = checkout.service.digests["app"]
    second = released(checkout, "1.1.0")
    released(checkout, "1.2.0")

    # When
    one = checkout.run("rollback", service=checkout.name, environment="prod")
    after_one = checkout.runs("prod")
    two = checkout.run("rollback", service=checkout.name, environment="prod")

    # Then
    assert (one.outcome, two.outcome) == ("succeeded", "succeeded"), (one.reason, two.reason)
    assert after_one == second
    assert checkout.runs("prod") == first


def test_a_rollback_passes_over_a_target_whose_image_is_archived(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    oldest = checkout.service.digests["app"]
    archived = released(checkout, "1.1.0")
    released(checkout, "1.2.0")
    checkout.place.world("POST", f"/images/{archived}/archive")

    # When
    end = checkout.run("rollback", service=checkout.name, environment="prod")

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == oldest


def test_a_rollback_to_an_archived_target_is_refused_before_anything_changes(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    archived = checkout.push("1.1.0")
    release = checkout.release()
    checkout.ended(release)
    now = released(checkout, "1.2.0")
    checkout.place.world("POST", f"/images/{archived}/archive")

    # When
    target = release.rpartition(":")[2]
    end = checkout.run("rollback", service=checkout.name, environment="prod", target=target)

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "rejected")
    assert "archived" in end.reason
    assert checkout.runs("prod") == now


def test_a_freeze_does_not_stand_in_the_way(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    good = checkout.service.digests["app"]
    released(checkout, "1.1.0")
    checkout.run("operate", action="freeze", service=checkout.name, environment="prod", reason="Quarter end.")

    # When
    end = checkout.run("rollback", service=checkout.name, environment="prod")

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == good


@pytest.mark.parametrize("by_hand", [False, pytest.param(True, marks=pytest.mark.thorough)])
@pytest.mark.thorough  # it waits for functions that may outlive their execution
def test_a_rollback_stops_the_release_that_works_on_the_environment(story: Tell, *, by_hand: bool) -> None:
    # Given
    checkout = story(only_production)
    good = checkout.service.digests["app"]
    checkout.push("trial-1" if by_hand else "1.1.0", healthy_after_s=4)
    if by_hand:
        release = checkout.start("deploy", service=checkout.name, environment="prod", tag="trial-1")
    else:
        release = checkout.release()
    checkout.entered(release, "Deploy")

    # When
    end = checkout.run("rollback", service=checkout.name, environment="prod", reason="Stop this.")

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.ended(release).status == "ABORTED"
    assert checkout.runs("prod") == good


def test_an_alarm_in_the_watch_period_brings_the_release_back(story: Tell) -> None:
    # Given
    checkout = story(watched_by_an_alarm)
    good = checkout.service.digests["app"]
    bad = released(checkout, "1.1.0")

    # When
    checkout.place.client("cloudwatch").set_alarm_state(
        AlarmName=f"{checkout.name}-errors", StateValue="ALARM", StateReason="5xx above 5 %"
    )
    end = checkout.ended(checkout.release("rollback"))

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == good
    assert checkout.quarantined() == {bad}


def test_bad_input_names_the_field_and_changes_nothing(story: Tell) -> None:
    # Given
    checkout = story(only_production)

    # When
    unknown = checkout.run("rollback", service=checkout.name, environment="moon")
    missing = checkout.run("rollback", service=checkout.name)

    # Then
    assert unknown.outcome == missing.outcome == "rejected"
    assert "environment" in unknown.reason
    assert "moon" in unknown.reason
    assert "environment" in missing.reason
