"""What `ports.Metrics` promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.adapters.scripted import Scripted
from tests.adapters.values import HOME, NOON, at
from tests.local.world.support import Region
from tests.support.fakes import FakeMetrics
from tidegate.aws.clients import Clients
from tidegate.aws.metrics import CloudWatchMetrics
from tidegate.domain.metrics import MetricQuery
from tidegate.errors import Terminal, Transient
from tidegate.ports import Metrics

SIDE = {"Side": "canary"}
REQUESTS = MetricQuery("requests", "Shop", "Requests", SIDE, "Sum", 60)
SLOW = MetricQuery("slow", "Shop", "Latency", SIDE, "TC(0.8:)", 60)
NOTHING = MetricQuery("nothing", "Shop", "Errors", SIDE, "Sum", 60)
LATENCIES = [0.1, 0.8, 0.9, 2.0]


@pytest.fixture
def metrics(kind: str, request: pytest.FixtureRequest) -> Any:
    """A port that knows three minutes of requests and their latencies, the last one at half past."""
    if kind == "fake":
        fake = FakeMetrics()
        for minute in (0, 1, 30):
            fake.record(REQUESTS, at(60 * minute), 4.0 + minute)
            fake.record(SLOW, at(60 * minute), 2.0)
        yield fake
        return
    clients: Clients = request.getfixturevalue("untouched")
    # A world in which a minute is a minute.
    with Region.kind(time_scale=1.0):
        cloudwatch = clients.at("cloudwatch", HOME)
        for minute in (0, 1, 30):
            _put(cloudwatch, "Requests", at(60 * minute), [1.0, 3.0 + minute])
            _put(cloudwatch, "Latency", at(60 * minute + 59), LATENCIES)
        yield CloudWatchMetrics(clients)


def _put(cloudwatch: Any, name: str, when: datetime, values: list[float]) -> None:
    dimensions = [{"Name": "Side", "Value": "canary"}]
    data = {"MetricName": name, "Dimensions": dimensions, "Timestamp": when, "Values": values}
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[data])


def test_each_query_has_its_datapoints_in_order_of_time(metrics: Metrics):
    # When
    read = metrics.read(HOME, [SLOW, REQUESTS, NOTHING], since=NOON, until=at(3600))

    # Then a period without data has no datapoint, and that is not the same as 0
    assert read == {
        "requests": {NOON: 4.0, at(60): 5.0, at(1800): 34.0},
        "slow": {NOON: 2.0, at(60): 2.0, at(1800): 2.0},
        "nothing": {},
    }
    assert list(read["requests"]) == sorted(read["requests"])
    assert all(time.tzinfo is UTC for time in read["requests"])


def test_the_beginning_is_included_and_the_end_is_not(metrics: Metrics):
    assert set(metrics.read(HOME, [REQUESTS], since=at(60), until=at(1800))["requests"]) == {at(60)}
    # CloudWatch itself would round the beginning down to the whole minute.
    assert set(metrics.read(HOME, [REQUESTS], since=at(61), until=at(1801))["requests"]) == {at(1800)}


def test_nothing_is_asked_where_there_is_no_question(metrics: Metrics):
    assert metrics.read(HOME, [], since=NOON, until=at(60)) == {}


# --- the adapter alone --------------------------------------------------------------------------------------


def result(name: str, points: dict[datetime, float], status: str = "Complete", **more: Any) -> dict[str, Any]:
    values = {"Timestamps": list(points), "Values": list(points.values())}
    return {"Id": name, "Label": name, "StatusCode": status, **values, **more}


def read(clients: Clients, *queries: MetricQuery) -> dict[str, dict[datetime, float]]:
    return CloudWatchMetrics(clients).read(HOME, queries, since=NOON, until=at(3600))


def test_pages_are_put_together(clients: Clients):
    # Given an answer of which the first page does not finish one series
    script = Scripted(clients.at("cloudwatch", HOME))
    first = [result("requests", {NOON: 1.0}, "PartialData"), result("slow", {NOON: 0.0})]
    script.answer(
        "GetMetricData",
        {"MetricDataResults": first, "NextToken": "more"},
        {"MetricDataResults": [result("requests", {at(60): 2.0})]},
    )

    # Then
    assert read(clients, REQUESTS, SLOW) == {"requests": {NOON: 1.0, at(60): 2.0}, "slow": {NOON: 0.0}}
    asked = script.requests["GetMetricData"]
    assert [request.get("NextToken") for request in asked] == [None, "more"]
    assert asked[0]["ScanBy"] == "TimestampAscending"


@pytest.mark.parametrize("status", ["PartialData", "InternalError"])
def test_half_an_answer_is_none(clients: Clients, status: str):
    # Given
    message = [{"Code": "Internal", "Value": "try later"}]
    answer = [result("requests", {NOON: 1.0}, status, Messages=message)]
    Scripted(clients.at("cloudwatch", HOME)).answer("GetMetricData", {"MetricDataResults": answer})

    # Then what is there is not taken for everything
    with pytest.raises(Transient, match=f"requests is {status} Internal: try later"):
        read(clients, REQUESTS)


def test_a_series_that_is_missing_from_the_answer_is_not_taken_for_empty(clients: Clients):
    Scripted(clients.at("cloudwatch", HOME)).answer("GetMetricData", {"MetricDataResults": []})

    with pytest.raises(Transient, match="requests is missing"):
        read(clients, REQUESTS)


def test_a_series_that_may_not_be_read_stays_so(clients: Clients):
    answer = [result("requests", {}, "Forbidden"), result("slow", {}, "InternalError")]
    Scripted(clients.at("cloudwatch", HOME)).answer("GetMetricData", {"MetricDataResults": answer})

    with pytest.raises(Terminal, match="requests is Forbidden"):
        read(clients, REQUESTS, SLOW)


def test_more_than_five_hundred_queries_are_asked_in_several_calls(clients: Clients):
    # Given
    queries = [MetricQuery(f"q{n}", "Shop", "Requests", {"Task": str(n)}, "Sum", 60) for n in range(501)]
    script = Scripted(clients.at("cloudwatch", HOME))
    pages = [[result(f"q{n}", {NOON: float(n)}) for n in part] for part in (range(500), range(500, 501))]
    script.answer("GetMetricData", *({"MetricDataResults": page} for page in pages))

    # When
    found = read(clients, *queries)

    # Then
    assert [len(request["MetricDataQueries"]) for request in script.requests["GetMetricData"]] == [500, 1]
    assert found["q500"] == {NOON: 500.0}
    assert script.requests["GetMetricData"][1]["MetricDataQueries"] == [
        {
            "Id": "q500",
            "ReturnData": True,
            "MetricStat": {
                "Metric": {
                    "Namespace": "Shop",
                    "MetricName": "Requests",
                    "Dimensions": [{"Name": "Task", "Value": "500"}],
                },
                "Period": 60,
                "Stat": "Sum",
            },
        }
    ]


def test_times_of_another_zone_are_the_same_times(clients: Clients):
    # Given
    elsewhere = NOON.astimezone(tz=datetime.now().astimezone().tzinfo) + timedelta(0)
    answer = {"MetricDataResults": [result("requests", {elsewhere: 3.0})]}
    Scripted(clients.at("cloudwatch", HOME)).answer("GetMetricData", answer)

    # Then
    (time,) = read(clients, REQUESTS)["requests"]
    assert (time, time.tzinfo) == (NOON, UTC)
