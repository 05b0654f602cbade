"""The statistics of CloudWatch over a distribution of values.

Definitions: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
"""

from __future__ import annotations

import re

from local.world.metrics.store import Distribution

PERCENTILE = re.compile(r"p(?P<rank>\d{1,2}(?:\.\d+)?|100)")
RANGED = re.compile(r"(?P<kind>TM|TC|TS|WM|PR)\((?P<low>[^:]*):(?P<high>[^)]*)\)", re.IGNORECASE)
SHORT = re.compile(r"(?P<kind>tm|tc|ts|wm)(?P<high>\d{1,2}(?:\.\d+)?)", re.IGNORECASE)


class UnknownStatisticError(ValueError):
    """A statistic that CloudWatch does not have."""


def statistic(values: Distribution, name: str) -> float | None:
    """One statistic; None where the values do not give it.

    Raises:
        UnknownStatisticError: There is no such statistic.
    """
    simple = {
        "SampleCount": values.count,
        "Sum": values.total,
        "Average": values.total / values.count if values.count else None,
        "Minimum": values.least,
        "Maximum": values.most,
    }
    if name in simple:
        return simple[name]
    if match := PERCENTILE.fullmatch(name):
        return percentile(values, float(match["rank"]))
    if name == "IQM":
        return _ranged(values, "TM", "25%", "75%")
    if match := RANGED.fullmatch(name):
        return _ranged(values, match["kind"].upper(), match["low"], match["high"])
    if match := SHORT.fullmatch(name):
        return _ranged(values, match["kind"].upper(), "", f"{match['high']}%")
    raise UnknownStatisticError(f"The value {name} for parameter Stat is not supported.")


def percentile(values: Distribution, rank: float) -> float | None:
    """The value at or below which so many percent of the values lie; None where only sums are known."""
    total = sum(values.values.values())
    if not total:
        return values.least if values.least == values.most else None
    needed, seen = total * rank / 100, 0.0
    ordered = sorted(values.values.items())
    for value, count in ordered:
        seen += count
        if seen >= needed:
            return value
    return ordered[-1][0]


def _bounds(values: Distribution, low: str, high: str) -> tuple[float, float]:
    """Bounds as values; the lower one excludes, the upper one includes, as the definitions have it."""

    def bound(text: str, default: float) -> float:
        text = text.strip()
        if not text:
            return default
        if not text.endswith("%"):
            return float(text)
        rank = float(text[:-1])
        found = percentile(values, rank) if 0 < rank < 100 else None
        return default if found is None else found

    return bound(low, float("-inf")), bound(high, float("inf"))


def _ranged(values: Distribution, kind: str, low: str, high: str) -> float | None:
    least, most = _bounds(values, low, high)
    total = sum(values.values.values())
    if not total:
        return None
    inside = {value: count for value, count in values.values.items() if least < value <= most}
    count = float(sum(inside.values()))
    if kind == "TC":
        return count
    if kind == "PR":
        return 100 * count / total
    summed = sum(value * number for value, number in inside.items())
    if kind == "TS":
        return summed
    if kind == "WM":
        clipped = sum(min(max(value, least), most) * number for value, number in values.values.items())
        return clipped / total
    return summed / count if count else None
