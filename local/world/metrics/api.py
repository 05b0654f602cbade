"""PutMetricData, GetMetricData, GetMetricStatistics, ListMetrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from local.world.binding import Call
from local.world.metrics import expressions, pages
from local.world.metrics.errors import CloudWatchError
from local.world.metrics.queries import Queries
from local.world.metrics.statistics import UnknownStatisticError, statistic
from local.world.metrics.store import Datapoint, Distribution, MetricStore, Place, Series, dimensions_of
from local.world.world import World

Answer = dict[str, Any]


class MetricsApi:
    """The metric operations of the CloudWatch API."""

    def __init__(self, world: World, store: MetricStore, queries: Queries) -> None:
        self._world = world
        self._store = store
        self._queries = queries

    def put(self, call: Call) -> Answer:
        """PutMetricData."""
        for data in call.get("MetricData", []):
            where = dimensions_of(data.get("Dimensions") or [])
            series = (call.place, call.params["Namespace"], data["MetricName"], where)
            at = _seconds(data["Timestamp"]) if data.get("Timestamp") else self._world.now()
            point = Datapoint(at, self._world.now(), _values(data), str(data.get("Unit") or "None"))
            self._store.put(series, point)
        return {}

    def data(self, call: Call) -> Answer:
        """GetMetricData."""
        start, end = _seconds(call.params["StartTime"]), _seconds(call.params["EndTime"])
        if start >= end:
            raise CloudWatchError("ValidationError", "The parameter EndTime must be greater than StartTime.")
        queries = call.get("MetricDataQueries", [])
        if len(queries) > 500:
            raise CloudWatchError(
                "ValidationError", "The collection MetricDataQueries must not have a size greater than 500."
            )
        lines = self._lines(call.place, queries, start, end)
        newest_first = call.get("ScanBy", "TimestampDescending") == "TimestampDescending"
        results = []
        for query in queries:
            if query.get("ReturnData") is False:
                continue
            stamps = sorted(lines[query["Id"]], reverse=newest_first)
            results.append(
                {
                    "Id": query["Id"],
                    "Label": query.get("Label") or _label(query),
                    "Timestamps": [_moment(at) for at in stamps],
                    "Values": [lines[query["Id"]][at] for at in stamps],
                    "StatusCode": "Complete",
                }
            )
        return pages.page(call, results)

    def lines(
        self, place: Place, queries: Sequence[Mapping[str, Any]], start: float, end: float
    ) -> dict[str, expressions.Line]:
        """The time series of metric data queries by id, for alarms on metric maths."""
        return self._lines(place, queries, start, end)

    def statistics(self, call: Call) -> Answer:
        """GetMetricStatistics."""
        params = call.params
        start, end = _seconds(params["StartTime"]), _seconds(params["EndTime"])
        simple, extended = call.get("Statistics", []), call.get("ExtendedStatistics", [])
        if start >= end:
            raise CloudWatchError(
                "InvalidParameterValue",
                "The parameter StartTime must be less than the parameter EndTime.",
            )
        if not simple and not extended:
            raise CloudWatchError(
                "InvalidParameterCombination",
                "Must specify either Statistics or ExtendedStatistics",
            )
        where = dimensions_of(call.get("Dimensions", []))
        series: Series = (call.place, params["Namespace"], params["MetricName"], where)
        points = []
        for at, values in self._queries.distributions(series, float(params["Period"]), start, end).items():
            point: Answer = {"Timestamp": _moment(at), "Unit": self._store.unit(series)}
            point |= {name: _statistic(values, name) for name in simple}
            if extended:
                point["ExtendedStatistics"] = {name: _statistic(values, name) for name in extended}
            points.append(point)
        return {"Label": params["MetricName"], "Datapoints": points}

    def list_metrics(self, call: Call) -> Answer:
        """ListMetrics: every combination of dimensions that has data."""
        shown = []
        for _, namespace, name, where in self._store.known(call.place, self._world.now()):
            fits = call.get("Namespace", namespace) == namespace and call.get("MetricName", name) == name
            pairs = dict(where)
            for wanted in call.get("Dimensions", []):
                fits &= wanted["Name"] in pairs
                fits &= wanted.get("Value") in {None, pairs.get(wanted["Name"])}
            if fits:
                dimensions = [{"Name": key, "Value": value} for key, value in sorted(where)]
                shown.append({"Namespace": namespace, "MetricName": name, "Dimensions": dimensions})
        return {"Metrics": shown}

    def _lines(
        self, place: Place, queries: Sequence[Mapping[str, Any]], start: float, end: float
    ) -> dict[str, expressions.Line]:
        lines: dict[str, expressions.Line] = {}
        period = 60.0
        for query in queries:
            stat = query.get("MetricStat")
            if stat:
                metric = stat["Metric"]
                where = dimensions_of(metric.get("Dimensions") or [])
                series = (place, metric["Namespace"], metric["MetricName"], where)
                period = float(stat["Period"])
                lines[query["Id"]] = self._values(series, period, stat["Stat"], start, end)
        for query in queries:
            if query.get("Expression"):
                lines[query["Id"]] = self._expression(query, lines, period, start, end)
        return lines

    def _values(self, series: Series, period: float, stat: str, start: float, end: float) -> expressions.Line:
        try:
            return self._queries.values(series, period, stat, start, end)
        except UnknownStatisticError as error:
            raise CloudWatchError("ValidationError", str(error)) from error

    def _expression(
        self,
        query: Mapping[str, Any],
        lines: Mapping[str, expressions.Line],
        period: float,
        start: float,
        end: float,
    ) -> expressions.Line:
        length = self._queries.length(float(query.get("Period") or period))
        first = int(start / length + 1e-6)
        stamps = [round(number * length, 6) for number in range(first, int(end / length - 1e-6) + 1)]
        try:
            return expressions.evaluate(query["Expression"], lines, stamps)
        except expressions.ExpressionError as error:
            raise CloudWatchError("ValidationError", str(error)) from error


def _statistic(values: Distribution, name: str) -> float | None:
    try:
        return statistic(values, name)
    except UnknownStatisticError as error:
        raise CloudWatchError("InvalidParameterValue", str(error)) from error


def _label(query: Mapping[str, Any]) -> str:
    stat = query.get("MetricStat")
    return str(stat["Metric"]["MetricName"]) if stat else str(query["Id"])


def _seconds(moment: datetime | float) -> float:
    if isinstance(moment, datetime):
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return float(moment)


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, tz=UTC)


def _values(data: Mapping[str, Any]) -> Distribution:
    values = Distribution()
    if data.get("StatisticValues"):
        given = {name: float(value) for name, value in data["StatisticValues"].items()}
        values.summarise(given["SampleCount"], given["Sum"], given["Minimum"], given["Maximum"])
    elif data.get("Values"):
        counts = data.get("Counts") or [1.0] * len(data["Values"])
        values.add({float(value): float(count) for value, count in zip(data["Values"], counts, strict=True)})
    else:
        values.add({float(data.get("Value") or 0): 1.0})
    return values
