"""The last lines of a log stream, from Amazon CloudWatch Logs."""

from __future__ import annotations

from tidegate.aws.clients import Clients
from tidegate.aws.errors import aws_call_unless
from tidegate.domain.service import Target
from tidegate.ports import Logs

_ABSENT = ("ResourceNotFoundException",)
_PAGES = 3
"""GetLogEvents may answer with an empty page although there are more.

https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
"""
_LINE = 1000


class CloudWatchLogs(Logs):
    """Lines are cut at 1,000 characters: they go into records and messages."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def tail(self, target: Target, group: str, stream: str, lines: int = 20) -> tuple[str, ...]:
        read = self._clients.at("logs", target).get_log_events
        parameters = {"logGroupName": group, "logStreamName": stream, "limit": lines, "startFromHead": False}
        for _ in range(_PAGES):
            answer = aws_call_unless(_ABSENT, read, **parameters)
            if answer is None:
                return ()
            if answer["events"]:
                return tuple(event["message"].rstrip()[:_LINE] for event in answer["events"])
            if answer.get("nextBackwardToken") == parameters.get("nextToken"):
                return ()
            parameters["nextToken"] = answer["nextBackwardToken"]
        return ()
