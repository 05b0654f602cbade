"""What ECS keeps of tasks and their containers."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from local.world.images import ImageBehaviour, ImageBook

if TYPE_CHECKING:
    from local.world.ecs.model import Deployment, Service


def hex_id(chance: random.Random) -> str:
    """An identifier like those at the end of a task's ARN."""
    return f"{chance.getrandbits(128):032x}"


@dataclass
class Container:
    """One container of a task."""

    arn: str
    definition: dict[str, Any]
    image: str
    book: ImageBook
    digest: str | None = None
    last_status: str = "PENDING"
    health_status: str = "UNKNOWN"
    exit_code: int | None = None
    reason: str | None = None
    runtime_id: str | None = None
    log_stream: str | None = None

    @property
    def name(self) -> str:
        """The container's name in the task definition."""
        return str(self.definition["name"])

    @property
    def behaviour(self) -> ImageBehaviour:
        """How its image behaves at this moment."""
        return self.book.get(self.digest or "")

    @property
    def essential(self) -> bool:
        """Whether the task ends with this container."""
        return self.definition.get("essential", True) is not False


@dataclass(eq=False)
class Task:
    """One task: of a service, or run by itself."""

    arn: str
    cluster_arn: str
    task_definition: Any
    group: str
    created_at: datetime
    containers: list[Container]
    availability_zone: str
    subnet: str | None
    ip: str
    attachment_id: str
    launch_type: str = "FARGATE"
    started_by: str | None = None
    overrides: dict[str, Any] = field(default_factory=dict)
    tags: list[dict[str, str]] = field(default_factory=list)
    service: Service | None = None
    deployment: Deployment | None = None
    last_status: str = "PROVISIONING"
    desired_status: str = "RUNNING"
    health_status: str = "UNKNOWN"
    stop_code: str | None = None
    stopped_reason: str | None = None
    execute_command: bool = False
    connectivity_at: datetime | None = None
    pull_started_at: datetime | None = None
    pull_stopped_at: datetime | None = None
    started_at: datetime | None = None
    stopping_at: datetime | None = None
    execution_stopped_at: datetime | None = None
    stopped_at: datetime | None = None
    version: int = 1
    running_since: float | None = None
    was_healthy: bool = False
    failure_counted: bool = False
    unreachable: bool = False
    target_groups: list[str] = field(default_factory=list)

    @property
    def id(self) -> str:
        """The last part of the ARN."""
        return self.arn.rsplit("/", 1)[-1]

    @property
    def wanted(self) -> bool:
        """Whether the task is meant to run."""
        return self.desired_status == "RUNNING"

    @property
    def alive(self) -> bool:
        """Whether its essential containers run, so that it can answer."""
        return self.running_since is not None and self.execution_stopped_at is None and not self.unreachable

    @property
    def main_container(self) -> Container:
        """The first essential container: its image says how the task behaves."""
        return next((each for each in self.containers if each.essential), self.containers[0])
