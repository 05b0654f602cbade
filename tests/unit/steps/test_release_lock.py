"""Giving the lock back."""

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.examples import execution_arn, release, wait
from tests.unit.stage import Stage, locked, planned
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


@pytest.mark.parametrize("waiting", [0, 2])
def test_whatever_breaks_trying_again_finishes_it(waiting: int):
    def make():
        stage = locked(planned())
        for number in range(waiting):
            wait(stage.ports, "lock/checkout/dev", stage.release.id, f"token-{number}")
        return stage.ports, lambda: give_back(stage)

    check_repeatable(make)
