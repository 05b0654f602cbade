"""One environment by hand, through the same gates as a pushed image."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.story import Story
from tests.support.together import together
from tests.support.variants import without_approval

pytestmark = together("operators")
Tell = Callable[..., Story]


def test_an_operator_brings_an_image_to_one_environment(story: Tell) -> None:
    # Given
    checkout = story(without_approval)
    good = checkout.service.digests["app"]
    digest = checkout.push("trial-1")

    # When
    end = checkout.run(
        "deploy", service=checkout.name, environment="staging", tag="trial-1", reason="A trial."
    )

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "succeeded"), end.reason
    assert checkout.runs("staging") == digest
    assert checkout.runs("dev") == checkout.runs("prod") == good


def test_a_bad_image_comes_back(story: Tell) -> None:
    # Given
    checkout = story(without_approval)
    good = checkout.service.digests["app"]
    bad = checkout.push("trial-1", starts=False)

    # When
    end = checkout.run("deploy", service=checkout.name, environment="staging", tag="trial-1")

    # Then
    assert (end.status, end.outcome) == ("FAILED", "rolled_back"), end.reason
    assert checkout.runs("staging") == good
    assert checkout.quarantined() == {bad}


def test_a_digest_in_quarantine_is_refused(story: Tell) -> None:
    # Given
    checkout = story(without_approval)
    bad = checkout.push("trial-1", starts=False)
    checkout.run("deploy", service=checkout.name, environment="dev", tag="trial-1")

    # When
    end = checkout.run("deploy", service=checkout.name, environment="staging", digest=bad)

    # Then
    assert end.outcome == "rejected"
    assert "quarantine" in end.reason


def test_production_asks_for_approval_by_hand_too(story: Tell) -> None:
    # Given
    checkout = story()
    digest = checkout.push("trial-1")

    # When
    execution = checkout.start("deploy", service=checkout.name, environment="prod", tag="trial-1")
    checkout.approve()
    end = checkout.ended(execution)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_bad_input_names_the_field(story: Tell) -> None:
    # Given
    checkout = story(without_approval)

    # When
    reasons = {
        "tag": checkout.run("deploy", service=checkout.name, environment="dev", tag="no-such-tag"),
        "environment": checkout.run("deploy", service=checkout.name, environment="moon", tag="1.0.0"),
        "service": checkout.run("deploy", service="nobody", environment="dev", tag="1.0.0"),
        "strategy": checkout.run(
            "deploy", service=checkout.name, environment="dev", tag="1.0.0", strategy="big_bang"
        ),
    }

    # Then
    for field, end in reasons.items():
        assert (end.status, end.outcome) == ("SUCCEEDED", "rejected"), end
        assert end.reason.startswith(field), end.reason
