"""Task definitions of Amazon ECS."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.errors import Answer, aws_call, aws_call_unless
from tidegate.domain.service import Target
from tidegate.domain.task_definition import fingerprint
from tidegate.ports import TaskDefinitions

_REMEMBERED = 64


class EcsTaskDefinitions(TaskDefinitions):
    """A revision never changes once it is registered, so those that were read are remembered."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._read: dict[tuple[str, str], dict[str, Any]] = {}

    def register(self, target: Target, definition: Mapping[str, Any]) -> str:
        ecs = self._clients.at("ecs", target)
        # A family without an active revision, or one that never was, is a ClientException:
        # https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTaskDefinition.html
        newest = aws_call_unless(
            ("ClientException",), ecs.describe_task_definition, taskDefinition=definition["family"]
        )
        if newest and fingerprint(newest["taskDefinition"]) == fingerprint(definition):
            return _arn(newest)
        return _arn(aws_call(ecs.register_task_definition, **definition))

    def describe(self, target: Target, task_definition: str) -> dict[str, Any]:
        describe = self._clients.at("ecs", target).describe_task_definition
        answer = aws_call(describe, taskDefinition=task_definition, include=["TAGS"])
        return {**answer["taskDefinition"], "tags": answer.get("tags", [])}

    def described(self, target: Target, arn: str) -> dict[str, Any]:
        """A revision by its ARN, read once; empty when it has been deleted."""
        key = (target.region, arn)
        if key not in self._read:
            describe = self._clients.at("ecs", target).describe_task_definition
            answer = aws_call_unless(("ClientException",), describe, taskDefinition=arn)
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            self._read[key] = answer["taskDefinition"] if answer else {}
        return self._read[key]


def _arn(answer: Answer) -> str:
    arn: str = answer["taskDefinition"]["taskDefinitionArn"]
    return arn
