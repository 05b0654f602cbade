"""The fence in front of every mutation, and the gates at which a release stops."""

import pytest

from tests.unit.examples import execution_arn
from tests.unit.stage import Stage, entered, locked, only, planned
from tidegate.domain.outcome import StopSignal
from tidegate.domain.service import BeforeDeploy
from tidegate.errors import Terminal
from tidegate.steps.guard import check_owner, stopped_here, told_to_stop
from tidegate.steps.scope import scope_of


def test_the_owner_passes_and_gets_its_lock():
    # Given
    stage = locked(planned())

    # Then
    lock = check_owner(stage.ports, "checkout", "dev", stage.root)
    assert (lock.owner, lock.fence) == (stage.root, 1)


def test_nobody_passes_with_a_lock_that_was_taken_over():
    # Given
    stage = locked(planned())
    thief = execution_arn("thief")
    stage.ports.locks.take_over(
        "checkout", "dev", owner=thief, release="x", at=stage.ports.clock.at, from_owner=stage.root
    )

    # Then
    with pytest.raises(Terminal, match=f"no longer ours; it belongs to {thief}"):
        check_owner(stage.ports, "checkout", "dev", stage.root)


def test_nobody_passes_without_a_lock_or_with_that_of_another_environment():
    # Given
    stage = locked(planned())

    # Then
    with pytest.raises(Terminal, match="belongs to nobody"):
        check_owner(stage.ports, "checkout", "prod", stage.root)


def test_a_release_that_was_not_told_anything_goes_on():
    assert told_to_stop(planned().now) is None


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_release_that_was_told_to_stop_ends_as_it_was_told(signal: StopSignal):
    # Given
    stage = planned()
    stage.stop(signal, "")

    # Then
    assert told_to_stop(stage.now) == {"outcome": str(signal), "reason": f"The release was {signal}."}


def migrated(*, marked: bool, no_return: bool = True) -> Stage:
    task = BeforeDeploy("app", ("migrate",), point_of_no_return=no_return)
    stage = entered(planned(manifest=only(before_deploy=task)))
    if marked:
        stage.ports.releases.mark_point_of_no_return(stage.release.id)
    stage.stop(StopSignal.SUPERSEDED, "A newer one came.")
    return stage


@pytest.mark.parametrize(
    ("marked", "no_return", "goes_on"), [(True, True, True), (False, True, False), (True, False, False)]
)
def test_only_past_the_point_of_no_return_of_this_environment_a_release_goes_on(marked, no_return, goes_on):
    # Given
    stage = migrated(marked=marked, no_return=no_return)

    # Then
    stopped = stopped_here(scope_of(stage.ports, stage.release.id, "dev"))
    assert (stopped is None) is goes_on


@pytest.mark.parametrize("environment", ["moon", ""])
def test_an_environment_that_the_pinned_revision_does_not_have_is_an_error(environment: str):
    # Given
    stage = planned()

    # Then
    with pytest.raises(Terminal, match="has no environment"):
        scope_of(stage.ports, stage.release.id, environment)
