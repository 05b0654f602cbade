"""Schedules that failed once, each as short as it was found."""

from tests.schedules.model import violations
from tests.schedules.schedule import Schedule
from tests.schedules.workers import Trouble
from tidegate.domain.outcome import Outcome


def begun(version: str = "today", commands: int = 3, aborts: int = 1) -> Schedule:
    state = Schedule()
    state.begin(version, commands, aborts)
    return state


def test_a_release_that_is_superseded_while_its_migration_runs_ends_as_superseded():
    # Given
    state = begun()
    state.push("payments", "good", "clean")
    state.finish_scan(0)

    # When
    state.push("payments", "good", "clean")
    state.teardown()

    # Then
    ended = [each.outcome for each in state.world.ports.releases.newest("payments")[:2]]
    assert ended == [Outcome.SUCCEEDED, Outcome.SUPERSEDED]


def test_a_good_image_is_not_caught_with_the_bad_one_that_came_with_it():
    # Given
    state = begun()
    state.push("payments", "good", "clean")
    state.push("proxy", "crashing", "clean")

    # When
    state.teardown()

    # Then
    assert not state.world.ports.quarantine.held


def test_a_restore_that_has_nothing_to_come_back_to_lets_nobody_into_what_another_left_half_changed():
    # Given a rollback that waits for its turn, and a release that is stopped while its function runs on
    state = begun()
    state.roll_back(("checkout", "dev"))
    state.flow(1)
    state.push("checkout", "good", "clean")
    state.flow_approved(11)
    state.abort(0)

    # When the rollback takes the lock, and a newer release comes
    state.fire(0)
    state.push("checkout", "good", "clean")
    state.teardown()

    # Then
    assert list(violations(state.world)) == []


def test_the_sweep_that_breaks_off_while_it_ends_a_release_is_made_up_for():
    # Given
    state = begun()
    state.deploy(0, "dev")
    state.abort(0)
    state.lose(0)
    for _ in range(6):
        state.pass_much_time(400)

    # When
    for call in range(8, 20):
        state.sweep(Trouble(call, "kill"))
        state.troubles = 0
        state.pass_much_time(400)
    state.teardown()

    # Then
    assert list(violations(state.world)) == []


def test_a_function_that_outlives_its_stopped_execution_changes_nothing():
    # Given a release whose environment is being prepared
    for call in range(25):
        state = begun()
        state.push("checkout", "good", "clean")
        while not any(each.function == "prepare_environment" for each in state.world.runs.invocations):
            assert state.world.runs.invocations or state.world.queue.waiting or state.world.scanning()
            state.flow(1)

        # When it is stopped at any of its calls, and its execution with it, and another release comes
        state.perform(0, Trouble(call, "pause"))
        state.abort(0)
        state.push("checkout", "good", "clean")
        state.flow(25)

        # Then
        state.teardown()


def test_a_late_event_of_an_older_image_does_not_overtake_the_newest_of_two():
    # Given the event of another image comes first, when the newest of both are there already
    state = begun()
    state.push("proxy", "good", "clean")
    state.push("payments", "good", "clean")
    state.push("payments", "good", "clean")

    # When
    for _ in range(3):
        state.deliver(0, None)
    state.teardown()

    # Then
    assert list(violations(state.world)) == []
