"""An alarm's change of state as EventBridge and SNS get it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Shape = dict[str, Any]
Before = tuple[str, str, str, datetime]


def stamp(moment: datetime) -> str:
    """A moment as CloudWatch writes it in events: with milliseconds and +0000."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.strftime("%Y-%m-%dT%H:%M:%S.") + f"{aware.microsecond // 1000:03d}+0000"


def state_change(alarm: Any, before: Before) -> Shape:
    """The detail of "CloudWatch Alarm State Change".

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    value, reason, data, since = before
    configuration: Shape = {"metrics": _metrics(alarm)} if alarm.rule is None else {"alarmRule": alarm.rule}
    if alarm.description:
        configuration["description"] = alarm.description
    return {
        "alarmName": alarm.name,
        "state": {
            "value": alarm.state_value,
            "reason": alarm.state_reason,
            "reasonData": alarm.state_reason_data,
            "timestamp": stamp(alarm.state_updated_timestamp),
        },
        "previousState": {
            "value": value,
            "reason": reason,
            "reasonData": data,
            "timestamp": stamp(since),
        },
        "configuration": configuration,
    }


def _metrics(alarm: Any) -> list[Shape]:
    if alarm.metric_data_queries:
        return [_query(each) for each in alarm.metric_data_queries]
    metric = {
        "namespace": alarm.namespace,
        "name": alarm.metric_name,
        "dimensions": {each.name: each.value for each in alarm.dimensions},
    }
    stat = {
        "metric": metric,
        "period": int(alarm.period or 60),
        "stat": alarm.statistic or alarm.extended_statistic,
    }
    return [{"id": "m1", "metricStat": stat, "returnData": True}]


def _query(query: Any) -> Shape:
    shape: Shape = {"id": query.id, "returnData": query.return_data is not False}
    if query.expression:
        return shape | {"expression": query.expression, "label": query.label or query.id}
    stat = query.metric_stat
    metric = {
        "namespace": stat.metric.namespace,
        "name": stat.metric.metric_name,
        "dimensions": {each.name: each.value for each in stat.metric.dimensions},
    }
    return shape | {"metricStat": {"metric": metric, "period": stat.period, "stat": stat.stat}}


def alarm_message(place: tuple[str, str], alarm: Any, before: str) -> Shape:
    """The message that an alarm sends to an SNS topic.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
    """
    trigger = {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "Statistic": alarm.statistic,
        "Dimensions": [{"name": each.name, "value": each.value} for each in alarm.dimensions],
        "Period": alarm.period,
        "EvaluationPeriods": alarm.evaluation_periods,
        "DatapointsToAlarm": alarm.datapoints_to_alarm,
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
    }
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": place[0],
        "AlarmConfigurationUpdatedTimestamp": stamp(alarm.configuration_updated_timestamp),
        "NewStateValue": alarm.state_value,
        "NewStateReason": alarm.state_reason,
        "StateChangeTime": stamp(alarm.state_updated_timestamp),
        "Region": place[1],
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": before,
        "OKActions": list(alarm.ok_actions or []),
        "AlarmActions": list(alarm.alarm_actions or []),
        "InsufficientDataActions": list(alarm.insufficient_data_actions or []),
        "Trigger": {name: value for name, value in trigger.items() if value is not None},
    }


def query_shape(query: Any) -> Shape:
    """A metric data query of an alarm as the API writes it."""
    shape: Shape = {"Id": query.id, "ReturnData": query.return_data, "Expression": query.expression}
    if query.period:
        shape["Period"] = query.period
    stat = query.metric_stat
    if stat is not None:
        shape["MetricStat"] = {
            "Metric": {
                "Namespace": stat.metric.namespace,
                "MetricName": stat.metric.metric_name,
                "Dimensions": [{"Name": each.name, "Value": each.value} for each in stat.metric.dimensions],
            },
            "Period": stat.period,
            "Stat": stat.stat,
        }
    return shape
