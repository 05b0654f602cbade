"""Giving the lock back."""

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.examples import execution_arn, release, wait
from tests.unit.stage import Stage, locked, planned
from tidegate.errors import Terminal, Transient
from tidegate.steps.release_lock import Command, run


def give_back(stage: Stage) -> dict:
    return run(Command(root=stage.root, service="checkout", environment="dev"), stage.ports)


def test_the_lock_is_free_and_everybody_who_waits_is_called():
    # Given
    stage = locked(planned())
    next_one = release(stage.ports, letter="c", salt=950)
    wait(stage.ports, "lock/checkout/dev", next_one.id, "dev")
    wait(stage.ports, "lock/checkout/prod", next_one.id, "prod")

    # When
    result = give_back(stage)

    # Then
    assert result == {"outcome": "released"}
    assert not stage.ports.locks.held
    assert stage.ports.machines.answers == {"dev": {"signal": "released"}}


def test_somebody_elses_lock_is_left_alone():
    # Given
    stage = locked(planned(), owner=execution_arn("other"))

    # When
    result = give_back(stage)

    # Then
    assert result == {"outcome": "not_ours"}
    assert stage.ports.locks.held["checkout", "dev"].owner == execution_arn("other")


def test_the_next_owner_keeps_its_lock_when_the_last_one_gives_back_twice():
    # Given
    stage = locked(planned())
    give_back(stage)
    locked(stage, owner=execution_arn("other"))

    # When
    give_back(stage)

    # Then
    assert stage.ports.locks.held["checkout", "dev"].owner == execution_arn("other")


@pytest.mark.parametrize("error", [Terminal("access denied"), Transient("throttled")])
def test_who_cannot_be_called_does_not_fail_who_gives_back(error: Exception):
    # Given
    stage = locked(planned())
    for number in range(2):
        wait(stage.ports, "lock/checkout/dev", stage.release.id, f"token-{number}")
    stage.ports.machines.fail("resume", error, times=3)

    # When
    result = give_back(stage)

    # Then the others are called, it is written down, and the sweep finds who still waits
    assert result == {"outcome": "released"}
    assert stage.ports.machines.answers == {"token-1": {"signal": "released"}}
    assert stage.ports.journal.kinds("checkout/dev") == ["wake.failed"]
    assert stage.ports.journal.lines[0][1]["entry"]["why"] == str(error)
    assert [each.token for each in stage.ports.waits.stored.values()] == ["token-0"]


def test_who_cannot_be_called_at_first_is_called_again_at_once():
    # Given
    stage = locked(planned())
    wait(stage.ports, "lock/checkout/dev", stage.release.id, "next in line")
    stage.ports.machines.fail("resume", Transient("throttled"))

    # When
    give_back(stage)

    # Then
    assert set(stage.ports.machines.answers) == {"next in line"}
    assert not stage.ports.journal.lines


CALLING = {("waits", "on"), ("waits", "remove"), ("machines", "resume")}


@pytest.mark.parametrize("waiting", [0, 2])
def test_whatever_breaks_trying_again_finishes_it(waiting: int):
    def make():
        stage = locked(planned())
        for number in range(waiting):
            wait(stage.ports, "lock/checkout/dev", stage.release.id, f"token-{number}")
        return stage.ports, lambda: give_back(stage)

    check_repeatable(make, forgiven=CALLING)
