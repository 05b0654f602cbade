"""From datapoints to the state of an alarm: the rules alone."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
PHRASES = {
    "GreaterThanOrEqualToThreshold": "greater than or equal to",
    "GreaterThanThreshold": "greater than",
    "LessThanThreshold": "less than",
    "LessThanOrEqualToThreshold": "less than or equal to",
}
EXTRA_PERIODS = 2


def evaluate(
    values: Mapping[float, float],
    periods: Sequence[float],
    *,
    breaches: Callable[[float], bool],
    evaluation_periods: int,
    datapoints_to_alarm: int,
    missing: str,
) -> str | None:
    """The state that follows from the datapoints; None where the present state is to stay.

    Where enough of the retrieved datapoints exist, the most recent ones decide, older ones than the
    evaluation periods among them; the rest is filled as ``missing`` says.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html

    Args:
        values: Existing datapoints by the beginning of their period.
        periods: The beginnings of all retrieved periods, the oldest first.
        breaches: Whether a value breaches the threshold.
        evaluation_periods: The N of "M out of N".
        datapoints_to_alarm: The M of "M out of N".
        missing: ``missing``, ``ignore``, ``breaching`` or ``notBreaching``.
    """
    existing = [(index, breaches(values[at])) for index, at in enumerate(periods) if at in values]
    if not existing:
        return {
            "breaching": "ALARM",
            "notBreaching": "OK",
            "missing": "INSUFFICIENT_DATA",
        }.get(missing)
    recent = existing[-evaluation_periods:]
    filled = evaluation_periods - len(recent)
    breaching = sum(breached for _, breached in recent) + (filled if missing == "breaching" else 0)
    if breaching >= datapoints_to_alarm:
        return "ALARM"
    if filled and missing in {"missing", "ignore"} and all(breached for _, breached in recent):
        # Whatever is there breaches, but it is not enough. It alarms once the oldest is old enough.
        old_enough = len(periods) - recent[0][0] >= datapoints_to_alarm
        return "ALARM" if missing == "missing" and old_enough else None
    return "OK"


def reason(
    shown: Mapping[float, str],
    state: str,
    comparison: str,
    threshold: float,
    datapoints_to_alarm: int,
    before: str,
) -> str:
    """The sentence with which CloudWatch explains a state."""
    if state == "INSUFFICIENT_DATA":
        return "Insufficient Data: The alarm has no datapoints for the evaluation periods."
    if not shown:
        treated = "Breaching" if state == "ALARM" else "NonBreaching"
        return f"Threshold Crossed: no datapoints were received and missing ones were treated as [{treated}]."
    points = ", ".join(shown.values())
    verb = "was" if len(shown) == 1 else "were"
    negation = "" if state == "ALARM" else "not "
    number = f"{len(shown)} out of the last {len(shown)} datapoints [{points}]"
    return (
        f"Threshold Crossed: {number} {verb} {negation}{PHRASES.get(comparison, comparison)} the threshold "
        f"({threshold}) (minimum {datapoints_to_alarm} datapoint{'s' if datapoints_to_alarm > 1 else ''} for "
        f"{before} -> {state} transition)."
    )
