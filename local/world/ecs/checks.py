"""The health checks of containers, as the task definition describes them."""

from __future__ import annotations

from collections.abc import Callable

from local.world.ecs.task_model import Container, Task
from local.world.elb.health import container_answer, path_in_command
from local.world.world import World

DEFAULT_INTERVAL, DEFAULT_RETRIES = 30, 3


class ContainerChecks:
    """Runs every ``healthCheck`` of every running container.

    The command is taken to succeed once the image is ready, and, where it asks for a path, while the
    image answers that path with less than 400. Failures within ``startPeriod`` do not count, the first
    success makes a container HEALTHY, ``retries`` failures in a row make it UNHEALTHY.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
    """

    def __init__(self, world: World, changed: Callable[[Task], None]) -> None:
        self._world = world
        self._changed = changed
        self._paused: list[tuple[Task, Container]] = []
        world.images.on_change(self._behaviour_changed)

    def start(self, task: Task) -> None:
        """Begin to check the containers of a task that has just started."""
        for container in task.containers:
            if container.definition.get("healthCheck"):
                self._schedule(task, container, 0)

    def _schedule(self, task: Task, container: Container, failures: int) -> None:
        interval = float(container.definition["healthCheck"].get("interval") or DEFAULT_INTERVAL)
        self._world.later(self._world.scaled(interval), self._check, task, container, failures)

    def _check(self, task: Task, container: Container, failures: int) -> None:
        if not task.alive or container.last_status != "RUNNING":
            return
        wanted = container.definition["healthCheck"]
        path = path_in_command(list(wanted.get("command") or [])) or "/"
        passed = 0 < container_answer(task, container, path, self._world.now()) < 400
        in_start_period = self._age(task) < self._world.scaled(float(wanted.get("startPeriod") or 0))
        if passed:
            failures = 0
        elif not in_start_period or container.health_status == "HEALTHY":
            failures += 1
        self._decide(task, container, passed=passed, failures=failures)

    def _decide(self, task: Task, container: Container, *, passed: bool, failures: int) -> None:
        retries = int(container.definition["healthCheck"].get("retries") or DEFAULT_RETRIES)
        before = container.health_status
        if passed:
            container.health_status = "HEALTHY"
        elif failures >= retries:
            container.health_status = "UNHEALTHY"
        if container.health_status != before:
            task.health_status = task_health(task)
            self._changed(task)
        if passed:
            self._paused.append((task, container))
        else:
            self._schedule(task, container, failures)

    def _age(self, task: Task) -> float:
        return self._world.now() - (task.running_since or self._world.now())

    def _behaviour_changed(self, digest: str) -> None:
        paused, self._paused = self._paused, []
        for task, container in paused:
            if container.digest != digest:
                if task.alive:
                    self._paused.append((task, container))
                continue
            self._schedule(task, container, 0)


def task_health(task: Task) -> str:
    """The health of a task from that of its essential containers.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
    """
    states = [each.health_status for each in task.containers if each.essential]
    if "UNHEALTHY" in states:
        return "UNHEALTHY"
    checked = [each for each in task.containers if each.essential and each.definition.get("healthCheck")]
    if checked and all(each.health_status == "HEALTHY" for each in checked):
        return "HEALTHY"
    return "UNKNOWN"
