"""ECS of one world: its stores and the parts that keep them moving."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from local.world.ecs.bluegreen import TrafficShifting
from local.world.ecs.deployments import Deployments
from local.world.ecs.functions import Functions
from local.world.ecs.hooks import Hooks
from local.world.ecs.lifecycle import TaskRunner
from local.world.ecs.logs import ContainerLogs
from local.world.ecs.model import Service
from local.world.ecs.placement import Placement
from local.world.ecs.scheduler import ServiceScheduler
from local.world.ecs.shapes import service_shape
from local.world.ecs.store import EcsStore
from local.world.elb.targets import Targets
from local.world.world import World


class _Stores(defaultdict[tuple[str, str], EcsStore]):
    def __missing__(self, place: tuple[str, str]) -> EcsStore:
        self[place] = EcsStore(*place)
        return self[place]


class Ecs:
    """Everything of ECS in one world."""

    def __init__(self, world: World, targets: Targets) -> None:
        self.world = world
        self.targets = targets
        self.stores: Mapping[tuple[str, str], EcsStore] = _Stores()
        self.logs = ContainerLogs(world)
        self.runner = TaskRunner(world, targets, self.logs)
        self.deployments = Deployments(world)
        self.placement = Placement(world)
        self.scheduler = ServiceScheduler(
            world, self.stores, targets, self.runner, self.deployments, self.placement
        )
        self.hooks = Hooks(world, Functions(world.settings.port).invoke, self.scheduler.poke)
        shifting = TrafficShifting(world, self.scheduler, self.deployments, self.hooks)
        for name in ("BLUE_GREEN", "LINEAR", "CANARY"):
            self.scheduler.add_strategy(name, shifting)

    def store(self, place: tuple[str, str]) -> EcsStore:
        """The store of an account and region."""
        return self.stores[place]

    def services(self) -> list[Service]:
        """Every service of every account and region."""
        return [service for store in list(self.stores.values()) for service in list(store.services.values())]

    def remember_view(self, service: Service) -> None:
        """Before a change: what describe calls may still answer for a moment.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html and others say that
        the API follows an eventual consistency model.
        """
        settings = self.world.settings
        if not settings.habits.stale_describes:
            return
        service.stale_view = service_shape(service)
        service.changed_at = self.world.now()
        service.stale_until = self.world.now() + self.world.random.uniform(0, settings.stale_seconds)

    def view(self, service: Service) -> dict[str, Any]:
        """A service as DescribeServices shows it at this moment."""
        if service.stale_view is not None and self.world.now() < service.stale_until:
            return service.stale_view
        service.stale_view = None
        return service_shape(service)

    def too_new(self, service: Service, created_at: datetime) -> bool:
        """Whether lists do not show something yet that was created at that time."""
        fresh = created_at.timestamp() >= service.changed_at - 0.001
        return fresh and self.world.now() < service.stale_until

    def strategy_roll_back(self, service: Service, reason: str) -> None:
        """Turn a deployment under way back, in the manner of its strategy."""
        self.deployments.roll_back(service, reason, prefix="ECS deployment failed: ")

    def forget_stopped(self, store: EcsStore) -> None:
        """Drop tasks that stopped long ago: ECS shows stopped tasks for an hour.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeTasks.html
        """
        oldest = self.world.now() - self.world.settings.stopped_task_retention_seconds
        for task in list(store.tasks.values()):
            if task.stopped_at is not None and task.stopped_at.timestamp() < oldest:
                del store.tasks[task.id]
