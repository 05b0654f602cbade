"""Metrics: statistics, periods, metric maths.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from local.world.metrics.expressions import ExpressionError, evaluate
from local.world.metrics.statistics import UnknownStatisticError, statistic
from local.world.metrics.store import Distribution


def distribution(*values: float) -> Distribution:
    made = Distribution()
    for value in values:
        made.add({value: 1.0})
    return made


HUNDRED = distribution(*range(1, 101))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Sum", 5050),
        ("SampleCount", 100),
        ("Average", 50.5),
        ("Minimum", 1),
        ("Maximum", 100),
        ("p50", 50),
        ("p99", 99),
        ("p99.9", 100),
        ("p100", 100),
        ("TC(:10)", 10),
        ("TC(90:)", 10),
        ("PR(:25)", 25),
        ("PR(10:20)", 10),
        ("TS(98:)", 199),
        ("TM(:2)", 1.5),
        ("tc90", 90),
    ],
)
def test_statistics_are_those_of_the_definitions(name, expected):
    assert statistic(HUNDRED, name) == pytest.approx(expected)


def test_a_statistic_that_does_not_exist_is_refused():
    with pytest.raises(UnknownStatisticError):
        statistic(HUNDRED, "p101")


def test_percentiles_need_the_values_not_only_their_sum():
    # Given
    summary = Distribution()
    summary.summarise(10, 55, 1, 10)

    # Then
    assert statistic(summary, "Average") == 5.5
    assert statistic(summary, "p50") is None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("e / r", {1.0: 0.5}),
        ("100 * FILL(e, 0) / r", {0.0: 0.0, 1.0: 50.0}),
        ("SUM([e, r])", {0.0: 4.0, 1.0: 6.0}),
        ("SUM(METRICS())", {0.0: 4.0, 1.0: 6.0}),
        ("IF(r > 3, 1, 0)", {0.0: 1.0, 1.0: 1.0}),
        ("IF(e > 1 && r > 1, e, 7)", {1.0: 2.0}),
        ("-e", {1.0: -2.0}),
        ("r / 0", {}),
        ("MAX(e)", {0.0: 2.0, 1.0: 2.0}),
    ],
)
def test_metric_maths(expression, expected):
    lines = {"e": {1.0: 2.0}, "r": {0.0: 4.0, 1.0: 4.0}}

    assert evaluate(expression, lines, [0.0, 1.0]) == expected


@pytest.mark.parametrize("expression", ["unknown", "__import__('os')", "e.x", "e +", "[e]"])
def test_what_is_no_metric_maths_is_refused(expression):
    with pytest.raises(ExpressionError):
        evaluate(expression, {"e": {1.0: 2.0}}, [1.0])


def put(region, *values, name="Latency", **more):
    data = {"MetricName": name, "Values": list(values), **more}
    region.cloudwatch.put_metric_data(Namespace="Checkout", MetricData=[data])


def get(region, stat="Sum", period=60, seconds=10, name="Latency", **more):
    end = datetime.fromtimestamp(region.clock.now(), tz=UTC)
    metric = {"Namespace": "Checkout", "MetricName": name, "Dimensions": more.pop("Dimensions", [])}
    answer = region.cloudwatch.get_metric_data(
        StartTime=end - timedelta(seconds=seconds),
        EndTime=end,
        MetricDataQueries=[{"Id": "q", "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}}],
        **more,
    )
    return answer["MetricDataResults"][0]


def test_a_metric_minute_lasts_sixty_seconds_divided_by_the_time_scale(region):
    """Timestamps stay real: at the scale of 60 there is one datapoint of Period 60 for each second."""
    # Given
    for value in (1, 2, 3):
        put(region, value)
        region.advance(1)

    # When
    found = get(region, ScanBy="TimestampAscending")

    # Then
    assert found["Values"] == [1, 2, 3]
    stamps = [each.timestamp() for each in found["Timestamps"]]
    assert stamps == [stamps[0], stamps[0] + 1, stamps[0] + 2]


def test_longer_periods_gather_what_lies_in_them(region):
    # Given
    region.clock.advance(5 - region.clock.now() % 5)
    for value in range(5):
        put(region, value)
        region.advance(1)

    # Then
    assert get(region, period=300)["Values"] == [10]


def test_the_newest_datapoint_comes_first_unless_asked_otherwise(region):
    # Given
    for value in (1, 2):
        put(region, value)
        region.advance(1)

    # Then
    assert get(region)["Values"] == [2, 1]


def test_dimensions_must_be_the_very_same(region):
    # Given
    service = [{"Name": "Service", "Value": "checkout"}]
    put(region, 1, Dimensions=service)
    put(region, 2)
    region.advance(1)

    # Then
    assert get(region)["Values"] == [2]
    assert get(region, Dimensions=service)["Values"] == [1]
    listed = region.cloudwatch.list_metrics(Namespace="Checkout", Dimensions=[{"Name": "Service"}])["Metrics"]
    assert [each["Dimensions"] for each in listed] == [service]


def test_percentiles_come_from_values_and_counts(region):
    # Given
    put(region, 0.1, 2.0, Counts=[98, 2])
    region.advance(1)

    # Then
    assert get(region, stat="p50")["Values"] == [0.1]
    assert get(region, stat="p99")["Values"] == [2.0]
    assert get(region, stat="TC(1:)")["Values"] == [2.0]


def test_statistics_of_one_metric_come_together(region):
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html"""
    # Given
    put(region, 1, 3)
    region.advance(1)
    end = datetime.fromtimestamp(region.clock.now(), tz=UTC)

    # When
    found = region.cloudwatch.get_metric_statistics(
        Namespace="Checkout",
        MetricName="Latency",
        StartTime=end - timedelta(seconds=10),
        EndTime=end,
        Period=60,
        Statistics=["Sum", "Average"],
        ExtendedStatistics=["p90"],
    )["Datapoints"]

    # Then
    assert [(each["Sum"], each["Average"], each["ExtendedStatistics"]) for each in found] == [
        (4, 2, {"p90": 3})
    ]


