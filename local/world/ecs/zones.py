"""Availability Zones that fail."""

from __future__ import annotations

from local.world.ecs.engine import Ecs
from local.world.ecs.task_model import Task
from local.world.world import World

NOTICED_AFTER = 120


class Zones:
    """Lets a zone fail and come back.

    In a failed zone nothing answers any more. The load balancers find out by their health checks; what has
    no load balancer is replaced after two AWS minutes. How ECS words that is not documented.
    """

    def __init__(self, world: World, ecs: Ecs) -> None:
        self._world = world
        self._ecs = ecs

    def fail(self, zone: str) -> int:
        """Let a zone fail; the number of tasks that are lost."""
        self._ecs.placement.avoid.add(zone)
        lost = [
            task
            for store in self._ecs.stores.values()
            for task in store.tasks.values()
            if task.availability_zone == zone and task.alive
        ]
        for task in lost:
            task.unreachable = True
            self._ecs.targets.check_again(task)
            self._world.later(self._world.scaled(NOTICED_AFTER), self._notice, task)
        return len(lost)

    def restore(self, zone: str) -> None:
        """Let new tasks be placed in a zone again; those that were lost stay lost."""
        self._ecs.placement.avoid.discard(zone)

    def _notice(self, task: Task) -> None:
        self._ecs.runner.stop(task, "ServiceSchedulerInitiated", "Task is unreachable")
