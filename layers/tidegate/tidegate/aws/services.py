"""Services of Amazon ECS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tidegate.aws import canary_services
from tidegate.aws.clients import Clients
from tidegate.aws.deploying import blue_green, configuration
from tidegate.aws.described import GONE, described_service
from tidegate.aws.ecs_answers import read_service, read_service_deployment, read_task
from tidegate.aws.errors import Answer, aws_call, aws_call_unless
from tidegate.aws.task_definitions import EcsTaskDefinitions
from tidegate.domain.service import Target
from tidegate.domain.strategy import BlueGreenSettings, Native
from tidegate.domain.workload import DeploymentHook, ServiceDeployment, ServiceState, TaskState
from tidegate.errors import Transient
from tidegate.ports import Services

_DEPLOYMENTS = 20
"""As many as DescribeServiceDeployments and DescribeServiceRevisions take at once.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html
"""
_CANNOT_CHANGE = (
    *("ClientException", "ConflictException", "InvalidParameterException"),
    "ServiceDeploymentNotFoundException",
)
"""What ECS may answer for a deployment that has ended, or a hook that was answered; no page says which.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContinueServiceDeployment.html
"""
_TASKS = 100
"""As many as DescribeTasks takes at once."""
_STOPPED_TASKS = 100
"""Of the tasks that stopped within the last hour so many are enough to say why."""


class EcsServices(Services):
    """Reads and updates services; only of a canary's service does it set how many tasks it wants."""

    def __init__(self, clients: Clients, task_definitions: EcsTaskDefinitions) -> None:
        self._clients = clients
        self._task_definitions = task_definitions

    def describe(self, target: Target, cluster: str, service: str) -> ServiceState | None:
        found = described_service(self._clients.at("ecs", target), cluster, service)
        return read_service(found) if found else None

    def deploy(
        self,
        target: Target,
        cluster: str,
        service: str,
        task_definition: str,
        settings: Native,
        *,
        roll_back: bool = True,
        pause: bool = True,
    ) -> None:
        # UpdateService takes no client token, and needs none: without forceNewDeployment a service that has
        # this task definition already starts no second deployment.
        ecs = self._clients.at("ecs", target)
        if isinstance(settings, BlueGreenSettings):
            found = described_service(ecs, cluster, service)
            told = blue_green(found, settings, roll_back=roll_back, pause=pause)
        else:
            told = {"deploymentConfiguration": configuration(settings, roll_back=roll_back)}
        aws_call(ecs.update_service, cluster=cluster, service=service, taskDefinition=task_definition, **told)

    def deployments(self, target: Target, cluster: str, service: str) -> tuple[ServiceDeployment, ...]:
        ecs = self._clients.at("ecs", target)
        listed = aws_call_unless(
            GONE, ecs.list_service_deployments, cluster=cluster, service=service, maxResults=_DEPLOYMENTS
        )
        arns = [each["serviceDeploymentArn"] for each in (listed or {}).get("serviceDeployments", [])]
        if not arns:
            return ()
        answer = aws_call(ecs.describe_service_deployments, serviceDeploymentArns=arns[:_DEPLOYMENTS])
        described: list[Answer] = answer["serviceDeployments"]
        revisions = _revisions(ecs, described)
        read = (read_service_deployment(each, revisions) for each in described)
        return tuple(sorted(read, key=lambda deployment: deployment.created_at, reverse=True))

    def stop(self, target: Target, deployment: str) -> bool:
        ecs = self._clients.at("ecs", target)
        stop = ecs.stop_service_deployment
        if (
            aws_call_unless(_CANNOT_CHANGE, stop, serviceDeploymentArn=deployment, stopType="ROLLBACK")
            is not None
        ):
            return True
        for each in self._described(ecs, deployment):
            if each.in_flight:
                raise Transient(
                    f"{deployment} is {each.status} and cannot be stopped now (ecs:StopServiceDeployment)"
                )
        return False

    def create_canary(
        self,
        target: Target,
        cluster: str,
        stable: str,
        canary: str,
        task_definition: str,
        target_groups: Mapping[str, str],
    ) -> None:
        ecs = self._clients.at("ecs", target)
        canary_services.create(ecs, cluster, stable, canary, task_definition, target_groups)

    def resize(
        self,
        target: Target,
        cluster: str,
        service: str,
        desired: int,
        *,
        task_definition: str | None = None,
    ) -> None:
        canary_services.resize(self._clients.at("ecs", target), cluster, service, desired, task_definition)

    def continue_deployment(self, target: Target, deployment: str, hook: str, *, go_on: bool) -> bool:
        ecs = self._clients.at("ecs", target)
        proceed, action = ecs.continue_service_deployment, "CONTINUE" if go_on else "ROLLBACK"
        asked = {"serviceDeploymentArn": deployment, "hookId": hook, "action": action}
        if aws_call_unless(_CANNOT_CHANGE, proceed, **asked) is not None:
            return True
        if any(each.id == hook and each.waits for each in self._hooks(ecs, deployment)):
            raise Transient(f"Hook {hook} awaits an action and took none (ecs:ContinueServiceDeployment)")
        return False

    def tasks(
        self, target: Target, cluster: str, service: str, *, stopped: bool = False
    ) -> tuple[TaskState, ...]:
        ecs = self._clients.at("ecs", target)
        arns = _task_arns(ecs, cluster, service, stopped=stopped)
        tasks: list[TaskState] = []
        for start in range(0, len(arns), _TASKS):
            batch = arns[start : start + _TASKS]
            described = aws_call_unless(GONE, ecs.describe_tasks, cluster=cluster, tasks=batch) or {}
            tasks += [self._read_task(target, task) for task in described.get("tasks", [])]
        return tuple(tasks)

    def _hooks(self, ecs: Any, deployment: str) -> list[DeploymentHook]:
        return [hook for each in self._described(ecs, deployment) for hook in each.hooks]

    def _described(self, ecs: Any, deployment: str) -> list[ServiceDeployment]:
        describe = ecs.describe_service_deployments
        answer = aws_call_unless((*GONE, *_CANNOT_CHANGE), describe, serviceDeploymentArns=[deployment])
        return [read_service_deployment(each, {}) for each in (answer or {}).get("serviceDeployments", [])]

    def _read_task(self, target: Target, task: Answer) -> TaskState:
        definition = self._task_definitions.described(target, task["taskDefinitionArn"])
        return read_task(task, definition)


def _revisions(ecs: Any, deployments: Sequence[Answer]) -> dict[str, Answer]:
    """The service revisions, by ARN, that are the targets of some service deployments."""
    revisions = sorted(
        {each["targetServiceRevision"]["arn"] for each in deployments if "targetServiceRevision" in each}
    )
    if not revisions:
        return {}
    answer = aws_call(ecs.describe_service_revisions, serviceRevisionArns=revisions)
    return {each["serviceRevisionArn"]: each for each in answer["serviceRevisions"]}


def _task_arns(ecs: Any, cluster: str, service: str, *, stopped: bool) -> list[str]:
    parameters: dict[str, Any] = {"cluster": cluster, "serviceName": service}
    parameters["desiredStatus"] = "STOPPED" if stopped else "RUNNING"
    arns: list[str] = []
    while page := aws_call_unless(GONE, ecs.list_tasks, **parameters):
        arns += page["taskArns"]
        if "nextToken" not in page or (stopped and len(arns) >= _STOPPED_TASKS):
            break
        parameters["nextToken"] = page["nextToken"]
    return arns
