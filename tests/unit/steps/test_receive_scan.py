"""Waking who waits for an image scan."""

import pytest

from tests.support.ports import fake_ports
from tests.unit.examples import event, wait
from tidegate.errors import Terminal, Transient
from tidegate.steps.receive_scan import Command, run

DIGEST = event("ecr_image_scan")["detail"]["image-digest"]


@pytest.mark.parametrize("name", ["ecr_image_scan", "inspector2_scan"])
def test_both_kinds_of_scan_wake_who_waits_for_the_image(name: str):
    # Given
    ports = fake_ports()
    wait(ports, f"scan/checkout@{DIGEST}", "r1", "token")
    wait(ports, f"scan/other@{DIGEST}", "r2", "another repository")
    command = Command.model_validate(event(name))

    # When
    results = [run(command, ports), run(command, ports)]

    # Then
    assert results == [{"woken": 1}, {"ignored": "nobody_waits"}]
    assert ports.machines.answers == {"token": {"signal": command.detail.status}}


def test_a_failed_scan_wakes_too_because_the_state_is_read_afterwards():
    # Given
    ports = fake_ports()
    wait(ports, f"scan/checkout@{DIGEST}", "r1")

    # Then
    failed = event("ecr_image_scan", scan_status="FAILED")
    assert run(Command.model_validate(failed), ports) == {"woken": 1}


@pytest.mark.parametrize("key", ["repository_name", "image_digest"])
def test_an_event_that_names_no_image_is_ignored(key: str):
    # Given
    ports = fake_ports()

    # Then
    assert run(Command.model_validate(event("ecr_image_scan", **{key: None})), ports) == {
        "ignored": "no_image"
    }
    assert not ports.waits.calls


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("access denied")])
@pytest.mark.parametrize(("port", "method"), [("waits", "on"), ("machines", "resume"), ("waits", "remove")])
def test_a_failed_call_leaves_the_wait_for_the_retry(port: str, method: str, error: Exception):
    # Given
    ports = fake_ports()
    wait(ports, f"scan/checkout@{DIGEST}", "r1")
    command = Command.model_validate(event("ecr_image_scan"))
    getattr(ports, port).fail(method, error)

    # When
    with pytest.raises(type(error)):
        run(command, ports)
    run(command, ports)

    # Then
    assert set(ports.machines.answers) == {"token"}
    assert not ports.waits.stored
