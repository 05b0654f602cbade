"""Metrics in a function's log.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from typing import Any

from local.runtime import embedded_metrics

LINE: dict[str, Any] = {
    "_aws": {
        "Timestamp": 1_790_000_000_000,
        "CloudWatchMetrics": [
            {
                "Namespace": "Tidegate",
                "Dimensions": [["service"], ["service", "kind"]],
                "Metrics": [{"Name": "Ignored", "Unit": "Count"}, {"Name": "Absent"}],
            }
        ],
    },
    "service": "checkout",
    "kind": "untagged",
    "Ignored": [1, 2],
}


def test_every_set_of_dimensions_is_a_series_of_its_own():
    # Given a log with one line of metrics among others
    text = f"START\n{json.dumps(LINE)}\nnothing\n{{not json {embedded_metrics.MARK}\nEND"

    # When
    ((namespace, data),) = embedded_metrics.in_text(text)

    # Then
    assert namespace == "Tidegate"
    assert [[dimension["Value"] for dimension in one["Dimensions"]] for one in data] == [
        ["checkout"],
        ["checkout", "untagged"],
    ]
    assert {one["MetricName"] for one in data} == {"Ignored"}
    assert data[0]["Values"] == [1.0, 2.0]
    assert data[0]["Unit"] == "Count"
    assert data[0]["Timestamp"].timestamp() == 1_790_000_000


def test_a_line_without_values_says_nothing():
    line = {**LINE}
    del line["Ignored"]
    assert list(embedded_metrics.in_text(json.dumps(line))) == []
