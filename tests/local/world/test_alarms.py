"""Alarms: evaluation, events, actions.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
"""

from __future__ import annotations

import json

import pytest

from local.world.metrics.composite import composite_state
from local.world.metrics.evaluation import evaluate

LIMIT = 10.0


def alarm(region, name="errors", **options):
    region.cloudwatch.put_metric_alarm(
        **{
            "AlarmName": name,
            "Namespace": "Checkout",
            "MetricName": "Errors",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": LIMIT,
            "ComparisonOperator": "GreaterThanThreshold",
            **options,
        }
    )


def put(region, value, name="Errors"):
    region.cloudwatch.put_metric_data(Namespace="Checkout", MetricData=[{"MetricName": name, "Value": value}])


def state(region, name="errors"):
    found = region.cloudwatch.describe_alarms(AlarmNames=[name])
    return (found["MetricAlarms"] + found["CompositeAlarms"])[0]["StateValue"]


@pytest.mark.parametrize(
    ("points", "missing", "ignored", "breaching", "not_breaching"),
    [
        ("0-X-X", "OK", "OK", "OK", "OK"),
        ("----0", "OK", "OK", "OK", "OK"),
        ("-----", "INSUFFICIENT_DATA", None, "ALARM", "OK"),
        ("0XX-X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("--X--", "ALARM", None, "ALARM", "OK"),
    ],
)
def test_three_of_three_datapoints_as_the_documentation_tabulates_them(
    points, missing, ignored, breaching, not_breaching
):
    found = [states_of(points, 3, treatment) for treatment in TREATMENTS]

    assert found == [missing, ignored, breaching, not_breaching]


@pytest.mark.parametrize(
    ("points", "missing", "ignored", "breaching", "not_breaching"),
    [
        ("0-X-X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("00X0X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("0-X--", "OK", "OK", "ALARM", "OK"),
        ("----0", "OK", "OK", "ALARM", "OK"),
        ("---X-", "ALARM", None, "ALARM", "OK"),
    ],
)
def test_two_of_three_datapoints_as_the_documentation_tabulates_them(
    points, missing, ignored, breaching, not_breaching
):
    found = [states_of(points, 2, treatment) for treatment in TREATMENTS]

    assert found == [missing, ignored, breaching, not_breaching]


TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def states_of(points: str, needed: int, treatment: str):
    values = {float(at): {"0": 0.0, "X": 99.0}[point] for at, point in enumerate(points) if point != "-"}
    return evaluate(
        values,
        [float(at) for at in range(len(points))],
        breaches=lambda value: value > LIMIT,
        evaluation_periods=3,
        datapoints_to_alarm=needed,
        missing=treatment,
    )


def test_a_new_alarm_has_insufficient_data(region):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html"""
    # When
    alarm(region)

    # Then
    found = region.cloudwatch.describe_alarms()["MetricAlarms"][0]
    assert (found["StateValue"], found["StateReason"]) == (
        "INSUFFICIENT_DATA",
        "Unchecked: Initial alarm creation",
    )


def test_an_alarm_that_is_updated_keeps_its_state(region):
    # Given
    alarm(region)
    put(region, 50)
    region.until(lambda: state(region) == "ALARM")

    # When
    alarm(region, AlarmDescription="new words")

    # Then
    assert state(region) == "ALARM"


def test_an_alarm_rings_and_recovers_and_tells_of_both(region):
    # Given
    alarm(region, TreatMissingData="notBreaching", AlarmDescription="too many errors")
    region.until(lambda: state(region) == "OK")
    region.advance(1)
    region.events.clear()

    # When
    put(region, 50)
    region.until(lambda: state(region) == "ALARM", within=3)
    region.until(lambda: state(region) == "OK", within=6)
    region.advance(1)

    # Then
    events = region.events_of("CloudWatch Alarm State Change")
    assert [event.detail["state"]["value"] for event in events] == ["ALARM", "OK"]
    first = events[0]
    assert first.source == "aws.cloudwatch"
    assert first.resources == ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:errors"]
    assert first.detail["alarmName"] == "errors"
    assert first.detail["previousState"]["value"] == "OK"
    assert set(first.detail["state"]) == {"value", "reason", "reasonData", "timestamp"}
    assert first.detail["state"]["reason"].startswith(
        "Threshold Crossed: 1 out of the last 1 datapoints [50.0"
    )
    assert json.loads(first.detail["state"]["reasonData"])["recentDatapoints"] == [50.0]
    assert first.detail["configuration"]["description"] == "too many errors"
    stat = first.detail["configuration"]["metrics"][0]["metricStat"]
    assert stat == {
        "metric": {"namespace": "Checkout", "name": "Errors", "dimensions": {}},
        "period": 60,
        "stat": "Sum",
    }


def test_an_alarm_publishes_to_its_topic(region):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html"""
    # Given
    topic = region.sns.create_topic(Name="alerts")["TopicArn"]
    queue = region.sqs.create_queue(QueueName="mail")["QueueUrl"]
    region.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:mail")
    alarm(region, AlarmActions=[topic])

    # When
    put(region, 50)
    region.until(lambda: state(region) == "ALARM")
    region.advance(1)

    # Then
    received = region.sqs.receive_message(QueueUrl=queue)["Messages"]
    body = json.loads(received[0]["Body"])
    message = json.loads(body["Message"])
    assert body["Subject"].startswith('ALARM: "errors"')
    assert (message["AlarmName"], message["NewStateValue"]) == ("errors", "ALARM")
    assert message["Trigger"]["MetricName"] == "Errors"


def test_disabled_actions_are_not_taken(region):
    # Given
    topic = region.sns.create_topic(Name="alerts")["TopicArn"]
    queue = region.sqs.create_queue(QueueName="mail")["QueueUrl"]
    region.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:mail")
    alarm(region, AlarmActions=[topic], ActionsEnabled=False)

    # When
    put(region, 50)
    region.until(lambda: state(region) == "ALARM")
    region.advance(1)

    # Then
    assert "Messages" not in region.sqs.receive_message(QueueUrl=queue)


def test_a_state_set_by_hand_holds_until_the_next_evaluation(region):
    # Given
    alarm(region, TreatMissingData="notBreaching")
    region.until(lambda: state(region) == "OK")

    # When
    region.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="drill")
    by_hand = state(region)
    region.until(lambda: state(region) == "OK", within=3)
    region.advance(1)

    # Then
    assert by_hand == "ALARM"
    details = [event.detail["state"] for event in region.events_of("CloudWatch Alarm State Change")]
    assert [each["value"] for each in details] == ["OK", "ALARM", "OK"]
    assert details[1]["reason"] == "drill"


def test_an_alarm_that_ignores_missing_data_keeps_a_state_set_by_hand(region):
    # Given
    alarm(region, TreatMissingData="ignore")

    # When
    region.cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="drill")
    region.advance(30)

    # Then
    assert state(region) == "ALARM"


