"""What Amazon ECS answers, read into the values of `domain.workload`.

Statuses are passed on as they come: ECS adds new ones, and reading must not fail on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegate.aws.errors import Answer
from tidegate.domain.workload import (
    ContainerState,
    DeploymentHook,
    EcsDeployment,
    OneOffTask,
    ServiceDeployment,
    ServiceState,
    TaskState,
)

_EVENTS = 10


def read_service(service: Answer) -> ServiceState:
    """A service of DescribeServices."""
    return ServiceState(
        arn=service["serviceArn"],
        name=service["serviceName"],
        cluster=service["clusterArn"].rpartition("/")[2],
        status=service["status"],
        task_definition=service.get("taskDefinition", ""),
        desired=service.get("desiredCount", 0),
        running=service.get("runningCount", 0),
        pending=service.get("pendingCount", 0),
        deployments=tuple(_read_deployment(each) for each in service.get("deployments", [])),
        target_groups=tuple(
            each["targetGroupArn"] for each in service.get("loadBalancers", []) if "targetGroupArn" in each
        ),
        events=tuple(each["message"] for each in service.get("events", [])[:_EVENTS]),
        controller=service.get("deploymentController", {}).get("type", "ECS"),
    )


def _read_deployment(deployment: Answer) -> EcsDeployment:
    return EcsDeployment(
        id=deployment["id"],
        status=deployment["status"],
        task_definition=deployment["taskDefinition"],
        desired=deployment.get("desiredCount", 0),
        running=deployment.get("runningCount", 0),
        pending=deployment.get("pendingCount", 0),
        failed=deployment.get("failedTasks", 0),
        rollout_state=deployment.get("rolloutState"),
        rollout_reason=deployment.get("rolloutStateReason"),
    )


def read_service_deployment(deployment: Answer, revisions: Mapping[str, Answer]) -> ServiceDeployment:
    """A service deployment of DescribeServiceDeployments; `revisions` are service revisions by their ARN."""
    revision = deployment.get("targetServiceRevision", {})
    target = revisions.get(revision.get("arn", ""), {})
    balancers = target.get("resolvedConfiguration", {}).get("loadBalancers", [])
    breaker = deployment.get("deploymentCircuitBreaker", {})
    return ServiceDeployment(
        arn=deployment["serviceDeploymentArn"],
        status=deployment["status"],
        status_reason=deployment.get("statusReason"),
        created_at=deployment["createdAt"],
        task_definition=target.get("taskDefinition"),
        requested=revision.get("requestedTaskCount", 0),
        running=revision.get("runningTaskCount", 0),
        pending=revision.get("pendingTaskCount", 0),
        failed=breaker.get("failureCount", 0),
        breaker=breaker.get("status"),
        alarms=tuple(deployment.get("alarms", {}).get("triggeredAlarmNames", [])),
        rollback_reason=deployment.get("rollback", {}).get("reason"),
        lifecycle_stage=deployment.get("lifecycleStage"),
        hooks=tuple(_read_hook(each, deployment) for each in deployment.get("lifecycleHookDetails", [])),
        production_weight=revision.get("requestedProductionTrafficWeight"),
        target_groups=tuple(each["targetGroupArn"] for each in balancers if "targetGroupArn" in each),
    )


def _read_hook(hook: Answer, deployment: Answer) -> DeploymentHook:
    status = hook.get("status", "")
    return DeploymentHook(
        id=hook.get("hookId", ""),
        status=status,
        kind=hook.get("targetType", "AWS_LAMBDA"),
        stage=deployment.get("lifecycleStage") if status in ("AWAITING_ACTION", "IN_PROGRESS") else None,
        expires_at=hook.get("expiresAt"),
    )


def read_task(task: Answer, definition: Mapping[str, Any]) -> TaskState:
    """A task of DescribeTasks; its task definition says where its containers log to."""
    return TaskState(
        arn=task["taskArn"],
        task_definition=task["taskDefinitionArn"],
        last_status=task["lastStatus"],
        desired_status=task.get("desiredStatus", ""),
        health=task.get("healthStatus", "UNKNOWN"),
        containers=tuple(_read_container(each) for each in task.get("containers", [])),
        stop_code=task.get("stopCode"),
        stopped_reason=task.get("stoppedReason"),
        stopped_at=task.get("stoppedAt"),
        created_at=task.get("createdAt"),
        started_by=task.get("startedBy"),
        log_streams=_log_streams(task, definition),
    )


def _read_container(container: Answer) -> ContainerState:
    return ContainerState(
        name=container["name"],
        image=container.get("image", ""),
        digest=container.get("imageDigest"),
        last_status=container.get("lastStatus", "UNKNOWN"),
        health=container.get("healthStatus", "UNKNOWN"),
        exit_code=container.get("exitCode"),
        reason=container.get("reason"),
    )


def read_one_off(task: Answer, definition: Mapping[str, Any]) -> OneOffTask:
    """A task that was run for one exit code: that of the container whose command was replaced."""
    stopped = task["lastStatus"] == "STOPPED"
    overrides = task.get("overrides", {}).get("containerOverrides", [])
    wanted = next((each["name"] for each in overrides if each.get("command")), None)
    containers = [each for each in task.get("containers", []) if wanted in (None, each["name"])]
    codes = [each.get("exitCode") for each in containers]
    reasons = [task.get("stoppedReason"), *(each.get("reason") for each in containers)]
    return OneOffTask(
        arn=task["taskArn"],
        stopped=stopped,
        exit_code=_worst(codes) if stopped else None,
        reason="; ".join(dict.fromkeys(reason for reason in reasons if reason)) or None,
        log_streams=_log_streams(task, definition),
    )


def _worst(codes: list[int | None]) -> int | None:
    """None when a container never ran to its end, else the code furthest from success."""
    return None if not codes or None in codes else max((code for code in codes if code is not None), key=abs)


def _log_streams(task: Answer, definition: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Log group and stream of each container that logs with awslogs.

    A stream is `prefix/container/task id`, and without a prefix, which only EC2 allows, the container's id:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
    """
    ids = {each["name"]: each.get("runtimeId") for each in task.get("containers", [])}
    task_id = task["taskArn"].rpartition("/")[2]
    streams = []
    for container in definition.get("containerDefinitions", []):
        logging = container.get("logConfiguration", {})
        options = logging.get("options", {})
        if logging.get("logDriver") != "awslogs" or "awslogs-group" not in options:
            continue
        prefix, name = options.get("awslogs-stream-prefix"), container["name"]
        stream = f"{prefix}/{name}/{task_id}" if prefix else ids.get(name)
        if stream:
            streams.append((options["awslogs-group"], stream))
    return tuple(streams)
