"""Metrics that a function writes into its log, as CloudWatch extracts them.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

MARK = '"CloudWatchMetrics"'


def in_text(text: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The metrics in a log, by namespace, each as PutMetricData takes it."""
    for line in text.splitlines():
        if MARK in line and line.startswith("{"):
            try:
                document = json.loads(line)
            except ValueError:
                continue
            yield from _in_document(document)


def _in_document(document: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    header = document.get("_aws") or {}
    at = datetime.fromtimestamp(float(header.get("Timestamp") or 0) / 1000, UTC)
    for directive in header.get("CloudWatchMetrics") or []:
        data = [
            _datum(document, metric, names, at)
            for names in directive.get("Dimensions") or [[]]
            for metric in directive.get("Metrics") or []
            if metric["Name"] in document and all(name in document for name in names)
        ]
        if data:
            yield directive["Namespace"], data


def _datum(
    document: dict[str, Any], metric: dict[str, Any], names: list[str], at: datetime
) -> dict[str, Any]:
    value = document[metric["Name"]]
    return {
        "MetricName": metric["Name"],
        "Dimensions": [{"Name": name, "Value": str(document[name])} for name in names],
        "Timestamp": at,
        "Values": [float(one) for one in (value if isinstance(value, list) else [value])],
        "Unit": metric.get("Unit", "None"),
    }


def store(account: str, region: str, namespace: str, data: list[dict[str, Any]]) -> None:
    """Put metrics where the local cloud keeps them; without a simulated world nobody reads them."""
    from local.world import present
    from local.world.binding import Call

    try:
        installation = present()
    except RuntimeError:
        return
    with installation.world.lock:
        installation.metrics.put(Call(account, region, {"Namespace": namespace, "MetricData": data}))
