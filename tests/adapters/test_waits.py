"""What `ports.Waits` promises."""

from tests.adapters.values import OTHER_ROOT, ROOT, release, wait
from tidegate.ports import Ports


def test_waits_are_found_by_subject_and_by_release_oldest_first(stores: Ports):
    # Given waits of two releases for two subjects
    other = release(60).id
    late = wait("lock/checkout/prod", ROOT, seconds=20)
    early = wait("lock/checkout/prod", OTHER_ROOT, seconds=10, release=other)
    elsewhere = wait("scan/checkout@sha256:a", ROOT, seconds=15)
    for each in (late, early, elsewhere):
        stores.waits.put(each)

    # Then
    assert stores.waits.on("lock/checkout/prod") == (early, late)
    assert stores.waits.of_release(release().id) == (elsewhere, late)
    assert stores.waits.of_release(other) == (early,)
    assert stores.waits.on("nothing") == ()


def test_a_retry_replaces_its_own_older_token(stores: Ports):
    stores.waits.put(wait("lock/checkout/prod", token="old"))
    stores.waits.put(wait("lock/checkout/prod", token="new", seconds=5))

    newer = wait("lock/checkout/prod", token="new", seconds=5)
    assert stores.waits.on("lock/checkout/prod") == (newer,)
    assert stores.waits.of_release(release().id) == (newer,)


def test_a_wait_is_removed_from_both_sides(stores: Ports):
    stores.waits.put(wait("lock/checkout/prod"))

    stores.waits.remove(wait("lock/checkout/prod"))
    stores.waits.remove(wait("lock/checkout/prod"))

    assert stores.waits.on("lock/checkout/prod") == ()
    assert stores.waits.of_release(release().id) == ()


def test_a_wait_that_was_replaced_is_not_removed(stores: Ports):
    # Given a wait whose token was replaced by a newer one
    stores.waits.put(wait("lock/checkout/prod", token="new"))

    # When the older one is removed
    stores.waits.remove(wait("lock/checkout/prod", token="old"))

    # Then
    assert stores.waits.on("lock/checkout/prod") == (wait("lock/checkout/prod", token="new"),)
