"""Alarms that are evaluated, tell EventBridge when their state changes, and act."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends

from local.world.metrics import evaluation
from local.world.metrics.alarm_shapes import alarm_message, query_shape, stamp, state_change
from local.world.metrics.api import MetricsApi
from local.world.metrics.composite import composite_state
from local.world.metrics.errors import CloudWatchError
from local.world.metrics.queries import Queries
from local.world.metrics.store import Place
from local.world.world import World

EVERY = 30
STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")


class Alarms:
    """Evaluates every alarm of every account and region.

    A metric minute lasts ``60 / time_scale`` real seconds, so an alarm with a period of 60 looks at one
    real second at the default scale.
    """

    def __init__(self, world: World, queries: Queries, metrics: MetricsApi) -> None:
        self._world = world
        self._queries = queries
        self._metrics = metrics
        self._held: dict[str, float] = {}
        world.later(world.scaled(EVERY), self._evaluate_all)

    def created(self, place: Place, name: str, before: Any | None) -> None:
        """A new alarm begins with INSUFFICIENT_DATA; an updated one keeps its state.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        """
        alarm = cloudwatch_backends[place[0]][place[1]].alarms[name]
        if before is not None:
            alarm.state_value, alarm.state_reason = before.state_value, before.state_reason
            alarm.state_updated_timestamp = before.state_updated_timestamp
            return
        alarm.state_value, alarm.state_reason = "INSUFFICIENT_DATA", "Unchecked: Initial alarm creation"

    def set_state(self, place: Place, name: str, state: str, reason: str, data: str | None) -> None:
        """SetAlarmState: holds until the next evaluation, and acts like a change of its own.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html

        Raises:
            CloudWatchError: ResourceNotFound, ValidationError, InvalidFormat.
        """
        alarm = cloudwatch_backends[place[0]][place[1]].alarms.get(name)
        if alarm is None:
            raise CloudWatchError("ResourceNotFound", "Unknown")
        if state not in STATES:
            raise CloudWatchError(
                "ValidationError", f"Value '{state}' at 'stateValue' is none of {', '.join(STATES)}"
            )
        try:
            json.loads(data or "{}")
        except ValueError:
            raise CloudWatchError("InvalidFormat", "StateReasonData is not JSON") from None
        period = float(alarm.period or 60)
        self._held[alarm.alarm_arn] = self._world.now() + self._world.scaled(period)
        self._change(place, alarm, state, reason, data or "{}")

    def _evaluate_all(self) -> None:
        self._world.later(self._world.scaled(EVERY), self._evaluate_all)
        for place, alarm in _all_alarms():
            if alarm.rule is None and self._held.get(alarm.alarm_arn, 0.0) <= self._world.now():
                self._evaluate(place, alarm)
        for place, alarm in _all_alarms():
            if alarm.rule is not None:
                self._evaluate_composite(place, alarm)

    def _evaluate(self, place: Place, alarm: Any) -> None:
        period, values = self._values(place, alarm)
        number = int(alarm.evaluation_periods or 1)
        needed = int(alarm.datapoints_to_alarm or number)
        compare = evaluation.COMPARISONS.get(alarm.comparison_operator)
        if compare is None or values is None:
            return
        threshold = float(alarm.threshold)
        periods = self._queries.last_periods(period, number + evaluation.EXTRA_PERIODS)
        state = evaluation.evaluate(
            values,
            periods,
            breaches=lambda value: compare(value, threshold),
            evaluation_periods=number,
            datapoints_to_alarm=needed,
            missing=alarm.treat_missing_data or _default_treatment(alarm),
        )
        if state is None or state == alarm.state_value:
            return
        recent = {at: values[at] for at in periods if at in values}
        recent = dict(list(recent.items())[-number:])
        shown = {at: f"{value} ({_short(at)})" for at, value in recent.items()}
        text = evaluation.reason(
            shown, state, alarm.comparison_operator, threshold, needed, alarm.state_value
        )
        data = {
            "version": "1.0",
            "queryDate": stamp(self._world.today()),
            "startDate": stamp(datetime.fromtimestamp(periods[0], tz=UTC)),
            "statistic": alarm.statistic or alarm.extended_statistic,
            "period": int(period),
            "recentDatapoints": list(recent.values()),
            "threshold": threshold,
        }
        self._change(place, alarm, state, text, json.dumps(data))

    def _values(self, place: Place, alarm: Any) -> tuple[float, Mapping[float, float] | None]:
        if alarm.metric_data_queries:
            return self._expression_values(place, alarm)
        period = float(alarm.period or 60)
        where = frozenset((each.name, each.value) for each in alarm.dimensions)
        series = (place, alarm.namespace, alarm.metric_name, where)
        stat = alarm.statistic or alarm.extended_statistic or "Average"
        return period, self._queries.values(series, period, stat, *self._range(alarm, period))

    def _expression_values(
        self,
        place: Place,
        alarm: Any,
    ) -> tuple[float, Mapping[float, float] | None]:
        queries = [query_shape(each) for each in alarm.metric_data_queries]
        periods = [float(each["MetricStat"]["Period"]) for each in queries if each.get("MetricStat")]
        period = periods[0] if periods else float(alarm.period or 60)
        wanted = alarm.threshold_metric_id
        returned = [
            each["Id"] for each in queries if each.get("ReturnData") is not False and each["Id"] != wanted
        ]
        try:
            lines = self._metrics.lines(place, queries, *self._range(alarm, period))
        except CloudWatchError:
            return period, None
        return period, lines.get(returned[-1]) if returned else None

    def _range(self, alarm: Any, period: float) -> tuple[float, float]:
        number = int(alarm.evaluation_periods or 1) + evaluation.EXTRA_PERIODS
        periods = self._queries.last_periods(period, number)
        return periods[0], periods[-1] + self._queries.length(period)

    def _evaluate_composite(self, place: Place, alarm: Any) -> None:
        states = {each.name: each.state_value for where, each in _all_alarms() if where == place}
        state = composite_state(alarm.rule, states)
        if state is not None and state != alarm.state_value:
            text = f"{alarm.alarm_arn} transitioned to {state} by its rule {alarm.rule}"
            self._change(place, alarm, state, text, "{}")

    def _change(self, place: Place, alarm: Any, state: str, reason: str, data: str) -> None:
        before = (
            alarm.state_value,
            alarm.state_reason,
            alarm.state_reason_data,
            alarm.state_updated_timestamp,
        )
        alarm.update_state(reason, data, state)
        alarm.state_updated_timestamp = self._world.today()
        if before[0] == state:
            return
        detail = state_change(alarm, before)
        self._world.emit(place, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, [alarm.alarm_arn])
        if alarm.actions_enabled:
            self._act(place, alarm, before[0])

    def _act(self, place: Place, alarm: Any, before: str) -> None:
        actions = {
            "ALARM": alarm.alarm_actions,
            "OK": alarm.ok_actions,
            "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
        }[alarm.state_value]
        message = json.dumps(alarm_message(place, alarm, before))
        subject = f'{alarm.state_value}: "{alarm.name}" in {place[1]}'[:100]
        for arn in actions or []:
            if ":sns:" in arn:
                self._world.send_to_topic(arn, subject, message)


def _all_alarms() -> Iterator[tuple[Place, Any]]:
    for account, regions in list(cloudwatch_backends.items()):
        for region, backend in list(regions.items()):
            for alarm in list(backend.alarms.values()):
                yield (account, region), alarm


def _default_treatment(alarm: Any) -> str:
    # AWS/DynamoDB metrics have gaps by nature, so their alarms keep their state.
    return "ignore" if alarm.namespace == "AWS/DynamoDB" else "missing"


def _short(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).strftime("%d/%m/%y %H:%M:%S")