def test_m_out_of_n_datapoints_are_needed(region):
    # Given
    alarm(region, EvaluationPeriods=3, DatapointsToAlarm=2, TreatMissingData="notBreaching")

    # When
    put(region, 50)
    region.advance(1.5)
    once = state(region)
    put(region, 50)
    region.advance(1.6)

    # Then
    assert (once, state(region)) == ("OK", "ALARM")


def test_an_alarm_on_metric_maths_rings_on_the_rate(region):
    # Given
    def query(name, metric):
        stat = {"Metric": {"Namespace": "Checkout", "MetricName": metric}, "Period": 60, "Stat": "Sum"}
        return {"Id": name, "MetricStat": stat, "ReturnData": False}

    region.cloudwatch.put_metric_alarm(
        AlarmName="errors",
        EvaluationPeriods=1,
        Threshold=5,
        ComparisonOperator="GreaterThanThreshold",
        TreatMissingData="notBreaching",
        Metrics=[
            query("errors", "Errors"),
            query("requests", "Requests"),
            {"Id": "rate", "Expression": "100 * FILL(errors, 0) / requests", "ReturnData": True},
        ],
    )

    # When
    put(region, 100, "Requests")
    region.advance(1.6)
    calm = state(region)
    put(region, 100, "Requests")
    put(region, 6)
    region.advance(1.6)

    # Then
    assert (calm, state(region)) == ("OK", "ALARM")


def test_percentiles_may_be_alarmed_on(region):
    # Given
    region.cloudwatch.put_metric_alarm(
        AlarmName="slow",
        Namespace="Checkout",
        MetricName="Latency",
        ExtendedStatistic="p99",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )

    # When
    data = {"MetricName": "Latency", "Values": [0.1, 2.0], "Counts": [90, 10]}
    region.cloudwatch.put_metric_data(Namespace="Checkout", MetricData=[data])

    # Then
    region.until(lambda: state(region, "slow") == "ALARM", within=3)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('ALARM("a")', "ALARM"),
        ("ALARM(a) AND ALARM(b)", "OK"),
        ('ALARM("a") AND NOT ALARM("b")', "ALARM"),
        ('(ALARM("b") OR INSUFFICIENT_DATA("c")) AND TRUE', "ALARM"),
        ("OK(arn:aws:cloudwatch:us-east-1:123456789012:alarm:b)", "ALARM"),
        ("nonsense(", None),
    ],
)
def test_a_composite_alarm_follows_its_rule(rule, expected):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html"""
    assert composite_state(rule, {"a": "ALARM", "b": "OK", "c": "INSUFFICIENT_DATA"}) == expected
