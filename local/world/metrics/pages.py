"""The pages of GetMetricData.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html: a page has at most
MaxDatapoints datapoints; a series that goes on in the next page has the status PartialData.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.world.binding import Call
from local.world.metrics.errors import CloudWatchError

Answer = dict[str, Any]
MOST_DATAPOINTS = 100_800
_TOKEN = "datapoint-"  # noqa: S105 - the place where the next page begins


def page(call: Call, results: Sequence[Answer]) -> Answer:
    """The part of the results that a call asks for.

    Raises:
        CloudWatchError: InvalidNextToken.
    """
    most = int(call.get("MaxDatapoints", MOST_DATAPOINTS))
    start = _start(call.get("NextToken"))
    shown, passed = [], 0
    for result in results:
        number = len(result["Timestamps"])
        first, last = max(0, start - passed), min(number, start + most - passed)
        if first < last or (number == 0 and start <= passed < start + most):
            status = "Complete" if last == number else "PartialData"
            part = {name: result[name][first:last] for name in ("Timestamps", "Values")}
            shown.append({**result, **part, "StatusCode": status})
        passed += number
    answer: Answer = {"MetricDataResults": shown, "Messages": []}
    return {**answer, "NextToken": f"{_TOKEN}{start + most}"} if start + most < passed else answer


def _start(token: str | None) -> int:
    if token is None:
        return 0
    number = token.removeprefix(_TOKEN)
    if number == token or not number.isdigit():
        raise CloudWatchError("InvalidNextToken", "The next token specified is invalid.")
    return int(number)
