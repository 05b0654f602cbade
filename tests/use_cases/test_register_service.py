"""The service catalogue: validated, stored as revisions, and what runs is adopted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.support.story import Story
from tests.support.together import together

pytestmark = together("releases")
Tell = Callable[..., Story]


def test_what_runs_becomes_the_first_known_good_release(story: Tell) -> None:
    # Given
    checkout = story()
    good = checkout.service.digests["app"]

    # When
    checkout.push("1.1.0", starts=False)
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "rolled_back", end.reason
    assert checkout.runs("dev") == good


def test_every_mistake_is_one_sentence_and_nothing_is_stored(story: Tell) -> None:
    # Given
    checkout = story()
    manifest: dict[str, Any] = {**checkout.service.manifest, "name": f"{checkout.name}-x"}
    manifest["environments"] = [
        {**manifest["environments"][0], "cluster": "moon"},
        {**manifest["environments"][1], "strategy": {"name": "rolling", "maximum_percent": 90}},
    ]

    # When
    wrong_field = checkout.run("register_service", manifest=manifest)
    manifest["environments"] = manifest["environments"][:1]
    wrong_place = checkout.run("register_service", manifest=manifest)

    # Then
    assert (wrong_field.status, wrong_field.outcome) == ("SUCCEEDED", "rejected")
    assert "environments[1].strategy.maximum_percent" in wrong_field.reason
    assert wrong_place.outcome == "rejected"
    assert "environments[0].service" in wrong_place.reason
    assert "moon" in wrong_place.reason
    assert checkout.revisions(f"{checkout.name}-x") == 0


def test_a_foreign_account_is_refused_with_a_clear_sentence(story: Tell) -> None:
    # Given
    checkout = story()
    manifest = {**checkout.service.manifest}
    manifest["environments"] = [{**manifest["environments"][0], "account": "999999999999"}]

    # When
    end = checkout.run("register_service", manifest=manifest)

    # Then
    assert end.outcome == "rejected"
    assert "environments[0].account: 999999999999" in end.reason


def test_a_changed_manifest_is_a_new_revision_and_an_equal_one_is_none(story: Tell) -> None:
    # Given
    checkout = story()
    changed = {**checkout.service.manifest, "scan": {"block": ["CRITICAL"]}}

    # When
    again = checkout.run("register_service", manifest=checkout.service.manifest)
    after_again = checkout.revisions(checkout.name)
    new = checkout.run("register_service", manifest=changed)

    # Then
    assert again.outcome == new.outcome == "succeeded"
    assert after_again == 1
    assert checkout.revisions(checkout.name) == 2
