"""One-off tasks on Amazon ECS."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.described import GONE, described_service
from tidegate.aws.ecs_answers import read_one_off
from tidegate.aws.errors import Answer, aws_call, aws_call_unless
from tidegate.aws.task_definitions import EcsTaskDefinitions
from tidegate.domain.service import Target
from tidegate.domain.workload import OneOffTask
from tidegate.errors import Terminal, Transient
from tidegate.ports import Tasks

_STARTED_BY = "tidegate"
_NO_CAPACITY = ("RESOURCE:", "Capacity is unavailable", "AGENT")
"""How the reason of a RunTask failure begins when there may be room, or an agent, a moment later.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
"""
_COPIED = ("networkConfiguration", "platformVersion")
_REASON = 255


class EcsTasks(Tasks):
    """Runs tasks where the service runs: with its network, its launch type or its capacity providers."""

    def __init__(self, clients: Clients, task_definitions: EcsTaskDefinitions) -> None:
        self._clients = clients
        self._task_definitions = task_definitions

    def run(
        self,
        target: Target,
        cluster: str,
        service: str,
        task_definition: str,
        container: str,
        command: Sequence[str],
        *,
        key: str,
    ) -> str:
        ecs = self._clients.at("ecs", target)
        found = described_service(ecs, cluster, service)
        if found is None:
            raise Terminal(f"Cluster {cluster} has no service {service} whose network a task could use.")
        answer = aws_call(
            ecs.run_task,
            cluster=cluster,
            taskDefinition=task_definition,
            count=1,
            startedBy=_STARTED_BY,
            clientToken=hashlib.sha256(key.encode()).hexdigest(),
            overrides={"containerOverrides": [{"name": container, "command": list(command)}]},
            **_placement(found),
        )
        return _started(answer, service)

    def describe(self, target: Target, cluster: str, task: str) -> OneOffTask | None:
        describe = self._clients.at("ecs", target).describe_tasks
        answer = aws_call_unless(GONE, describe, cluster=cluster, tasks=[task])
        if not answer or not answer["tasks"]:
            return None
        found = answer["tasks"][0]
        return read_one_off(found, self._task_definitions.described(target, found["taskDefinitionArn"]))

    def stop(self, target: Target, cluster: str, task: str, reason: str) -> None:
        # A task that ECS has forgotten is an InvalidParameterException; a stopped one is stopped again.
        forgotten = (*GONE, "InvalidParameterException")
        stop = self._clients.at("ecs", target).stop_task
        aws_call_unless(forgotten, stop, cluster=cluster, task=task, reason=reason[:_REASON])


def _placement(service: Answer) -> dict[str, Any]:
    """What RunTask takes over from a service. A capacity provider strategy excludes a launch type."""
    parameters = {name: service[name] for name in _COPIED if service.get(name)}
    if service.get("capacityProviderStrategy"):
        return {**parameters, "capacityProviderStrategy": service["capacityProviderStrategy"]}
    return {**parameters, "launchType": service["launchType"]} if service.get("launchType") else parameters


def _started(answer: Answer, service: str) -> str:
    """The ARN of the task that RunTask started."""
    if answer.get("tasks"):
        arn: str = answer["tasks"][0]["taskArn"]
        return arn
    failures = answer.get("failures", [])
    reason = str(failures[0].get("reason", "no reason given")) if failures else "no reason given"
    detail = f": {failures[0]['detail']}" if failures and failures[0].get("detail") else ""
    kind = Transient if reason.startswith(_NO_CAPACITY) else Terminal
    raise kind(f"{reason}{detail}: no task was started for service {service} (ecs:RunTask)")
