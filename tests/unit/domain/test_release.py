"""Releases: their ids, and which of two takes the other's place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.images import ImageRef
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release, execution_name, is_newer, release_id, service_of, supersedes

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SERVICES = st.from_regex(r"\A[a-z][a-z0-9-]{0,39}\Z")


def release(name="one", minutes=0, **more):
    pushed = NOON + timedelta(minutes=minutes)
    images = {"app": ImageRef("checkout", "sha256:" + "a" * 64, "1.0.0", pushed)}
    given_values = {
        "id": name,
        "service": "checkout",
        "revision": 1,
        "images": images,
        "created_at": pushed,
        "newest_push": pushed,
        "trigger": "push",
    }
    return Release(**{**given_values, **more})


@given(SERVICES, st.integers(0, 60_000 * 365))
def test_a_release_id_tells_its_service_and_fits_an_execution_name(service, minutes):
    # When
    identity = release_id(service, NOON + timedelta(minutes=minutes), "0123456789")

    # Then
    assert service_of(identity) == service
    assert len(execution_name(identity, 100)) <= 80


def test_ids_of_one_service_sort_by_time():
    # When
    ids = [release_id("checkout", NOON + timedelta(seconds=second), "ffffff") for second in range(3)]

    # Then
    assert ids == sorted(ids)


def test_the_first_attempt_has_the_name_of_the_release():
    # Then
    assert execution_name("checkout-x", 1) == "checkout-x"
    assert execution_name("checkout-x", 2) == "checkout-x-a2"


@pytest.mark.parametrize("text", ["checkout", "Checkout-20261123T120000Z-0a0a0a", "checkout-20261123-0a0a0a"])
def test_other_names_are_no_release_ids(text):
    # Then
    assert service_of(text) is None


def test_a_newer_push_supersedes_an_older_one_that_has_not_touched_production():
    # Then
    assert supersedes(release("new", 1), release("old", 0))


@pytest.mark.parametrize(
    "older",
    [
        release("old", 0, production_touched=True),
        release("old", 0, outcome=Outcome.SUCCEEDED),
        release("old", 0, service="cart"),
        release("old", 0, trigger="operator"),
        release("old", 2),
        release("new", 0),
    ],
    ids=["touched production", "ended", "another service", "asked for by hand", "is newer", "is the same"],
)
def test_what_is_not_superseded(older):
    # Then
    assert not supersedes(release("new", 1), older)


def test_what_an_operator_asked_for_supersedes_nothing():
    # Then
    assert not supersedes(release("new", 1, trigger="operator"), release("old", 0))


@given(st.integers(0, 3), st.integers(0, 3), st.sampled_from("abc"), st.sampled_from("abc"))
def test_of_two_releases_exactly_one_is_newer(one_minute, other_minute, one_name, other_name):
    # Given
    one, other = release(one_name, one_minute), release(other_name, other_minute)

    # Then
    same = (one_minute, one_name) == (other_minute, other_name)
    assert is_newer(one, other) + is_newer(other, one) == (0 if same else 1)


def test_digests_are_those_of_the_images():
    # Given
    one = release()

    # Then
    assert one.digests == {"app": "sha256:" + "a" * 64}
    assert not one.ended
    assert replace(one, outcome=Outcome.FAILED).ended
