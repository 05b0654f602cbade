"""What ECS and the load balancer say of a workload, reduced to what decisions need."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ContainerState:
    """One container of a task. ``health`` is HEALTHY, UNHEALTHY or UNKNOWN (no health check defined)."""

    name: str
    image: str
    digest: str | None
    last_status: str
    health: str = "UNKNOWN"
    exit_code: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class TaskState:
    """One task of a service. ``started_by`` names the ECS deployment (``ecs-svc/…``) that made it."""

    arn: str
    task_definition: str
    last_status: str
    desired_status: str
    health: str = "UNKNOWN"
    containers: tuple[ContainerState, ...] = ()
    stop_code: str | None = None
    stopped_reason: str | None = None
    stopped_at: datetime | None = None
    created_at: datetime | None = None
    started_by: str | None = None
    log_streams: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        """The last part of the ARN."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class EcsDeployment:
    """An entry of a service's ``deployments``: at most one is PRIMARY."""

    id: str
    status: str
    task_definition: str
    desired: int
    running: int
    pending: int
    failed: int
    rollout_state: str | None
    rollout_reason: str | None = None


@dataclass(frozen=True, slots=True)
class ServiceState:
    """An active ECS service as DescribeServices gives it."""

    arn: str
    name: str
    cluster: str
    status: str
    task_definition: str
    desired: int
    running: int
    pending: int
    deployments: tuple[EcsDeployment, ...] = ()
    target_groups: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    controller: str = "ECS"

    @property
    def settled(self) -> bool:
        """Whether one deployment stands alone, completed."""
        return len(self.deployments) == 1 and self.deployments[0].rollout_state in (None, "COMPLETED")


@dataclass(frozen=True, slots=True)
class DeploymentHook:
    """A lifecycle hook that has run, or runs, in a service deployment. ``status`` is ECS's enum.

    ECS does not say at which stage a hook ran: ``stage`` is known only while it is open, when it is that of
    the deployment.
    """

    id: str
    status: str
    kind: str = "PAUSE"
    stage: str | None = None
    expires_at: datetime | None = None

    @property
    def waits(self) -> bool:
        """Whether the deployment waits for somebody to answer this hook."""
        return self.kind == "PAUSE" and self.status == "AWAITING_ACTION"


@dataclass(frozen=True, slots=True)
class ServiceDeployment:
    """A service deployment as DescribeServiceDeployments gives it; ``status`` is ECS's enum.

    ``production_weight`` is the share of the traffic, in percent, that its target revision has been given;
    None where ECS shifts no traffic. ``target_groups`` are those in which ECS registers the tasks of that
    revision: with blue/green another one each time, whatever the service itself says.
    """

    arn: str
    status: str
    status_reason: str | None
    created_at: datetime
    task_definition: str | None
    requested: int = 0
    running: int = 0
    pending: int = 0
    failed: int = 0
    breaker: str | None = None
    alarms: tuple[str, ...] = ()
    rollback_reason: str | None = None
    lifecycle_stage: str | None = None
    hooks: tuple[DeploymentHook, ...] = ()
    production_weight: float | None = None
    target_groups: tuple[str, ...] = ()

    @property
    def in_flight(self) -> bool:
        """Whether ECS still works on it."""
        return self.status in (
            "PENDING",
            "IN_PROGRESS",
            "STOP_REQUESTED",
            "ROLLBACK_REQUESTED",
            "ROLLBACK_IN_PROGRESS",
        )


@dataclass(frozen=True, slots=True)
class TargetState:
    """One registered target. ``state`` and ``reason`` are those of Elastic Load Balancing."""

    id: str
    state: str
    reason: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class OneOffTask:
    """A task that was run once for its exit code."""

    arn: str
    stopped: bool
    exit_code: int | None = None
    reason: str | None = None
    log_streams: tuple[tuple[str, str], ...] = field(default=())
