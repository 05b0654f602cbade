"""The pulses of canaries, in EventBridge Scheduler."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.errors import aws_call, aws_call_unless
from tidegate.ports import Schedules

_EVERY_MINUTE = "rate(1 minute)"
_MISSED = {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
"""A pulse that could not be delivered is not made up for: the next one comes a minute later."""


class EventBridgeSchedules(Schedules):
    """Schedules in the stack's own group, which may invoke nothing but the pulse.

    A rate begins to fire when the schedule is made, and it fires at least once a period: a pulse must bear to
    be invoked twice. https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """

    def __init__(
        self, clients: Clients, group: Callable[[], str], role: Callable[[], str], function: Callable[[], str]
    ) -> None:
        self._clients = clients
        self._group = group
        self._role = role
        self._function = function

    def start(self, name: str, payload: Mapping[str, Any]) -> None:
        scheduler, schedule = self._clients.home("scheduler"), self._schedule(name, payload)
        if aws_call_unless(("ConflictException",), scheduler.create_schedule, **schedule) is None:
            aws_call(scheduler.update_schedule, **schedule)

    def remove(self, name: str) -> None:
        delete = self._clients.home("scheduler").delete_schedule
        aws_call_unless(("ResourceNotFoundException",), delete, Name=name, GroupName=self._group())

    def exists(self, name: str) -> bool:
        get = self._clients.home("scheduler").get_schedule
        found = aws_call_unless(("ResourceNotFoundException",), get, Name=name, GroupName=self._group())
        return found is not None and found.get("State") == "ENABLED"

    def _schedule(self, name: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Name": name,
            "GroupName": self._group(),
            "ScheduleExpression": _EVERY_MINUTE,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "State": "ENABLED",
            "Target": {
                "Arn": self._function(),
                "RoleArn": self._role(),
                "Input": json.dumps(payload, sort_keys=True),
                "RetryPolicy": _MISSED,
            },
        }
