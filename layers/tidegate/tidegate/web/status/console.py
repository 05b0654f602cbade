"""Addresses in the AWS console. Nothing is asked of it before a person follows one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

_CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}


@dataclass(frozen=True, slots=True)
class Link:
    """A link and what it shows."""

    text: str
    address: str


def links(stack: str, region: str, execution: str | None) -> tuple[Link, ...]:
    """The execution, the logs of all functions, and the dashboard of the stack."""
    home = f"https://{region}.{_CONSOLES.get(partition(region), 'console.aws.amazon.com')}"
    watch = f"{home}/cloudwatch/home?region={region}"
    # The console writes `?` and `=` within its fragment as `$3F` and `$3D`.
    logs = f"{watch}#logsV2:log-groups$3FlogGroupNameFilter$3D{quote(f'/aws/lambda/{stack}-', safe='')}"
    found = [
        Link("Logs of the functions", logs),
        Link("Dashboard", f"{watch}#dashboards/dashboard/{quote(stack, safe='')}"),
    ]
    address = execution_address(execution)
    return (Link("Execution in Step Functions", address), *found) if address else tuple(found)


def execution_address(execution: str | None) -> str | None:
    """The address of an execution; None when it is the ARN of none."""
    parts = (execution or "").split(":")
    if len(parts) < 8 or parts[2] != "states" or parts[5] != "execution":
        return None
    region = parts[3]
    home = f"https://{region}.{_CONSOLES.get(partition(region), 'console.aws.amazon.com')}"
    return f"{home}/states/home?region={region}#/v2/executions/details/{quote(str(execution), safe=':')}"


def partition(region: str) -> str:
    """The partition of a region: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
