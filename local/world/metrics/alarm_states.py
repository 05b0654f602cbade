"""The states of alarms, as moto keeps them."""

from __future__ import annotations

from collections.abc import Iterable

from moto.cloudwatch.models import cloudwatch_backends


def alarms_in_alarm(place: tuple[str, str], names: Iterable[str]) -> set[str]:
    """Which of these alarms are in the ALARM state."""
    account, region = place
    alarms = cloudwatch_backends[account][region].alarms
    return {name for name in names if name in alarms and alarms[name].state_value == "ALARM"}
