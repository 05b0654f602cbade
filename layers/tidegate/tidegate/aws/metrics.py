"""Metrics of Amazon CloudWatch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.errors import Answer, aws_pages
from tidegate.domain.metrics import MetricQuery
from tidegate.domain.service import Target
from tidegate.errors import Terminal, Transient
from tidegate.ports import Metrics

_QUERIES = 500
"""Queries that GetMetricData takes at once; it gives 100,800 datapoints a page.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""


class CloudWatchMetrics(Metrics):
    """Reads datapoints until CloudWatch says that they are all: half an answer is none."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def read(
        self, target: Target, queries: Sequence[MetricQuery], *, since: datetime, until: datetime
    ) -> dict[str, dict[datetime, float]]:
        cloudwatch = self._clients.at("cloudwatch", target)
        read: dict[str, dict[datetime, float]] = {}
        for start in range(0, len(queries), _QUERIES):
            read |= _read(cloudwatch, queries[start : start + _QUERIES], since, until)
        return read


def _read(
    cloudwatch: Any, queries: Sequence[MetricQuery], since: datetime, until: datetime
) -> dict[str, dict[datetime, float]]:
    points: dict[str, dict[datetime, float]] = {query.id: {} for query in queries}
    statuses = dict.fromkeys(points, "missing")
    pages = aws_pages(
        cloudwatch,
        "get_metric_data",
        MetricDataQueries=[_query(query) for query in queries],
        StartTime=since,
        EndTime=until,
        ScanBy="TimestampAscending",
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            # PartialData with more pages to come is an intermediate state; the last page has the last word.
            statuses[result["Id"]] = _status(result)
            points[result["Id"]] |= _points(result, since, until)
    _check(statuses)
    return {name: dict(sorted(found.items())) for name, found in points.items()}


def _query(query: MetricQuery) -> dict[str, Any]:
    dimensions = [{"Name": name, "Value": value} for name, value in sorted(query.dimensions.items())]
    metric = {"Namespace": query.namespace, "MetricName": query.metric, "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": query.period_seconds, "Stat": query.statistic}
    return {"Id": query.id, "MetricStat": stat, "ReturnData": True}


def _points(result: Answer, since: datetime, until: datetime) -> dict[datetime, float]:
    """Only what was asked for: CloudWatch rounds the beginning down, to a whole minute or further."""
    pairs = zip(result.get("Timestamps", []), result.get("Values", []), strict=True)
    return {at.astimezone(UTC): float(value) for at, value in pairs if since <= at < until}


def _status(result: Answer) -> str:
    texts = [f"{each.get('Code')}: {each.get('Value')}" for each in result.get("Messages", [])]
    return " ".join([result.get("StatusCode", "Complete"), *texts])


def _check(statuses: dict[str, str]) -> None:
    incomplete = {name: status for name, status in statuses.items() if not status.startswith("Complete")}
    if not incomplete:
        return
    sentence = "; ".join(f"{name} is {status}" for name, status in sorted(incomplete.items()))
    forbidden = any(status.startswith("Forbidden") for status in incomplete.values())
    kind = Terminal if forbidden else Transient
    raise kind(f"CloudWatch did not give all datapoints: {sentence} (cloudwatch:GetMetricData)")
