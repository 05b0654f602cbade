"""What ECS keeps of services: their deployments, revisions and lifecycle hooks."""

from __future__ import annotations

import random
import string
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local.world.ecs.task_model import Task

STEADY = "COMPLETED"


def deployment_number(chance: random.Random) -> str:
    """A number like those in ``ecs-svc/1234567890123456789`` and in service revisions."""
    return str(chance.randrange(10**18, 10**19))


def short_id(chance: random.Random) -> str:
    """An identifier like those at the end of a service deployment's ARN."""
    return "".join(chance.choices(string.ascii_letters + string.digits + "_-", k=21))


@dataclass(eq=False)
class Revision:
    """An immutable snapshot of what a service was told to run."""

    arn: str
    created_at: datetime
    task_definition_arn: str
    settings: dict[str, Any]
    container_images: list[dict[str, str]]
    targets: list[dict[str, Any]] = field(default_factory=list)


@dataclass(eq=False)
class Deployment:
    """One of the ``deployments`` of a service: a set of tasks of one revision."""

    id: str
    revision: Revision
    task_definition: Any
    created_at: datetime
    updated_at: datetime
    status: str = "PRIMARY"
    rollout_state: str = "IN_PROGRESS"
    rollout_state_reason: str = ""
    failed_tasks: int = 0
    failures_in_a_row: int = 0
    reached_running: bool = False
    baking_until: float | None = None
    throttled_until: float = 0.0
    impaired: bool = False
    service_deployment: ServiceDeployment | None = None


@dataclass
class BreakerState:
    """The circuit breaker of one service deployment."""

    status: str = "DISABLED"
    failure_count: int = 0
    threshold: int = 0


@dataclass
class AlarmWatch:
    """The alarms that ECS watches during one service deployment."""

    status: str = "DISABLED"
    names: list[str] = field(default_factory=list)
    triggered: list[str] = field(default_factory=list)


@dataclass(eq=False)
class HookRun:
    """One run of a lifecycle hook."""

    id: str
    specification: dict[str, Any]
    stage: str
    expires_at: datetime
    status: str
    details: dict[str, Any] = field(default_factory=dict)
    problem: str | None = None

    @property
    def kind(self) -> str:
        """PAUSE or AWS_LAMBDA."""
        return str(self.specification.get("targetType") or "AWS_LAMBDA")

    @property
    def timeout_action(self) -> str:
        """What happens when nobody has answered in time."""
        return str((self.specification.get("timeoutConfiguration") or {}).get("action") or "ROLLBACK")

    @property
    def open(self) -> bool:
        """Whether the deployment still waits for it."""
        return self.status in {"AWAITING_ACTION", "IN_PROGRESS"}


@dataclass(eq=False)
class ServiceDeployment:
    """What DescribeServiceDeployments tells: one change of a service from begin to end."""

    arn: str
    created_at: datetime
    target: Revision
    sources: list[Revision]
    configuration: dict[str, Any]
    status: str = "PENDING"
    status_reason: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    stopped_at: datetime | None = None
    updated_at: datetime | None = None
    lifecycle_stage: str | None = None
    hooks: list[HookRun] = field(default_factory=list)
    rollback: dict[str, Any] | None = None
    breaker: BreakerState = field(default_factory=BreakerState)
    alarms: AlarmWatch = field(default_factory=AlarmWatch)
    weights: dict[str, dict[str, float]] = field(default_factory=dict)
    finished: bool = False

    @property
    def rolling_back(self) -> bool:
        """Whether the deployment is on its way back."""
        return self.status in {"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"}


@dataclass(eq=False)
class Service:
    """One ECS service.

    Attributes:
        completed: The deployment that a rollback would return to: the last one in the state COMPLETED.
        live: The last one that has ever completed, even while it is being returned to.
    """

    arn: str
    name: str
    cluster_arn: str
    place: tuple[str, str]
    created_at: datetime
    created_by: str
    desired_count: int
    task_definition: Any
    settings: dict[str, Any]
    status: str = "ACTIVE"
    tags: list[dict[str, str]] = field(default_factory=list)
    deployments: list[Deployment] = field(default_factory=list)
    completed: Deployment | None = None
    live: Deployment | None = None
    revisions: list[Revision] = field(default_factory=list)
    service_deployments: list[ServiceDeployment] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    events: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=100))
    steady: bool = False
    changed_at: float = 0.0
    stale_until: float = 0.0
    stale_view: dict[str, Any] | None = None

    @property
    def cluster_name(self) -> str:
        """The name of the service's cluster."""
        return self.cluster_arn.rsplit("/", 1)[-1]

    @property
    def primary(self) -> Deployment | None:
        """The deployment that the service is meant to become."""
        return next((each for each in self.deployments if each.status == "PRIMARY"), None)

    @property
    def current(self) -> ServiceDeployment | None:
        """The service deployment that is still under way."""
        newest = self.service_deployments[-1] if self.service_deployments else None
        return newest if newest and not newest.finished else None

    @property
    def configuration(self) -> dict[str, Any]:
        """The deployment configuration."""
        found: dict[str, Any] = self.settings["deploymentConfiguration"]
        return found

    @property
    def load_balancers(self) -> list[dict[str, Any]]:
        """The load balancers of the service."""
        return list(self.settings.get("loadBalancers") or [])

    def tasks_of(self, deployment: Deployment) -> list[Task]:
        """The tasks of one deployment, stopped ones too."""
        return [task for task in self.tasks if task.deployment is deployment]
