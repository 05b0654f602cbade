"""Taking pushes in."""

import pytest

from tests.support.ports import fake_ports
from tests.unit.examples import at, digest, release
from tidegate.domain.intake import (
    event_key,
    is_moved_back,
    moved_back_key,
    newest_pushed,
    push_key,
    release_of_execution,
)


def test_the_newest_push_counts_not_the_newest_release():
    # Given
    ports = fake_ports()
    late = release(ports, pushed=0, salt=3, created_at=at(900))
    newest = release(ports, pushed=60, salt=1)
    by_hand = release(ports, pushed=120, salt=2, trigger="operator")
    adopted = release(ports, pushed=180, salt=4, trigger="adopted")

    # Then
    assert newest_pushed([late, newest, by_hand, adopted]) == newest
    assert newest_pushed([by_hand, adopted]) is None
    assert newest_pushed([]) is None


def test_of_two_pushes_in_the_same_moment_the_id_decides():
    # Given
    ports = fake_ports()
    one, two = release(ports, salt=1), release(ports, salt=2, letter="b")

    # Then
    assert newest_pushed([one, two]) == newest_pushed([two, one]) == two


@pytest.mark.parametrize(("pushed_at", "moved_back"), [(0, False), (60, False), (61, True)])
def test_a_tag_moves_back_only_after_the_newer_push(pushed_at: float, moved_back: bool):
    # Given
    ports = fake_ports()
    first, second = release(ports, pushed=0), release(ports, letter="b", pushed=60)

    # Then
    assert is_moved_back(at(pushed_at), standing=first, newest=second) is moved_back


def test_what_is_newest_or_not_stored_yet_is_not_moved_back():
    # Given
    ports = fake_ports()
    first, second = release(ports, pushed=0), release(ports, letter="b", pushed=60)
    same = release(ports, pushed=60, salt=7)

    # Then
    assert not is_moved_back(at(900), standing=second, newest=second)
    assert not is_moved_back(at(900), standing=None, newest=second)
    assert not is_moved_back(at(900), standing=second, newest=None)
    assert not is_moved_back(at(900), standing=first, newest=same)


def test_keys_differ_for_services_images_and_events():
    one, two = {"app": digest("a")}, {"app": digest("b")}
    keys = {
        event_key("1", "checkout"),
        event_key("1", "refunds"),
        push_key("checkout", one),
        push_key("checkout", two),
        push_key("refunds", one),
        moved_back_key("checkout", one, "r1"),
        moved_back_key("checkout", one, "r2"),
    }
    assert len(keys) == 7


@pytest.mark.parametrize(
    ("name", "release_name"),
    [
        ("checkout-20261123T120000Z-0a1b2c", "checkout-20261123T120000Z-0a1b2c"),
        ("checkout-20261123T120000Z-0a1b2c-a2", "checkout-20261123T120000Z-0a1b2c"),
        ("checkout-20261123T120000Z-0a1b2c-a12", "checkout-20261123T120000Z-0a1b2c"),
        ("checkout-20261123T120000Z-0a1b2c-rb-123456789abc", None),
        ("0b5d7e1c-1111", None),
        ("", None),
    ],
)
def test_an_execution_is_named_after_its_release(name: str, release_name: str | None):
    assert release_of_execution(name) == release_name
