"""What `ports.Releases` promises."""

from dataclasses import replace

import pytest

from tests.adapters.values import NOON, OTHER_ROOT, ROOT, at, release
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.errors import Terminal
from tidegate.ports import Ports

ID = release().id


def test_a_release_comes_back_as_it_was_created(stores: Ports):
    created = release(requested_by="ana", reason="again", touched=("dev",), point_of_no_return=True)

    assert stores.releases.create(created)

    assert stores.releases.get(created.id) == created


def test_an_id_is_given_once(stores: Ports):
    # Given a release
    assert stores.releases.create(release())

    # When the same one is created again, and another one with its id
    # Then the repeated write is the first one; the other one is refused
    assert stores.releases.create(release())
    assert not stores.releases.create(release(trigger="operator"))
    assert stores.releases.get(ID) == release()


@pytest.mark.parametrize("name", ["checkout-20260101T000000Z-abcdef", "no release id", ""])
def test_what_was_never_created_is_none(stores: Ports, name: str):
    assert stores.releases.get(name) is None


def test_the_newest_releases_of_a_service_come_first(stores: Ports):
    # Given three releases of one service, created in another order, and one of a service with a longer name
    for seconds in (20, 0, 10):
        stores.releases.create(release(seconds))
    stores.releases.create(release(30, of="checkout-admin"))

    # Then
    assert stores.releases.newest("checkout") == (release(20), release(10), release(0))
    assert stores.releases.newest("checkout", limit=2) == (release(20), release(10))
    assert stores.releases.newest("checkout", limit=1, before=release(20).id) == (release(10),)
    assert stores.releases.newest("checkout", before=release(20).id) == (release(10), release(0))
    assert stores.releases.newest("checkout", before=release(0).id) == ()
    assert stores.releases.newest("basket") == ()


def test_the_first_attempt_notes_its_execution(stores: Ports):
    stores.releases.create(release())

    assert stores.releases.start_attempt(ID, 1, ROOT)
    assert stores.releases.start_attempt(ID, 1, ROOT)
    assert not stores.releases.start_attempt(ID, 1, OTHER_ROOT)

    assert stores.releases.get(ID) == release(execution=ROOT)


def test_a_stop_that_came_before_the_first_attempt_is_not_forgotten(stores: Ports):
    # Given a release that was superseded before its execution had begun
    stores.releases.create(release())
    stores.releases.stop(ID, StopSignal.SUPERSEDED, "newer", unless_production=True)

    # When its execution notes itself
    assert stores.releases.start_attempt(ID, 1, ROOT)

    # Then
    stopped = release(execution=ROOT, stop=StopSignal.SUPERSEDED, stop_reason="newer")
    assert stores.releases.get(ID) == stopped


def test_a_new_attempt_clears_the_ending_and_the_stop_of_the_last_one(stores: Ports):
    # Given a release that was cancelled and has ended
    stores.releases.create(release())
    stores.releases.start_attempt(ID, 1, ROOT)
    stores.releases.touch(ID, "dev", production=False)
    stores.releases.stop(ID, StopSignal.CANCELLED, "by hand", unless_production=False)
    stores.releases.end(ID, Outcome.CANCELLED, "by hand", at=NOON, environment="dev")

    # When it is tried again
    assert stores.releases.start_attempt(ID, 2, OTHER_ROOT)

    # Then it is as new, but for what it has touched; and the old attempt cannot come back
    assert stores.releases.get(ID) == release(execution=OTHER_ROOT, attempt=2, touched=("dev",))
    assert not stores.releases.start_attempt(ID, 1, ROOT)


def test_a_repeated_start_of_an_attempt_does_not_clear_a_stop(stores: Ports):
    # Given a second attempt that was cancelled as soon as it ran
    stores.releases.create(release())
    stores.releases.start_attempt(ID, 2, OTHER_ROOT)
    stores.releases.stop(ID, StopSignal.CANCELLED, "by hand", unless_production=False)

    # When the step that noted it is run again
    assert stores.releases.start_attempt(ID, 2, OTHER_ROOT)

    # Then
    stored = stores.releases.get(ID)
    assert stored is not None
    assert stored.stop is StopSignal.CANCELLED


def test_environments_are_touched_once_and_in_order(stores: Ports):
    stores.releases.create(release())

    assert stores.releases.touch(ID, "dev", production=False)
    assert stores.releases.touch(ID, "staging", production=False)
    assert stores.releases.touch(ID, "dev", production=False)

    assert stores.releases.get(ID) == release(touched=("dev", "staging"))


def test_touching_production_is_remembered(stores: Ports):
    stores.releases.create(release())

    assert stores.releases.touch(ID, "prod", production=True)
    assert stores.releases.touch(ID, "prod", production=True)

    assert stores.releases.get(ID) == release(touched=("prod",), production_touched=True)


def test_an_environment_that_has_become_production_is_touched_as_production(stores: Ports):
    stores.releases.create(release())
    stores.releases.touch(ID, "main", production=False)

    assert stores.releases.touch(ID, "main", production=True)

    assert stores.releases.get(ID) == release(touched=("main",), production_touched=True)


