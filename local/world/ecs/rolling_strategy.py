"""The ROLLING strategy, carried out on the tasks of a service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from local.world.ecs import rolling
from local.world.ecs.model import Deployment, Service
from local.world.ecs.task_model import Task

if TYPE_CHECKING:
    from local.world.ecs.scheduler import ServiceScheduler


class Rolling:
    """The ROLLING strategy."""

    def __init__(self, scheduler: ServiceScheduler) -> None:
        self._scheduler = scheduler

    def step(self, service: Service, primary: Deployment, healthy: set[Task]) -> bool:
        """Start and stop the next batch."""
        if primary.rollout_state == "FAILED":
            # Nothing new is launched any more, and what still runs of the old is all there is.
            return False
        counts = rolling.counts_of(service, primary, healthy)
        batch = rolling.next_batch(counts)
        why = f"Scaling activity initiated by (deployment {primary.id})"
        if batch.start and self._may_start(service, primary):
            self._scheduler.start(service, primary, batch.start)
        old = rolling.old_first(service, primary, healthy)
        self._scheduler.stop(service, old[: batch.stop_old], why)
        new = [task for task in service.tasks if task.wanted and task.deployment is primary]
        surplus = sorted(new, key=lambda task: (task in healthy, task.created_at))[: batch.stop_surplus]
        self._scheduler.stop(service, surplus, why)
        rest = [task for task in service.tasks if task.deployment is not primary]
        return counts.healthy_new == counts.new == counts.desired and not rest

    def _may_start(self, service: Service, primary: Deployment) -> bool:
        wait = self._scheduler.throttle(primary)
        if wait > 0:
            self._scheduler.poke_after(service, wait)
        return wait <= 0
