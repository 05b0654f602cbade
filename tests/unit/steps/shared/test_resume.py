"""Resuming whoever waits."""

import pytest

from tests.support.ports import fake_ports
from tests.unit.examples import wait
from tidegate.errors import Terminal, Transient
from tidegate.steps.resume import wake, wake_release

SCAN = "scan/checkout@sha256:1"


def test_everybody_who_waits_for_the_subject_is_resumed_once():
    # Given
    ports = fake_ports()
    wait(ports, SCAN, "r1", "first")
    wait(ports, SCAN, "r2", "second")
    wait(ports, "task/1", "r1", "other")

    # When
    resumed = [wake(ports, SCAN, "COMPLETE"), wake(ports, SCAN, "COMPLETE")]

    # Then
    assert resumed == [2, 0]
    assert ports.machines.answers == {"first": {"signal": "COMPLETE"}, "second": {"signal": "COMPLETE"}}
    assert [each.token for each in ports.waits.stored.values()] == ["other"]


def test_a_stop_signal_reaches_everything_that_a_release_waits_for():
    # Given
    ports = fake_ports()
    wait(ports, SCAN, "r1", "scan")
    wait(ports, "approval/1", "r1", "approval")
    wait(ports, "approval/2", "r2", "another release")

    # When
    resumed = wake_release(ports, "r1", "cancelled")

    # Then
    assert resumed == 2
    assert set(ports.machines.answers) == {"scan", "approval"}


def test_a_token_that_waits_no_longer_is_forgotten():
    # Given
    ports = fake_ports()
    wait(ports, SCAN, "r1", "dead")
    ports.machines.gone.add("dead")

    # When
    resumed = wake(ports, SCAN, "COMPLETE")

    # Then
    assert resumed == 0
    assert not ports.waits.stored


def test_two_scans_of_one_state_share_a_token_and_the_second_does_no_harm():
    # Given
    ports = fake_ports()
    wait(ports, SCAN, "r1", "token")
    wait(ports, "scan/checkout@sha256:2", "r1", "token")

    # When
    resumed = [wake(ports, SCAN, "COMPLETE"), wake(ports, "scan/checkout@sha256:2", "COMPLETE")]

    # Then
    assert resumed == [1, 0]
    assert not ports.waits.stored


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("access denied")])
def test_one_who_cannot_be_answered_does_not_keep_the_others_asleep(error: Exception):
    # Given
    ports = fake_ports()
    wait(ports, SCAN, "r1", "first", created=0)
    wait(ports, SCAN, "r2", "second", created=1)
    ports.machines.fail("resume", error)

    # When
    with pytest.raises(type(error)):
        wake(ports, SCAN, "COMPLETE")

    # Then
    assert set(ports.machines.answers) == {"second"}
    assert [each.token for each in ports.waits.stored.values()] == ["first"]

    # When it is tried again
    assert wake(ports, SCAN, "COMPLETE") == 1
    assert not ports.waits.stored
