"""What `ports.Alarms` promises."""

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME
from tests.support.fakes import FakeAlarms
from tidegate.aws.alarms import CloudWatchAlarms
from tidegate.aws.clients import Clients
from tidegate.ports import Alarms

STATES = {"errors": "ALARM", "latency": "OK", "traffic": "INSUFFICIENT_DATA"}


@pytest.fixture
def alarms(kind: str, request: pytest.FixtureRequest) -> Alarms:
    """Three alarms, each in another state."""
    if kind == "fake":
        fake = FakeAlarms()
        fake.known = dict(STATES)
        return fake
    clients: Clients = request.getfixturevalue("clients")
    cloudwatch = clients.at("cloudwatch", HOME)
    for name, state in STATES.items():
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            Namespace="AWS/ApplicationELB",
            MetricName="HTTPCode_Target_5XX_Count",
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=1,
            Threshold=1,
            Period=60,
            Statistic="Sum",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="for a test")
    return CloudWatchAlarms(clients)


def test_every_alarm_that_exists_has_its_state(alarms: Alarms):
    assert alarms.states(HOME, ["errors", "latency", "missing"]) == {"errors": "ALARM", "latency": "OK"}
    assert alarms.states(HOME, ["traffic"]) == {"traffic": "INSUFFICIENT_DATA"}


def test_nothing_is_asked_when_there_are_no_alarms(alarms: Alarms):
    assert alarms.states(HOME, []) == {}


def test_all_kinds_of_alarms_are_read_a_hundred_at_a_time(clients: Clients):
    # Given more names than one call takes, and alarms of every kind on two pages
    scripted = Scripted(clients.at("cloudwatch", HOME))
    metric = [{"AlarmName": "metric", "StateValue": "OK"}]
    composite = [{"AlarmName": "composite", "StateValue": "ALARM"}]
    log = [{"AlarmName": "log", "StateValue": "OK"}]
    scripted.answer(
        "DescribeAlarms",
        {"MetricAlarms": metric, "NextToken": "next"},
        {"CompositeAlarms": composite},
        {"LogAlarms": log},
    )

    # When
    states = CloudWatchAlarms(clients).states(HOME, [f"alarm-{number}" for number in range(150)])

    # Then
    assert states == {"metric": "OK", "composite": "ALARM", "log": "OK"}
    asked = scripted.requests["DescribeAlarms"]
    assert [len(request["AlarmNames"]) for request in asked] == [100, 100, 50]
    assert asked[0]["AlarmTypes"] == ["MetricAlarm", "CompositeAlarm", "LogAlarm"]
