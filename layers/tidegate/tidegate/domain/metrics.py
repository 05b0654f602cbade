"""What is asked of CloudWatch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MetricQuery:
    """One metric with one statistic.

    Attributes:
        id: Names the answer: a lower-case letter, then letters, digits and underscores.
        statistic: `Sum`, or an extended one such as `TC(0.8:)`, the number of values above 0.8.
        period_seconds: 1, 5, 10, 20, 30 or a multiple of 60.
    """

    id: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    period_seconds: int
