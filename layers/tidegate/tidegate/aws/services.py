"""Services of Amazon ECS."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tidegate.aws.clients import Clients
from tidegate.aws.ecs_answers import read_service, read_service_deployment, read_task
from tidegate.aws.errors import Answer, aws_call, aws_call_unless
from tidegate.aws.task_definitions import EcsTaskDefinitions
from tidegate.domain.service import Target
from tidegate.domain.strategy import RollingSettings
from tidegate.domain.workload import ServiceDeployment, ServiceState, TaskState
from tidegate.errors import Transient
from tidegate.ports import Services

GONE = ("ClusterNotFoundException", "ServiceNotFoundException", "ServiceNotActiveException")
_DEPLOYMENTS = 20
"""As many as DescribeServiceDeployments and DescribeServiceRevisions take at once.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServiceDeployments.html
"""
_CANNOT_STOP = (
    *("ClientException", "ConflictException", "InvalidParameterException"),
    "ServiceDeploymentNotFoundException",
)
"""What StopServiceDeployment may answer for a deployment that has ended; the page does not say which.

https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopServiceDeployment.html
"""
_TASKS = 100
"""As many as DescribeTasks takes at once."""
_STOPPED_TASKS = 100
"""Of the tasks that stopped within the last hour so many are enough to say why."""


class EcsServices(Services):
    """Reads and updates services that exist; it never makes one and never sets how many tasks it wants."""

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
        settings: RollingSettings,
        *,
        roll_back: bool = True,
    ) -> None:
        # UpdateService takes no client token, and needs none: without forceNewDeployment a service that has
        # this task definition already starts no second deployment.
        aws_call(
            self._clients.at("ecs", target).update_service,
            cluster=cluster,
            service=service,
            taskDefinition=task_definition,
            deploymentConfiguration=_configuration(settings, roll_back=roll_back),
        )

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
        definitions = _task_definitions(ecs, described)
        read = (read_service_deployment(each, definitions) for each in described)
        return tuple(sorted(read, key=lambda deployment: deployment.created_at, reverse=True))

    def stop(self, target: Target, deployment: str) -> bool:
        ecs = self._clients.at("ecs", target)
        stop = ecs.stop_service_deployment
        if (
            aws_call_unless(_CANNOT_STOP, stop, serviceDeploymentArn=deployment, stopType="ROLLBACK")
            is not None
        ):
            return True
        describe = ecs.describe_service_deployments
        answer = aws_call_unless((*GONE, *_CANNOT_STOP), describe, serviceDeploymentArns=[deployment])
        for each in (answer or {}).get("serviceDeployments", []):
            if read_service_deployment(each, {}).in_flight:
                raise Transient(
                    f"{deployment} is {each['status']} and cannot be stopped now (ecs:StopServiceDeployment)"
                )
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

    def _read_task(self, target: Target, task: Answer) -> TaskState:
        definition = self._task_definitions.described(target, task["taskDefinitionArn"])
        return read_task(task, definition)


def described_service(ecs: Any, cluster: str, service: str) -> Answer | None:
    """A service as DescribeServices gives it; None when it, or its cluster, is gone or inactive."""
    answer = aws_call_unless(GONE, ecs.describe_services, cluster=cluster, services=[service])
    found: list[Answer] = answer["services"] if answer else []
    return next((each for each in found if each["status"] != "INACTIVE"), None)


def _configuration(settings: RollingSettings, *, roll_back: bool) -> dict[str, Any]:
    """The whole deployment configuration, so that nothing of an earlier one is left in force."""
    breaker, alarms = settings.circuit_breaker, settings.alarms.names
    return {
        "strategy": "ROLLING",
        "minimumHealthyPercent": settings.minimum_healthy_percent,
        "maximumPercent": settings.maximum_percent,
        "deploymentCircuitBreaker": {
            "enable": True,
            "rollback": roll_back,
            "resetOnHealthyTask": breaker.reset_on_healthy_task,
            "thresholdConfiguration": {"type": breaker.threshold.type, "value": breaker.threshold.value},
        },
        "alarms": {
            "alarmNames": list(alarms),
            "enable": bool(alarms),
            "rollback": bool(alarms) and roll_back,
        },
    }


def _task_definitions(ecs: Any, deployments: Sequence[Answer]) -> dict[str, str]:
    """Service revision to task definition, for the targets of some service deployments."""
    revisions = sorted(
        {each["targetServiceRevision"]["arn"] for each in deployments if "targetServiceRevision" in each}
    )
    if not revisions:
        return {}
    answer = aws_call(ecs.describe_service_revisions, serviceRevisionArns=revisions)
    return {each["serviceRevisionArn"]: each["taskDefinition"] for each in answer["serviceRevisions"]}


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
