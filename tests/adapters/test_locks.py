"""What `ports.Locks` promises."""

from typing import Any

from tests.adapters.values import NOON, OTHER_ROOT, ROOT, at
from tidegate.domain.lock import Lock
from tidegate.ports import Ports

MINE = Lock("checkout", "prod", ROOT, "r1", 1, NOON)


def test_a_free_lock_is_given(stores: Ports):
    assert stores.locks.acquire("checkout", "prod", owner=ROOT, release="r1", at=NOON) == MINE

    assert stores.locks.holder("checkout", "prod") == MINE
    assert stores.locks.holder("checkout", "dev") is None


def test_a_lock_has_one_owner_who_may_ask_again(stores: Ports):
    stores.locks.acquire("checkout", "prod", owner=ROOT, release="r1", at=NOON)

    assert stores.locks.acquire("checkout", "prod", owner=OTHER_ROOT, release="r2", at=at(5)) is None
    assert stores.locks.acquire("checkout", "prod", owner=ROOT, release="r1", at=at(5)) == MINE


def test_locks_of_other_environments_and_services_are_others(stores: Ports):
    stores.locks.acquire("checkout", "prod", owner=ROOT, release="r1", at=NOON)

    assert stores.locks.acquire("checkout", "dev", owner=OTHER_ROOT, release="r2", at=NOON)
    assert stores.locks.acquire("basket", "prod", owner=OTHER_ROOT, release="r2", at=NOON)

    assert {(lock.service, lock.environment) for lock in stores.locks.all()} == {
        ("checkout", "prod"),
        ("checkout", "dev"),
        ("basket", "prod"),
    }


def test_every_new_owner_gets_a_higher_fence(stores: Ports):
    # Given a lock that was held and given back
    stores.locks.acquire("checkout", "prod", owner=ROOT, release="r1", at=NOON)
    stores.locks.release("checkout", "prod", owner=ROOT)

    # When somebody else takes it
    lock = stores.locks.acquire("checkout", "prod", owner=OTHER_ROOT, release="r2", at=at(5))

    # Then
    assert lock == Lock("checkout", "prod", OTHER_ROOT, "r2", 2, at(5))


def test_only_the_owner_gives_a_lock_back(stores: Ports):
    stores.locks.acquire("checkout", "prod", owner=ROOT, release="r1", at=NOON)

    assert not stores.locks.release("checkout", "prod", owner=OTHER_ROOT)
    assert stores.locks.holder("checkout", "prod") == MINE

    assert stores.locks.release("checkout", "prod", owner=ROOT)
    assert stores.locks.holder("checkout", "prod") is None
    assert stores.locks.all() == ()


def test_giving_back_may_be_repeated_until_somebody_else_has_it(stores: Ports):
    stores.locks.acquire("checkout", "prod", owner=ROOT, release="r1", at=NOON)
    stores.locks.release("checkout", "prod", owner=ROOT)

    assert stores.locks.release("checkout", "prod", owner=ROOT)
    assert not stores.locks.release("checkout", "prod", owner=OTHER_ROOT)

    stores.locks.acquire("checkout", "prod", owner=OTHER_ROOT, release="r2", at=NOON)
    assert not stores.locks.release("checkout", "prod", owner=ROOT)


def test_a_lock_that_was_never_held_is_not_given_back(stores: Ports):
    assert not stores.locks.release("checkout", "prod", owner=ROOT)


def test_a_lock_is_taken_over_from_the_owner_that_was_seen(stores: Ports):
    # Given a lock whose owner has stopped
    stores.locks.acquire("checkout", "prod", owner=ROOT, release="r1", at=NOON)
    over: dict[str, Any] = {"owner": OTHER_ROOT, "release": "r2", "at": at(5)}

    # When it is taken over, and the request is sent twice
    lock = stores.locks.take_over("checkout", "prod", **over, from_owner=ROOT)

    # Then
    assert lock == Lock("checkout", "prod", OTHER_ROOT, "r2", 2, at(5))
    assert stores.locks.take_over("checkout", "prod", **over, from_owner=ROOT) == lock
    assert stores.locks.all() == (lock,)


def test_a_lock_that_has_moved_on_is_not_taken_over(stores: Ports):
    third = f"{ROOT}-3"
    stores.locks.acquire("checkout", "prod", owner=OTHER_ROOT, release="r2", at=NOON)
    over: dict[str, Any] = {"owner": third, "release": "r3", "at": at(5), "from_owner": ROOT}

    assert stores.locks.take_over("checkout", "prod", **over) is None
    assert stores.locks.take_over("checkout", "dev", **over) is None
