"""The states of alarms, from Amazon CloudWatch."""

from __future__ import annotations

from collections.abc import Sequence

from tidegate.aws.clients import Clients
from tidegate.aws.errors import aws_pages
from tidegate.domain.service import Target
from tidegate.ports import Alarms

_NAMES = 100
"""Names that DescribeAlarms takes at once."""
_KINDS = ("MetricAlarm", "CompositeAlarm", "LogAlarm")
"""DescribeAlarms answers with metric alarms alone unless it is asked for the others.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
"""


class CloudWatchAlarms(Alarms):
    """Metric alarms, composite alarms and alarms on logs."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def states(self, target: Target, names: Sequence[str]) -> dict[str, str]:
        cloudwatch = self._clients.at("cloudwatch", target)
        states: dict[str, str] = {}
        for start in range(0, len(names), _NAMES):
            batch = list(names[start : start + _NAMES])
            for page in aws_pages(cloudwatch, "describe_alarms", AlarmNames=batch, AlarmTypes=list(_KINDS)):
                alarms = [alarm for kind in _KINDS for alarm in page.get(f"{kind}s", [])]
                states |= {alarm["AlarmName"]: alarm["StateValue"] for alarm in alarms}
        return states
