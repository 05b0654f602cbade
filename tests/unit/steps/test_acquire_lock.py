"""Taking the lock of a service in an environment."""

from datetime import timedelta

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.examples import deployment, execution_arn, release
from tests.unit.stage import WAITER, Stage, define, entered, locked, planned
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.errors import Terminal
from tidegate.steps.acquire_lock import UNKNOWN, Command, freeze_subject, lock_subject, run
from tidegate.steps.preempting import LONGEST_FUNCTION_SECONDS

OTHER = execution_arn("other")
LOCK, FREEZE = lock_subject("checkout", "dev"), freeze_subject("checkout", "dev")


def ask(stage: Stage, token: str = "token", **more) -> dict:
    return run(Command(**{**stage.given(token=token, waiter=WAITER), **more}), stage.ports)


def answer(stage: Stage, token: str = "token") -> dict | None:
    return stage.ports.machines.answers.get(token)


def held_by(
    stage: Stage, status: str, *, touched: bool = False, ended: bool = False, owner: str = OTHER
) -> str:
    """Let another release's execution have the lock; returns that release."""
    other = release(stage.ports, letter="c", pushed=-30, salt=950, execution=owner)
    stage.ports.machines.add(owner, status)
    stage.ports.locks.acquire("checkout", "dev", owner=owner, release=other.id, at=stage.ports.clock.at)
    if touched:
        stage.ports.releases.touch(other.id, "dev", production=False)
    if ended:
        stage.ports.releases.end(other.id, Outcome.FAILED, "", at=stage.ports.clock.at, environment=None)
    return other.id


def test_a_free_lock_is_granted_and_the_token_answered_at_once():
    # Given
    stage = planned()

    # When
    result = ask(stage)

    # Then
    assert result == {"outcome": "granted"}
    assert answer(stage) == {"outcome": "granted", "reason": "The lock is ours.", "fence": 1}
    lock = stage.ports.locks.held["checkout", "dev"]
    assert (lock.owner, lock.release) == (stage.root, stage.release.id)
    assert not stage.ports.waits.stored


def test_the_owner_that_asks_again_is_granted_its_own_lock_under_the_same_fence():
    # Given
    stage = planned()
    ask(stage, "one")

    # When
    ask(stage, "two")

    # Then
    assert answer(stage, "one") == answer(stage, "two")


def test_a_held_lock_is_waited_for():
    # Given
    stage = planned()
    held_by(stage, "RUNNING")

    # When
    result = ask(stage)

    # Then
    assert result == {"outcome": "waiting"}
    assert answer(stage) is None
    assert {(wait.subject, wait.token) for wait in stage.ports.waits.stored.values()} == {
        (LOCK, "token"),
        (FREEZE, "token"),
    }
    assert all(wait.release == stage.release.id for wait in stage.ports.waits.stored.values())


def test_a_frozen_environment_is_waited_for_although_its_lock_is_free():
    # Given
    stage = planned()
    stage.ports.freezes.set("checkout", "dev", reason="Quarter end.", by=None, at=stage.ports.clock.at)

    # When
    ask(stage)

    # Then
    assert answer(stage) is None
    assert not stage.ports.locks.held
    assert stage.ports.waits.on(FREEZE)


@pytest.mark.parametrize("freed", ["lock", "freeze", "stop"])
def test_what_happens_before_the_wait_is_stored_is_not_missed(freed: str):
    # Given a wait whose storing comes just after the event that would have ended it
    stage = planned()
    held_by(stage, "RUNNING")
    ports, store = stage.ports, stage.ports.waits.put
    if freed == "freeze":
        del ports.locks.held["checkout", "dev"]
        ports.freezes.set("checkout", "dev", reason="Quarter end.", by=None, at=ports.clock.at)

    def too_late(wait):
        if freed == "lock":
            ports.locks.held.clear()
        elif freed == "freeze":
            ports.freezes.frozen.clear()
        else:
            stage.stop(StopSignal.SUPERSEDED, "A newer one came.")
        store(wait)

    ports.waits.put = too_late

    # When
    ask(stage)

    # Then
    expected = "superseded" if freed == "stop" else "granted"
    assert (answer(stage) or {})["outcome"] == expected
    assert not ports.waits.stored


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_was_told_to_stop_gets_no_lock(signal: StopSignal):
    # Given
    stage = planned()
    stage.stop(signal, "Enough.")

    # When
    ask(stage)

    # Then
    assert answer(stage) == {"outcome": str(signal), "reason": "Enough."}
    assert not stage.ports.locks.held


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED", "SUCCEEDED"])
def test_the_lock_of_an_owner_that_has_stopped_is_taken_over_with_a_new_fence(status: str):
    # Given
    stage = planned()
    held_by(stage, status)

    # When
    ask(stage)

    # Then
    assert (answer(stage) or {})["fence"] == 2
    assert stage.ports.locks.held["checkout", "dev"].owner == stage.root


