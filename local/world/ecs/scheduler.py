"""The service scheduler: keeps every service at its desired count and its deployments going."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from local.world.ecs import events
from local.world.ecs.deployments import Deployments
from local.world.ecs.failures import Failures
from local.world.ecs.lifecycle import TaskRunner
from local.world.ecs.model import STEADY, Deployment, Service
from local.world.ecs.placement import Placement
from local.world.ecs.rolling_strategy import Rolling
from local.world.ecs.store import EcsStore
from local.world.ecs.task_model import Task
from local.world.elb.targets import Targets
from local.world.world import World

REACTION = 1.5
WATCHING = 10.0


class Strategy(Protocol):
    """How a service gets from one revision to the next."""

    def step(self, service: Service, primary: Deployment, healthy: set[Task]) -> bool:
        """Do what is to be done now.

        Returns:
            Whether the primary deployment has arrived: everything runs, nothing is left of the others.
        """


class ServiceScheduler:
    """Reconciles services, each a moment after something about it has changed."""

    def __init__(
        self,
        world: World,
        stores: Mapping[tuple[str, str], EcsStore],
        targets: Targets,
        runner: TaskRunner,
        deployments: Deployments,
        placement: Placement,
    ) -> None:
        self._world = world
        self._stores = stores
        self._targets = targets
        self._runner = runner
        self._deployments = deployments
        self._placement = placement
        self._failures = Failures(world, deployments)
        self._waiting: set[Service] = set()
        self.rolling: Strategy = Rolling(self)
        self._strategies: dict[str, Strategy] = {"ROLLING": self.rolling}
        runner.on_change(self._task_changed)
        targets.on_change(self._task_changed)

    def add_strategy(self, name: str, strategy: Strategy) -> None:
        """Have deployments of a strategy done by someone else."""
        self._strategies[name] = strategy

    def poke(self, service: Service, aws_seconds: float = REACTION) -> None:
        """Look at a service again in a moment."""
        if service not in self._waiting:
            self._waiting.add(service)
            self._world.later(self._world.around(aws_seconds), self._step, service)

    def poke_after(self, service: Service, seconds: float) -> None:
        """Look at a service again after that many real seconds."""
        self._world.later(seconds, self.poke, service)

    def throttle(self, deployment: Deployment) -> float:
        """Real seconds for which a deployment must not start tasks, because they fail over and over."""
        return deployment.throttled_until - self._world.now()

    def keep(self, service: Service, deployment: Deployment) -> bool:
        """Start whatever a deployment lacks of the desired count.

        Returns:
            Whether all of its tasks run and are healthy.
        """
        wanted = [task for task in service.tasks if task.deployment is deployment and task.wanted]
        missing = service.desired_count - len(wanted)
        wait = self.throttle(deployment)
        if missing > 0 and wait > 0:
            self.poke_after(service, wait)
        elif missing > 0:
            self.start(service, deployment, missing)
        return missing <= 0 and all(self.healthy(task) for task in wanted)

    def start(self, service: Service, deployment: Deployment, number: int) -> None:
        """Start tasks of a deployment."""
        store = self._stores[service.place]
        started = [self._placement.for_service(store, service, deployment) for _ in range(number)]
        for task in started:
            self._runner.launch(service.place, task)
        named = " ".join(f"(task {task.id})" for task in started)
        self._deployments.say(service, f"has started {number} tasks: {named}.")

    def stop(self, service: Service, tasks: list[Task], reason: str) -> None:
        """Stop running tasks, draining their connections first."""
        if not tasks:
            return
        if any(task.target_groups for task in tasks):
            self._deployments.say(service, f"has begun draining connections on {len(tasks)} tasks.")
        named = " ".join(f"(task {task.id})" for task in tasks)
        self._deployments.say(service, f"has stopped {len(tasks)} running tasks: {named}.")
        for task in tasks:
            self._runner.stop(task, "ServiceSchedulerInitiated", reason)

    def healthy(self, task: Task) -> bool:
        """Whether the scheduler counts a task as healthy: container and load-balancer checks pass."""
        if not task.wanted or task.last_status != "RUNNING" or not task.alive:
            return False
        checked = any(each.essential and each.definition.get("healthCheck") for each in task.containers)
        if checked and task.health_status != "HEALTHY":
            return False
        if task.service and task.service.load_balancers and not task.target_groups:
            return False
        states = [self._targets.health_of(target)[0] for target in self._targets.of_task(task)]
        return all(state in {"healthy", "unused"} for state in states)

    def _step(self, service: Service) -> None:
        self._waiting.discard(service)
        service.tasks = [task for task in service.tasks if task.stopped_at is None]
        if service.status == "DRAINING":
            self._drain(service)
            return
        primary, current = service.primary, service.current
        if service.status != "ACTIVE" or primary is None:
            return
        if current is not None and current.status == "PENDING":
            self._deployments.started(service, current)
        self._replace_unhealthy(service)
        self._failures.watch(service, primary)
        primary = service.primary or primary
        healthy = {task for task in service.tasks if self.healthy(task)}
        arrived = self._strategy(service).step(service, primary, healthy)
        self._settle(service, primary, arrived=arrived)
        if service.current is not None:
            self.poke(service, WATCHING)

    def _strategy(self, service: Service) -> Strategy:
        current = service.current
        configuration = current.configuration if current else service.configuration
        wanted = str(configuration.get("strategy") or "ROLLING")
        return self._strategies.get(wanted) or self._strategies["ROLLING"]

    def _settle(self, service: Service, primary: Deployment, *, arrived: bool) -> None:
        if not arrived:
            service.steady = False
            return
        if primary.rollout_state == "IN_PROGRESS":
            if self._failures.still_baking(service, primary):
                return
            self._deployments.complete(service, primary)
        if not service.steady and primary.rollout_state == STEADY:
            service.steady = True
            self._deployments.say(service, "has reached a steady state.")
            events.service_action(self._world, service, "INFO", "SERVICE_STEADY_STATE")

    def _replace_unhealthy(self, service: Service) -> None:
        for task in [task for task in service.tasks if task.wanted and task.last_status == "RUNNING"]:
            reason = self._why_unhealthy(service, task)
            if reason:
                self._deployments.say(service, f"(task {task.id}) {reason[0].lower()}{reason[1:]}.")
                self._failures.count(service, task)
                self.stop(service, [task], reason)

    def _why_unhealthy(self, service: Service, task: Task) -> str | None:
        grace = self._world.scaled(float(service.settings.get("healthCheckGracePeriodSeconds") or 0))
        if task.running_since is None or self._world.now() - task.running_since < grace:
            return None
        if task.health_status == "UNHEALTHY":
            return "Task failed container health checks"
        for target in self._targets.of_task(task):
            if target.state == "unhealthy":
                return f"Task failed ELB health checks in (target-group {target.group})"
        return None

    def _drain(self, service: Service) -> None:
        self.stop(service, [task for task in service.tasks if task.wanted], "Service deleted")
        if not service.tasks:
            service.status = "INACTIVE"
            service.deployments.clear()

    def _task_changed(self, task: Task) -> None:
        service = task.service
        if service is None:
            return
        if task.last_status == "RUNNING" and not task.was_healthy and self.healthy(task):
            task.was_healthy = True
            self._failures.healthy(task)
        if task.stop_code in {"TaskFailedToStart", "EssentialContainerExited"}:
            self._failures.count(service, task)
        self.poke(service)
