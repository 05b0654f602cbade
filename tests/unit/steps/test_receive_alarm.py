"""Rolling back what an alarm accuses."""

from typing import Any

import pytest

from tests.support.ports import FakePorts, fake_ports
from tests.unit.examples import ALARM, at, deployment, environment, event, registered, release, service
from tidegate.contracts.inputs import RollbackInput
from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import Outcome
from tidegate.domain.strategy import DeploymentAlarms, RollingSettings
from tidegate.errors import Terminal, Transient
from tidegate.steps.receive_alarm import Command, run


def alarm(seconds: float = 200, **detail: Any) -> Command:
    """The event of an alarm that went off so many seconds after noon."""
    return Command.model_validate(event("cloudwatch_alarm", **detail) | {"time": at(seconds).isoformat()})


def watched(ports: FakePorts, **more: Any) -> Deployment:
    """A production deployment that succeeded two minutes after noon and is watched until seven past."""
    known = {"outcome": Outcome.SUCCEEDED, "opened": 60, "watch_until": at(420), **more}
    return deployment(ports, release(ports), "prod", **known)


def given_ports() -> FakePorts:
    ports = registered(fake_ports())
    ports.alarms.known[ALARM] = "ALARM"
    ports.clock.advance(210)
    return ports


def test_an_alarm_in_the_watch_period_rolls_the_newest_deployment_back():
    # Given
    ports = given_ports()
    accused = watched(ports)

    # When
    result = run(alarm(), ports)

    # Then
    (arn,) = result["rollbacks"]
    assert f":tidegate-rollback:{accused.release}-rb-" in arn
    assert len(arn.rpartition(":")[2]) <= 80
    payload = RollbackInput.model_validate(ports.machines.payloads[arn])
    assert (payload.service, payload.environment, payload.release) == ("checkout", "prod", accused.release)
    assert (payload.evidence, payload.automatic) == ("alarm", True)
    assert ALARM in (payload.reason or "")


def test_the_event_twice_and_a_second_alarm_make_one_rollback():
    # Given
    both = RollingSettings(alarms=DeploymentAlarms(names=(ALARM, "checkout-prod-latency")))
    ports = registered(fake_ports(), service(environments=(environment("prod", strategy=both),)))
    ports.alarms.known |= {ALARM: "ALARM", "checkout-prod-latency": "ALARM"}
    ports.clock.advance(210)
    watched(ports)

    # When
    run(alarm(), ports)
    run(alarm(), ports)
    run(alarm(205, alarmName="checkout-prod-latency"), ports)

    # Then
    assert len(ports.machines.executions) == 1


def test_a_message_that_the_state_does_not_confirm_is_ignored():
    # Given
    ports = given_ports()
    watched(ports)
    ports.alarms.known[ALARM] = "OK"

    # Then
    assert run(alarm(), ports) == {"ignored": "not_accused"}


@pytest.mark.parametrize("value", ["OK", "INSUFFICIENT_DATA", ""])
def test_other_states_are_ignored_without_a_look(value: str):
    # Given
    ports = given_ports()
    watched(ports)

    # Then
    assert run(alarm(state={"value": value}), ports) == {"ignored": "not_in_alarm"}
    assert not ports.catalogue.called("watching")


def test_an_alarm_that_no_manifest_lists_is_ignored():
    assert run(alarm(alarmName="billing"), given_ports()) == {"ignored": "unlisted_alarm"}


@pytest.mark.parametrize(
    "more",
    [
        {"outcome": None},
        {"outcome": Outcome.FAILED},
        {"outcome": Outcome.ROLLED_BACK},
        {"revoked": "It was rolled back by hand."},
        {"watch_until": at(199)},
        {"watch_until": None},
        {"opened": 205},
    ],
    ids=["still deploying", "failed", "rolled back", "revoked", "watch over", "never watched", "red before"],
)
def test_what_is_not_being_watched_is_not_rolled_back(more: dict):
    # Given
    ports = given_ports()
    watched(ports, **more)

    # Then
    assert run(alarm(), ports) == {"ignored": "not_accused"}
    assert not ports.machines.executions


def test_an_environment_without_a_deployment_is_left_alone():
    assert run(alarm(), given_ports()) == {"ignored": "not_accused"}


def test_an_older_deployment_is_left_alone_while_a_newer_one_is_made():
    # Given
    ports = given_ports()
    watched(ports)
    newer = release(ports, letter="b", pushed=100, salt=901)
    deployment(ports, newer, "prod", opened=150)

    # Then
    assert run(alarm(), ports) == {"ignored": "not_accused"}


def test_an_event_a_little_late_still_counts_and_one_much_later_does_not():
    # Given
    ports = given_ports()
    watched(ports)

    # When it is delivered half a minute after the watch period, within which it happened
    ports.clock.at = at(450)
    in_time = run(alarm(419), ports)

    # Then
    assert len(in_time["rollbacks"]) == 1

    # When it is delivered an hour later
    ports.machines.executions.clear()
    ports.clock.at = at(3600)

    # Then
    assert run(alarm(419), ports) == {"ignored": "not_accused"}


def test_one_alarm_may_accuse_several_environments():
    # Given
    ports = given_ports()
    strategy = RollingSettings(alarms=DeploymentAlarms(names=(ALARM,)))
    two = (environment("eu", strategy=strategy), environment("prod", strategy=strategy))
    registered(ports, service(environments=two))
    accused = release(ports)
    for each in two:
        deployment(ports, accused, each.name, outcome=Outcome.SUCCEEDED, watch_until=at(420))

    # Then
    assert len(run(alarm(), ports)["rollbacks"]) == 2


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("access denied")])
@pytest.mark.parametrize(
    ("port", "method"),
    [
        ("catalogue", "watching"),
        ("catalogue", "get"),
        ("deployments", "latest"),
        ("alarms", "states"),
        ("machines", "start"),
    ],
)
def test_a_retry_after_a_failed_call_rolls_back(port: str, method: str, error: Exception):
    # Given
    ports = given_ports()
    watched(ports)
    getattr(ports, port).fail(method, error)

    # When
    with pytest.raises(type(error)):
        run(alarm(), ports)

    # Then
    assert len(run(alarm(), ports)["rollbacks"]) == 1
