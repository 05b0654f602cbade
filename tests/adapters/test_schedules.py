"""What `ports.Schedules` promises."""

import json
from typing import Any

import pytest

from tests.adapters.scripted import Scripted
from tests.support.fakes import FakeSchedules
from tidegate.aws.clients import Clients
from tidegate.aws.schedules import EventBridgeSchedules
from tidegate.errors import Terminal
from tidegate.ports import Schedules

PAYLOAD = {"service": "checkout", "environment": "prod"}
ROLE = "arn:aws:iam::123456789012:role/pulse"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:tidegate-pulse"


def adapter(clients: Clients) -> EventBridgeSchedules:
    return EventBridgeSchedules(clients, lambda: "tidegate", lambda: ROLE, lambda: FUNCTION)


@pytest.fixture
def schedules(kind: str, request: pytest.FixtureRequest) -> Schedules:
    """Schedules in the stack's group."""
    if kind == "fake":
        return FakeSchedules()
    clients: Clients = request.getfixturevalue("clients")
    clients.home("scheduler").create_schedule_group(Name="tidegate")
    return adapter(clients)


def test_a_schedule_is_there_until_it_is_removed(schedules: Schedules):
    # Given
    assert not schedules.exists("pulse")

    # When
    schedules.start("pulse", PAYLOAD)
    schedules.start("pulse", {**PAYLOAD, "again": True})

    # Then there is one of its name
    assert schedules.exists("pulse")
    assert not schedules.exists("other")
    schedules.remove("pulse")
    assert not schedules.exists("pulse")
    schedules.remove("pulse")


def test_the_pulse_is_invoked_every_minute_by_a_role_that_can_do_nothing_else(clients: Clients):
    # Given
    scheduler = clients.home("scheduler")
    scheduler.create_schedule_group(Name="tidegate")

    # When
    adapter(clients).start("pulse", PAYLOAD)
    adapter(clients).start("pulse", {**PAYLOAD, "environment": "staging"})

    # Then
    found: dict[str, Any] = scheduler.get_schedule(Name="pulse", GroupName="tidegate")
    assert (found["ScheduleExpression"], found["State"]) == ("rate(1 minute)", "ENABLED")
    assert found["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert (found["Target"]["Arn"], found["Target"]["RoleArn"]) == (FUNCTION, ROLE)
    assert json.loads(found["Target"]["Input"]) == {"service": "checkout", "environment": "staging"}
    # A pulse that was missed is not made up for.
    assert found["Target"]["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}


def test_a_schedule_that_somebody_disabled_does_not_count_and_is_enabled_again(clients: Clients):
    # Given
    scheduler = clients.home("scheduler")
    scheduler.create_schedule_group(Name="tidegate")
    adapter(clients).start("pulse", PAYLOAD)
    known = scheduler.get_schedule(Name="pulse", GroupName="tidegate")
    kept = {name: known[name] for name in ("Name", "GroupName", "ScheduleExpression", "Target")}
    scheduler.update_schedule(**kept, FlexibleTimeWindow={"Mode": "OFF"}, State="DISABLED")

    # Then
    assert not adapter(clients).exists("pulse")
    adapter(clients).start("pulse", PAYLOAD)
    assert adapter(clients).exists("pulse")


def test_a_group_that_is_missing_is_a_mistake(clients: Clients):
    Scripted(clients.home("scheduler")).refuse("CreateSchedule", "ResourceNotFoundException", "no group")

    with pytest.raises(Terminal, match="ResourceNotFoundException: no group"):
        adapter(clients).start("pulse", PAYLOAD)
