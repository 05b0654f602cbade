"""Waking who waits for a deployment or a task of Amazon ECS."""

import pytest

from tests.support.ports import fake_ports
from tests.unit.examples import event, wait
from tidegate.errors import Terminal, Transient
from tidegate.steps.receive_ecs_event import Command, run

SERVICE = "arn:aws:ecs:us-east-1:123456789012:service/staging/checkout"
TASK = event("ecs_task_stopped")["detail"]["taskArn"]


@pytest.mark.parametrize("name", ["SERVICE_DEPLOYMENT_COMPLETED", "SERVICE_DEPLOYMENT_FAILED"])
def test_a_decided_deployment_wakes_who_waits_for_the_service(name: str):
    # Given
    ports = fake_ports()
    wait(ports, f"service-deployment/{SERVICE}", "r1", "token")
    wait(ports, f"service-deployment/{SERVICE}-canary", "r2", "another service")
    command = Command.model_validate(event("ecs_deployment_completed", eventName=name))

    # When
    results = [run(command, ports), run(command, ports)]

    # Then
    assert results == [{"woken": 1}, {"ignored": "nobody_waits"}]
    assert ports.machines.answers == {"token": {"signal": name}}


@pytest.mark.parametrize("name", ["HOOK_AWAITING_ACTION", "HOOK_TIMED_OUT"])
def test_a_paused_deployment_wakes_who_waits_for_the_service(name: str):
    # Given
    ports = fake_ports()
    wait(ports, "service-deployment/arn:aws:ecs:us-east-1:123456789012:service/prod/checkout", "r1")
    command = Command.model_validate(event("ecs_hook_awaiting_action", eventName=name))

    # Then
    assert run(command, ports) == {"woken": 1}
    assert ports.machines.answers == {"token": {"signal": name}}


def test_a_stopped_task_wakes_who_waits_for_it():
    # Given
    ports = fake_ports()
    wait(ports, f"task/{TASK}", "r1")

    # When
    result = run(Command.model_validate(event("ecs_task_stopped")), ports)

    # Then
    assert result == {"woken": 1}
    assert ports.machines.answers == {"token": {"signal": "STOPPED"}}


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("ecs_deployment_completed", {"eventName": "SERVICE_DEPLOYMENT_IN_PROGRESS"}),
        ("ecs_deployment_completed", {"eventName": "SOMETHING_NEW"}),
        ("ecs_hook_awaiting_action", {"eventName": "HOOK_SUCCEEDED"}),
        ("ecs_hook_awaiting_action", {"eventName": "HOOK_IN_PROGRESS"}),
        ("ecs_hook_awaiting_action", {"serviceArn": ""}),
        ("ecs_task_stopped", {"lastStatus": "RUNNING"}),
        ("ecs_task_stopped", {"lastStatus": "DEPROVISIONING"}),
    ],
)
def test_what_decides_nothing_costs_no_query(name: str, detail: dict):
    # Given
    ports = fake_ports()

    # Then
    assert run(Command.model_validate(event(name, **detail)), ports) == {"ignored": "not_decisive"}
    assert not ports.waits.calls


def test_a_deployment_event_without_its_service_is_ignored():
    # Given
    sent = event("ecs_deployment_completed") | {"resources": []}

    # Then
    assert run(Command.model_validate(sent), fake_ports()) == {"ignored": "not_decisive"}


def test_a_task_that_concerns_nobody_costs_one_query():
    # Given
    ports = fake_ports()

    # When
    result = run(Command.model_validate(event("ecs_task_stopped", group="service:checkout")), ports)

    # Then
    assert result == {"ignored": "nobody_waits"}
    assert [call.method for call in ports.waits.calls] == ["on"]


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("access denied")])
@pytest.mark.parametrize(("port", "method"), [("waits", "on"), ("machines", "resume"), ("waits", "remove")])
def test_a_failed_call_leaves_the_wait_for_the_retry(port: str, method: str, error: Exception):
    # Given
    ports = fake_ports()
    wait(ports, f"task/{TASK}", "r1")
    command = Command.model_validate(event("ecs_task_stopped"))
    getattr(ports, port).fail(method, error)

    # When
    with pytest.raises(type(error)):
        run(command, ports)
    run(command, ports)

    # Then
    assert set(ports.machines.answers) == {"token"}
    assert not ports.waits.stored