@pytest.mark.parametrize("production", [False, True])
def test_a_release_that_has_ended_touches_nothing_more(stores: Ports, production: bool):
    stores.releases.create(release())
    stores.releases.touch(ID, "dev", production=False)
    stores.releases.end(ID, Outcome.CANCELLED, "Stopped.", at=NOON, environment=None)

    assert not stores.releases.touch(ID, "dev", production=production)
    assert not stores.releases.touch(ID, "prod", production=production)

    stored = stores.releases.get(ID)
    assert stored is not None
    assert (stored.touched, stored.production_touched) == (("dev",), False)


@pytest.mark.parametrize("production", [False, True])
def test_a_stopped_release_touches_nothing_more(stores: Ports, production: bool):
    stores.releases.create(release())
    stores.releases.touch(ID, "dev", production=False)
    stores.releases.stop(ID, StopSignal.SUPERSEDED, "newer", unless_production=True)

    assert not stores.releases.touch(ID, "prod", production=production)
    assert not stores.releases.touch(ID, "dev", production=production)

    stopped = release(touched=("dev",), stop=StopSignal.SUPERSEDED, stop_reason="newer")
    assert stores.releases.get(ID) == stopped


def test_a_release_in_production_is_superseded_no_more_but_can_be_cancelled(stores: Ports):
    # Given a release that has touched production
    stores.releases.create(release())
    stores.releases.touch(ID, "prod", production=True)

    # Then only a stop that says so reaches it
    assert not stores.releases.stop(ID, StopSignal.SUPERSEDED, "newer", unless_production=True)
    assert stores.releases.stop(ID, StopSignal.CANCELLED, "by hand", unless_production=False)


def test_the_first_stop_stands_and_may_be_repeated(stores: Ports):
    stores.releases.create(release())
    assert stores.releases.stop(ID, StopSignal.CANCELLED, "by hand", unless_production=False)

    assert stores.releases.stop(ID, StopSignal.CANCELLED, "by hand", unless_production=False)
    assert not stores.releases.stop(ID, StopSignal.SUPERSEDED, "newer", unless_production=False)

    assert stores.releases.get(ID) == release(stop=StopSignal.CANCELLED, stop_reason="by hand")


def test_an_ended_release_is_not_stopped(stores: Ports):
    stores.releases.create(release())
    stores.releases.end(ID, Outcome.SUCCEEDED, "done", at=NOON, environment=None)

    assert not stores.releases.stop(ID, StopSignal.CANCELLED, "by hand", unless_production=False)


def test_the_first_ending_stands_and_may_be_repeated(stores: Ports):
    # Given a release that has ended
    stores.releases.create(release())
    assert stores.releases.end(ID, Outcome.ROLLED_BACK, "crashed", at=at(60), environment="dev")

    # When the same ending is written later, and another one
    # Then
    assert stores.releases.end(ID, Outcome.ROLLED_BACK, "crashed", at=at(70), environment="dev")
    assert not stores.releases.end(ID, Outcome.FAILED, "timed out", at=at(80), environment=None)
    assert stores.releases.get(ID) == release(
        outcome=Outcome.ROLLED_BACK, outcome_reason="crashed", failed_environment="dev", ended_at=at(60)
    )


def test_the_point_of_no_return_is_marked(stores: Ports):
    stores.releases.create(release())

    stores.releases.mark_point_of_no_return(ID)
    stores.releases.mark_point_of_no_return(ID)

    assert stores.releases.get(ID) == replace(release(), point_of_no_return=True)


def test_a_release_that_does_not_exist_cannot_be_changed(stores: Ports):
    releases = stores.releases
    with pytest.raises(Terminal, match=ID):
        releases.start_attempt(ID, 1, ROOT)
    with pytest.raises(Terminal, match=ID):
        releases.touch(ID, "dev", production=False)
    with pytest.raises(Terminal, match=ID):
        releases.stop(ID, StopSignal.CANCELLED, "by hand", unless_production=False)
    with pytest.raises(Terminal, match=ID):
        releases.mark_point_of_no_return(ID)
    with pytest.raises(Terminal, match=ID):
        releases.end(ID, Outcome.FAILED, "crashed", at=NOON, environment=None)


def test_who_asks_for_a_release_is_claimed_once(stores: Ports):
    # Given
    stores.releases.create(release())

    # Then
    assert stores.releases.note_requester(release().id, "ada@example.com")
    assert stores.releases.note_requester(release().id, "ada@example.com")
    assert not stores.releases.note_requester(release().id, "eve@example.com")
    assert stores.releases.get(release().id) == release(requested_by="ada@example.com")


def test_everybody_who_pushed_is_noted_once(stores: Ports):
    # Given
    stores.releases.create(release())

    # Then
    assert stores.releases.note_pusher(release().id, "arn:ada")
    assert not stores.releases.note_pusher(release().id, "arn:ada")
    assert stores.releases.note_pusher(release().id, "arn:eve")
    assert stores.releases.get(release().id) == release(pushed_by=("arn:ada", "arn:eve"))


@pytest.mark.parametrize("note", ["note_requester", "note_pusher"])
def test_nothing_is_noted_of_a_release_that_does_not_exist(stores: Ports, note: str):
    with pytest.raises(Terminal, match="no release"):
        getattr(stores.releases, note)(release().id, "ada@example.com")
