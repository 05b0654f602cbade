"""Waiting for the scans of a release's images."""

import pytest

from tests.unit.breaking import check_repeatable
from tests.unit.examples import at, digest
from tests.unit.stage import WAITER, Stage, planned
from tidegate.domain.images import ImageRef
from tidegate.domain.outcome import StopSignal
from tidegate.domain.scan import ImageScan
from tidegate.steps.await_scan import Command, run, subject


def wait_for(stage: Stage) -> dict:
    given = {"root": stage.root, "release": stage.release.id, "started_at": at(0)}
    return run(Command(**given, token="token", waiter=WAITER), stage.ports)


def scanned(stage: Stage, status: str | None, letter: str = "b", repository: str = "checkout") -> None:
    stage.ports.registry.scans[repository, digest(letter)] = ImageScan(status=status)


def two_images() -> Stage:
    stage = planned()
    stage.now.images["proxy"] = ImageRef("proxy", digest("e"), "1.0", at(0))
    return stage


def test_every_image_is_waited_for():
    # Given
    stage = two_images()

    # When
    result = wait_for(stage)

    # Then
    assert result == {"outcome": "waiting"}
    for repository, letter in (("checkout", "b"), ("proxy", "e")):
        (wait,) = stage.ports.waits.on(subject(repository, digest(letter)))
        assert (wait.token, wait.release, wait.name) == ("token", stage.release.id, WAITER)
    assert not stage.ports.machines.answers


@pytest.mark.parametrize("status", ["COMPLETE", "UNSUPPORTED_IMAGE", "ACTIVE"])
def test_a_scan_that_ends_before_the_wait_is_stored_is_not_missed(status: str):
    # Given
    stage = planned()
    store = stage.ports.waits.put

    def too_late(wait):
        scanned(stage, status)
        store(wait)

    stage.ports.waits.put = too_late

    # When
    wait_for(stage)

    # Then
    assert stage.ports.machines.answers == {"token": {"signal": "already"}}
    assert not stage.ports.waits.stored


@pytest.mark.parametrize("status", [None, "PENDING", "IN_PROGRESS"])
def test_a_scan_under_way_is_waited_for(status: str | None):
    # Given
    stage = planned()
    scanned(stage, status)

    # When
    wait_for(stage)

    # Then
    assert not stage.ports.machines.answers


def test_one_finished_scan_of_two_is_not_enough():
    # Given
    stage = two_images()
    scanned(stage, "COMPLETE")

    # When
    wait_for(stage)

    # Then
    assert not stage.ports.machines.answers


def test_a_stop_signal_that_comes_before_the_wait_is_stored_is_not_missed():
    # Given
    stage = planned()
    store = stage.ports.waits.put

    def too_late(wait):
        stage.stop(StopSignal.SUPERSEDED)
        store(wait)

    stage.ports.waits.put = too_late

    # When
    wait_for(stage)

    # Then
    assert stage.ports.machines.answers == {"token": {"signal": "already"}}


@pytest.mark.parametrize("status", [None, "COMPLETE"])
def test_whatever_breaks_trying_again_finishes_it(status: str | None):
    def make():
        stage = two_images()
        scanned(stage, status)
        scanned(stage, status, "e", "proxy")
        return stage.ports, lambda: wait_for(stage)

    check_repeatable(make)


@pytest.mark.parametrize("status", ["FAILED", "FINDINGS_UNAVAILABLE", "SCAN_ELIGIBILITY_EXPIRED", "PENDING"])
def test_a_scan_without_a_result_is_waited_for_so_that_the_gate_does_not_spin(status: str):
    # Given
    stage = planned()
    scanned(stage, status)

    # When
    wait_for(stage)

    # Then
    assert not stage.ports.machines.answers
    assert stage.ports.waits.stored