@pytest.mark.parametrize("restoring", [False, True])
@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT"])
def test_the_last_function_of_an_owner_that_was_stopped_is_waited_out(status: str, restoring: bool):
    # Given
    stage = planned()
    held_by(stage, "RUNNING")
    stage.ports.machines.finish(OTHER, status, stage.ports.clock.at)
    stage.ports.clock.advance(LONGEST_FUNCTION_SECONDS - 1)

    # When it may still change something
    ask(stage, restoring=restoring)

    # Then
    assert answer(stage) is None

    # When it no longer can
    stage.ports.clock.advance(1)
    ask(stage, restoring=restoring)

    # Then
    assert (answer(stage) or {})["outcome"] == "granted"


def half_changed(stage: Stage, status: str = "ABORTED") -> str:
    """Let a dead execution's deployment be open although the lock is free; returns its release."""
    other = release(stage.ports, letter="c", pushed=-30, salt=950, execution=OTHER)
    stage.ports.machines.add(OTHER, status)
    deployment(stage.ports, other, "dev", opened=-20, execution=OTHER)
    return other.id


def test_what_a_dead_execution_left_half_changed_is_first_rolled_back_although_its_lock_is_free():
    # Given
    stage = planned()
    half_changed(stage)

    # When an ordinary release asks
    ask(stage)

    # Then
    assert answer(stage) is None
    assert not stage.ports.locks.held

    # When the rollback of the safety net asks
    ask(stage, "rollback", root=execution_arn("rb", "rollback"), restoring=True)

    # Then
    assert (answer(stage, "rollback") or {})["outcome"] == "granted"


@pytest.mark.parametrize("why", ["it still runs", "its release has ended", "nobody knows it", "it is older"])
def test_an_open_deployment_that_nobody_will_roll_back_blocks_nobody(why: str):
    # Given
    stage = planned()
    other = half_changed(stage, "RUNNING" if why == "it still runs" else "ABORTED")
    if why == "its release has ended":
        stage.ports.releases.end(other, Outcome.FAILED, "", at=stage.ports.clock.at, environment=None)
    if why == "nobody knows it":
        del stage.ports.machines.executions[OTHER]
    if why == "it is older":
        later = release(stage.ports, letter="d", pushed=-20, salt=951)
        deployment(stage.ports, later, "dev", opened=-10, outcome=Outcome.SUCCEEDED)

    # When
    ask(stage)

    # Then
    assert (answer(stage) or {})["outcome"] == "granted"


def test_an_owner_that_left_the_environment_half_changed_is_first_rolled_back():
    # Given
    stage = planned()
    held_by(stage, "ABORTED", touched=True)

    # When an ordinary release asks
    ask(stage)

    # Then
    assert answer(stage) is None
    assert stage.ports.locks.held["checkout", "dev"].owner == OTHER

    # When the rollback of the safety net asks
    ask(stage, "rollback", root=execution_arn("rb", "rollback"), restoring=True)

    # Then
    assert (answer(stage, "rollback") or {})["outcome"] == "granted"


def test_an_owner_whose_release_has_its_terminal_record_blocks_nobody():
    # Given
    stage = planned()
    held_by(stage, "ABORTED", touched=True, ended=True)

    # When
    ask(stage)

    # Then
    assert (answer(stage) or {})["outcome"] == "granted"


def test_an_owner_that_failed_and_left_its_deployment_open_is_first_rolled_back():
    # Given a release with a terminal record whose restore broke
    stage = planned()
    held_by(stage, "FAILED", touched=True, ended=True)
    held = stage.ports.locks.held["checkout", "dev"].release
    deployment(stage.ports, stage.ports.releases.stored[held], "dev", execution=OTHER)

    # When
    ask(stage)

    # Then
    assert answer(stage) is None
    assert stage.ports.locks.held["checkout", "dev"].owner == OTHER


