"""The events that ECS sends to EventBridge, in their documented shapes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from local.world.ecs.model import Deployment, Service
from local.world.ecs.task_model import Task
from local.world.ecs.task_shapes import task_shape
from local.world.world import World

SOURCE = "aws.ecs"


def event_time(moment: datetime) -> str:
    """A moment as ECS writes it in the detail of an event."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return event_time(value)
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value


def task_changed(world: World, place: tuple[str, str], task: Task) -> None:
    """Send "ECS Task State Change".

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html: the detail is the
    task as the API shows it, with ``updatedAt`` and a ``version`` that grows with every change.
    """
    detail = _plain(task_shape(task)) | {"updatedAt": event_time(world.today())}
    detail.pop("tags", None)
    attachments = detail.pop("attachments", [])
    detail["attachments"] = [each | {"type": "eni"} for each in attachments]
    world.emit(place, SOURCE, "ECS Task State Change", detail, [task.arn])


def deployment_changed(
    world: World, service: Service, deployment: Deployment, name: str, reason: str
) -> None:
    """Send "ECS Deployment State Change".

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html: the
    service is named in ``resources`` alone, the detail has neither clusterArn nor serviceArn.
    """
    detail = {
        "eventType": "ERROR" if name.endswith("_FAILED") else "INFO",
        "eventName": name,
        "deploymentId": deployment.id,
        "updatedAt": event_time(world.today()),
        "reason": reason,
    }
    world.emit(service.place, SOURCE, "ECS Deployment State Change", detail, [service.arn])


def service_action(world: World, service: Service, kind: str, name: str, **more: object) -> None:
    """Send "ECS Service Action".

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
    """
    detail = {
        "eventType": kind,
        "eventName": name,
        "clusterArn": service.cluster_arn,
        "createdAt": event_time(world.today()),
        **more,
    }
    world.emit(service.place, SOURCE, "ECS Service Action", detail, [service.arn])
