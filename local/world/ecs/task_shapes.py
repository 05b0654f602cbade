"""Tasks and containers in the shape in which the ECS API shows them."""

from __future__ import annotations

from typing import Any

from local.world.ecs.shapes import present
from local.world.ecs.task_model import Container, Task

Shape = dict[str, Any]


def container_shape(task: Task, container: Container) -> Shape:
    """A container of a task."""
    definition = container.definition
    return present(
        {
            "containerArn": container.arn,
            "taskArn": task.arn,
            "name": container.name,
            "image": container.image,
            "imageDigest": container.digest,
            "runtimeId": container.runtime_id,
            "lastStatus": container.last_status,
            "exitCode": container.exit_code,
            "reason": container.reason,
            "networkBindings": [],
            "networkInterfaces": [{"attachmentId": task.attachment_id, "privateIpv4Address": task.ip}],
            "healthStatus": container.health_status,
            "cpu": str(definition.get("cpu") or 0),
            "memory": str(definition["memory"]) if definition.get("memory") else None,
            "memoryReservation": str(definition["memoryReservation"])
            if definition.get("memoryReservation")
            else None,
        }
    )


def task_shape(task: Task) -> Shape:
    """A task as DescribeTasks shows it, with its tags."""
    attached = "DELETED" if task.stopped_at else "ATTACHED"
    details = [
        {"name": "subnetId", "value": task.subnet or "subnet-0"},
        {"name": "networkInterfaceId", "value": f"eni-{task.id[:17]}"},
        {"name": "privateIPv4Address", "value": task.ip},
    ]
    attachment = {
        "id": task.attachment_id,
        "type": "ElasticNetworkInterface",
        "status": attached,
        "details": details,
    }
    moments = (
        ("connectivityAt", task.connectivity_at),
        ("createdAt", task.created_at),
        ("pullStartedAt", task.pull_started_at),
        ("pullStoppedAt", task.pull_stopped_at),
        ("startedAt", task.started_at),
        ("stoppingAt", task.stopping_at),
        ("executionStoppedAt", task.execution_stopped_at),
        ("stoppedAt", task.stopped_at),
    )
    return present(
        {
            "taskArn": task.arn,
            "clusterArn": task.cluster_arn,
            "taskDefinitionArn": task.task_definition.arn,
            "group": task.group,
            "startedBy": task.started_by,
            "launchType": task.launch_type,
            "platformFamily": "Linux",
            "platformVersion": "1.4.0" if task.launch_type == "FARGATE" else None,
            "availabilityZone": task.availability_zone,
            "attachments": [attachment],
            "attributes": [{"name": "ecs.cpu-architecture", "value": "x86_64"}],
            "connectivity": "CONNECTED" if task.connectivity_at else None,
            "containers": [container_shape(task, each) for each in task.containers],
            "cpu": task.task_definition.cpu,
            "memory": task.task_definition.memory,
            "desiredStatus": task.desired_status,
            "lastStatus": task.last_status,
            "healthStatus": task.health_status,
            "enableExecuteCommand": task.execute_command,
            "overrides": task.overrides or {"containerOverrides": [], "inferenceAcceleratorOverrides": []},
            "stopCode": task.stop_code,
            "stoppedReason": task.stopped_reason,
            "tags": task.tags,
            "version": task.version,
            **dict(moments),
        }
    )