def test_a_rollback_that_died_is_finished_before_anything_new_is_deployed():
    # Given a rollback of a release that ended long ago
    stage = planned()
    held_by(stage, "TIMED_OUT", ended=True, owner=execution_arn("rb", "rollback"))

    # When
    ask(stage)
    ask(stage, "rollback", root=execution_arn("rb2", "rollback"), restoring=True)

    # Then
    assert answer(stage) is None
    assert (answer(stage, "rollback") or {})["outcome"] == "granted"


def test_a_retry_takes_over_from_the_attempt_before_it():
    # Given
    stage = planned()
    stage.ports.releases.touch(stage.release.id, "dev", production=False)
    stage.ports.machines.add(OTHER, "FAILED")
    locked(stage, owner=OTHER)

    # When
    ask(stage)

    # Then
    assert (answer(stage) or {})["outcome"] == "granted"


def test_an_owner_that_step_functions_does_not_know_yet_keeps_its_lock_for_a_while():
    # Given
    stage = planned()
    locked(stage, owner=OTHER)

    # When
    ask(stage)
    stage.ports.clock.advance(UNKNOWN / timedelta(seconds=1))
    ask(stage, "later")

    # Then
    assert answer(stage) is None
    assert (answer(stage, "later") or {})["outcome"] == "granted"


def test_a_restore_ignores_freeze_and_stop_signal():
    # Given
    stage = entered()
    stage.stop(StopSignal.CANCELLED)
    stage.ports.freezes.set("checkout", "dev", reason="Quarter end.", by=None, at=stage.ports.clock.at)

    # When
    ask(stage, restoring=True, ignore_freeze=True, only_if_touched=True)

    # Then
    assert (answer(stage) or {})["outcome"] == "granted"


def test_a_restore_needs_no_lock_where_nothing_was_changed():
    # Given
    stage = planned()

    # When
    ask(stage, restoring=True, ignore_freeze=True, only_if_touched=True)

    # Then
    assert (answer(stage) or {})["outcome"] == "untouched"
    assert not stage.ports.locks.held


def test_what_an_earlier_attempt_changed_is_not_what_this_one_changed():
    # Given
    stage = planned()
    define(stage.ports, "dev", 2, "b")
    stage.ports.releases.touch(stage.release.id, "dev", production=False)
    deployment(stage.ports, stage.now, "dev", outcome=Outcome.FAILED)
    stage.ports.releases.end(stage.release.id, Outcome.FAILED, "", at=stage.ports.clock.at, environment="dev")
    again = execution_arn(f"{stage.release.id}-a2")
    stage.ports.releases.start_attempt(stage.release.id, 2, again)

    # When
    ask(stage, root=again, restoring=True, only_if_touched=True)

    # Then
    assert (answer(stage) or {})["outcome"] == "untouched"


def test_a_token_that_waits_no_longer_changes_nothing():
    # Given
    stage = planned()
    stage.ports.machines.gone.add("token")

    # When
    ask(stage)
    ask(stage, "next")

    # Then the state that is entered again is granted the lock all the same
    assert (answer(stage, "next") or {})["outcome"] == "granted"


def test_an_unknown_release_is_an_error():
    with pytest.raises(Terminal, match="does not know release"):
        ask(planned(), release="checkout-20260101T000000Z-ffffff")


@pytest.mark.parametrize("case", ["free", "held", "dead", "stopped", "restoring"])
def test_whatever_breaks_trying_again_finishes_it(case: str):
    def make():
        stage = entered() if case == "restoring" else planned()
        if case in ("held", "dead"):
            held_by(stage, "RUNNING" if case == "held" else "FAILED")
        if case == "stopped":
            stage.stop(StopSignal.CANCELLED)
        more = {"restoring": True, "only_if_touched": True} if case == "restoring" else {}
        return stage.ports, lambda: ask(stage, **more)

    check_repeatable(make)


def test_what_an_earlier_token_waited_for_is_forgotten_when_the_lock_is_granted():
    # Given a machine that waited for lock and thaw, and was woken by one of the two
    stage = planned()
    held_by(stage, "RUNNING")
    ask(stage, "first")
    stage.ports.locks.held.clear()

    # When it asks again, as the same state of the same execution
    ask(stage, "second")

    # Then
    assert (answer(stage, "second") or {})["outcome"] == "granted"
    assert not stage.ports.waits.stored
