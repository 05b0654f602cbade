"""SetAlarmState from the world, and moto's PutMetricAlarm mended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from moto.cloudwatch.models import CloudWatchBackend

from local.world import patches
from local.world.binding import Call
from local.world.metrics.alarms import Alarms

Answer = dict[str, Any]


class AlarmsApi:
    """The alarm operations of the CloudWatch API that the world answers."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms

    def set_state(self, call: Call) -> Answer:
        """SetAlarmState."""
        self._alarms.set_state(
            call.place,
            call.params["AlarmName"],
            call.params["StateValue"],
            call.params["StateReason"],
            call.get("StateReasonData"),
        )
        return {}


def wrap_put_alarm(alarms_of: Callable[[], Alarms]) -> None:
    """Give new alarms their documented first state, and let every extended statistic in.

    moto knows percentiles alone and lets an alarm begin with OK, also when it is only updated.
    """
    original = CloudWatchBackend.put_metric_alarm

    def put_metric_alarm(self: CloudWatchBackend, *arguments: Any, **named: Any) -> Any:
        extended = named.pop("extended_statistic", None)
        name = named.get("name") or arguments[0]
        before = self.alarms.get(name)
        alarm = original(self, *arguments, **named)
        alarm.extended_statistic = extended
        alarms_of().created((self.account_id, self.region_name), name, before)
        return alarm

    patches.replace(CloudWatchBackend, "put_metric_alarm", put_metric_alarm)
