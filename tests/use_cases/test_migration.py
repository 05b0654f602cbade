"""The task before a deployment: gated on its exit code, and perhaps a point of no return."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.support.story import Story
from tests.support.variants import with_migration

pytestmark = pytest.mark.thorough

Tell = Callable[..., Story]


def test_a_migration_runs_from_the_new_image_before_the_deployment(story: Tell) -> None:
    # Given
    checkout = story(with_migration)

    # When
    digest = checkout.push("1.1.0", tasks={"migrate": {"exit_code": 0, "seconds": 0.5}})
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_a_failed_migration_leaves_the_service_as_it_was(story: Tell) -> None:
    # Given
    checkout = story(with_migration)
    good = checkout.service.digests["app"]

    # When
    checkout.push("1.1.0", tasks={"migrate": {"exit_code": 3, "seconds": 0.5}})
    end = checkout.ended(checkout.release())

    # Then
    assert (end.status, end.outcome) == ("FAILED", "rolled_back"), end.reason
    assert "exit code 3" in end.reason
    assert checkout.runs("prod") == good
    assert checkout.quarantined() == set()


def test_past_a_point_of_no_return_people_decide(story: Tell) -> None:
    # Given
    checkout = story(partial(with_migration, point_of_no_return=True))
    checkout.push("1.1.0", tasks={"migrate": {"exit_code": 0, "seconds": 0.5}})
    release = checkout.release()
    digest = checkout.runs("prod") if checkout.ended(release).outcome == "succeeded" else ""

    # When
    end = checkout.run("rollback", service=checkout.name, environment="prod")

    # Then
    assert (end.status, end.outcome) == ("SUCCEEDED", "rejected"), "refused before anything was changed"
    assert "point of no return" in end.reason
    assert checkout.runs("prod") == digest
