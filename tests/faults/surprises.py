"""Answers of AWS that are allowed and that nobody expects, as faults that rewrite an answer.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html (failures, no cluster),
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceDeployment.html (AWS may add statuses),
https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetHealth.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

NO_SERVICE = '{"services": [], "failures": [{"arn": "gone", "reason": "MISSING"}]}'
NO_CLUSTER = '{"__type": "ClusterNotFoundException", "message": "Cluster not found."}'
NO_TARGETS = "<TargetHealthDescriptions/>"
UNKNOWN = '"status": "RECONSIDERING"'

_SURPRISES: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("service gone", "ecs", "DescribeServices", {"rewrite": [r"^.*$", NO_SERVICE]}),
    ("cluster inactive", "ecs", "DescribeServices", {"rewrite": [r"^.*$", NO_CLUSTER], "status": 400}),
    (
        "unknown status",
        "ecs",
        "DescribeServiceDeployments",
        {"rewrite": [r'"status": ?"(PENDING|SUCCESSFUL|STOPPED|IN_PROGRESS)"', UNKNOWN]},
    ),
    (
        "no targets",
        "elbv2",
        "DescribeTargetHealth",
        {"rewrite": [r"<TargetHealthDescriptions>.*</TargetHealthDescriptions>", NO_TARGETS], "times": 3},
    ),
)


def of_calls(calls: Iterable[tuple[str, str]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and fault of every surprise that a function may meet in its calls."""
    made = set(calls)
    for name, service, action, fault in _SURPRISES:
        if (service, action) in made:
            yield name, {"kind": "surprise", "service": service, "action": action, **fault}
