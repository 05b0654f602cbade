"""The main scenarios, told once, for the local cloud and, opted in, for a real account (tests/e2e)."""

from __future__ import annotations

from tests.support.story import Story


def a_release_reaches_production(story: Story) -> str:
    """A push is approved, deployed and verified; returns the digest that runs."""
    # When
    digest = story.push("1.1.0")
    release = story.release()
    story.approve()
    end = story.ended(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert story.runs("prod") == digest
    return digest


def a_release_that_does_not_start_comes_back(story: Story) -> None:
    """An image whose container ends at once is rolled back, and its digest goes into quarantine."""
    # Given
    good = story.runs("prod")

    # When
    bad = story.push("1.2.0", starts=False)
    release = story.release()
    story.approve()
    end = story.ended(release)

    # Then
    assert end.outcome == "rolled_back", end.reason
    assert story.runs("prod") == good
    assert story.quarantined() == {bad}


def an_operator_takes_a_release_back(story: Story, before: str) -> None:
    """A rollback by hand leads to what ran before."""
    # When
    end = story.run("rollback", service=story.name, environment="prod")

    # Then
    assert end.outcome == "succeeded", end.reason
    assert story.runs("prod") == before


def all_of_them(story: Story) -> None:
    """One service through all of them; nothing is left over in the end."""
    first = story.runs("prod")
    a_release_reaches_production(story)
    a_release_that_does_not_start_comes_back(story)
    an_operator_takes_a_release_back(story, first)
    story.at_rest()
