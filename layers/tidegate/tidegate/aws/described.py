"""A service of Amazon ECS as DescribeServices gives it."""

from __future__ import annotations

from typing import Any

from tidegate.aws.errors import Answer, aws_call_unless

GONE = ("ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException")
"""What ECS answers where a service, or its cluster, is gone or inactive."""


def described_service(ecs: Any, cluster: str, service: str, *, tags: bool = False) -> Answer | None:
    """A service, with its tags if so asked; None when it, or its cluster, is gone or inactive."""
    more = {"include": ["TAGS"]} if tags else {}
    answer = aws_call_unless(GONE, ecs.describe_services, cluster=cluster, services=[service], **more)
    found: list[Answer] = answer["services"] if answer else []
    return next((each for each in found if each["status"] != "INACTIVE"), None)
