"""What an operator can ask for: cancel, retry, promote, freeze, thaw, lift a quarantine."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.story import Story
from tests.support.together import together
from tests.support.variants import (
    only_production,
    only_production_with_approval,
    soaking_in_dev,
    without_approval,
)

pytestmark = together("operators")
Tell = Callable[..., Story]


def name_of(execution: str) -> str:
    return execution.rpartition(":")[2]


def test_a_cancelled_release_ends_green_and_changes_nothing(story: Tell) -> None:
    # Given
    checkout = story(only_production_with_approval)
    checkout.push("1.1.0")
    release = checkout.release()
    checkout.mail()

    # When
    done = checkout.run("operate", action="cancel", release=name_of(release), reason="Wrong branch.")
    end = checkout.ended(release)

    # Then
    assert done.outcome == "succeeded"
    assert (end.status, end.outcome) == ("SUCCEEDED", "cancelled")
    assert "Wrong branch." in end.reason
    assert checkout.runs("prod") == checkout.service.digests["app"]


def test_a_release_cancelled_while_it_deploys_is_taken_back(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    good = checkout.service.digests["app"]
    checkout.push("1.1.0", healthy_after_s=4)
    release = checkout.release()
    checkout.entered(release, "Deploy")

    # When
    checkout.run("operate", action="cancel", release=name_of(release), reason="Wrong branch.")
    end = checkout.ended(release)

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "cancelled"), end.reason
    assert checkout.runs("prod") == good
    assert checkout.quarantined() == set()


def test_a_release_cancelled_while_it_soaks_ends_at_once(story: Tell) -> None:
    # Given it soaks for an hour in dev
    checkout = story(soaking_in_dev)
    before = checkout.service.digests["app"]
    digest = checkout.push("1.1.0")
    release = checkout.release()
    checkout.waits_for(release, f"soak/{name_of(release)}")

    # When
    checkout.run("operate", action="cancel", release=name_of(release), reason="Wrong branch.")
    end = checkout.ended(release)

    # Then what had been proved good in dev stays
    assert (end.status, end.outcome) == ("SUCCEEDED", "cancelled"), end.reason
    assert "Wrong branch." in end.reason
    assert checkout.runs("dev") == digest
    assert checkout.runs("staging") == checkout.runs("prod") == before


def test_a_failed_release_is_retried_from_where_it_failed(story: Tell) -> None:
    # Given
    checkout = story(without_approval)
    digest = checkout.push("1.1.0", error_rate=1.0, http={"/health": 200})
    first = checkout.release()
    assert checkout.ended(first).outcome == "rolled_back"
    checkout.place.world("PUT", f"/images/{digest}", {"starts": True, "error_rate": 0.0})
    checkout.run(
        "operate", action="lift_quarantine", service=checkout.name, digest=digest, reason="A bad upstream."
    )

    # When
    done = checkout.run("operate", action="retry", release=name_of(first))
    second = checkout.release()
    end = checkout.ended(second)

    # Then
    assert done.outcome == "succeeded", done.reason
    assert name_of(second) == f"{name_of(first)}-a2"
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_an_older_release_is_promoted_again(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    older = checkout.push("1.1.0")
    first = checkout.release()
    checkout.ended(first)
    checkout.push("1.2.0")
    checkout.ended(checkout.release())

    # When
    done = checkout.run("operate", action="promote", release=name_of(first), reason="1.2.0 is slow.")
    end = checkout.ended(checkout.release())

    # Then
    assert done.outcome == "succeeded", done.reason
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == older


def test_a_freeze_holds_a_release_until_the_thaw(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    place = {"service": checkout.name, "environment": "prod"}
    checkout.run("operate", action="freeze", **place, reason="Quarter end.")
    digest = checkout.push("1.1.0")
    release = checkout.release()
    checkout.waits_for(release, f"freeze/{checkout.name}/prod")
    held = checkout.runs("prod")

    # When
    checkout.run("operate", action="thaw", **place)
    end = checkout.ended(release)

    # Then
    assert held == checkout.service.digests["app"]
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_bad_input_names_the_field(story: Tell) -> None:
    # Given
    checkout = story(only_production)

    # When
    nothing = checkout.run("operate", action="freeze", service=checkout.name)
    unknown = checkout.run("operate", action="explode")
    nobody = checkout.run("operate", action="retry", release="nobody-20261123T120000Z-000001")

    # Then
    assert [end.outcome for end in (nothing, unknown, nobody)] == ["rejected"] * 3
    assert "environment" in nothing.reason
    assert nobody.reason.startswith("release:")
    assert unknown.reason.startswith("action:")