def test_a_statistic_that_cloudwatch_does_not_know_is_refused(region):
    put(region, 1)
    region.advance(1)

    with pytest.raises(ClientError) as caught:
        get(region, stat="Median")
    assert caught.value.response["Error"]["Code"] == "ValidationError"


def test_many_datapoints_come_in_pages(region):
    # Given two series of four minutes each, between which lies one without data
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    for name in ("a", "c"):
        for minute in range(4):
            data = {"MetricName": name, "Timestamp": noon + timedelta(seconds=minute), "Value": minute}
            region.cloudwatch.put_metric_data(Namespace="Paged", MetricData=[data])
    queries = [
        {
            "Id": name,
            "MetricStat": {"Metric": {"Namespace": "Paged", "MetricName": name}, "Period": 60, "Stat": "Sum"},
        }
        for name in ("a", "b", "c")
    ]
    asked = {"MetricDataQueries": queries, "StartTime": noon, "EndTime": noon + timedelta(minutes=1)}

    # When three datapoints are wanted at a time
    pages, more = [], {}
    while not pages or more:
        answer = region.cloudwatch.get_metric_data(
            **asked, **more, MaxDatapoints=3, ScanBy="TimestampAscending"
        )
        pages.append(
            [(each["Id"], each["Values"], each["StatusCode"]) for each in answer["MetricDataResults"]]
        )
        more = {"NextToken": answer["NextToken"]} if "NextToken" in answer else {}

    # Then
    assert pages == [
        [("a", [0.0, 1.0, 2.0], "PartialData")],
        [("a", [3.0], "Complete"), ("b", [], "Complete"), ("c", [0.0, 1.0], "PartialData")],
        [("c", [2.0, 3.0], "Complete")],
    ]
    with pytest.raises(ClientError, match="InvalidNextToken"):
        region.cloudwatch.get_metric_data(**asked, NextToken="nonsense")
