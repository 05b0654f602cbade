"""The ROLLING strategy: batches of new tasks, old ones stopped as new ones become healthy."""

from __future__ import annotations

import math
from dataclasses import dataclass

from local.world.ecs.model import Deployment, Service
from local.world.ecs.task_model import Task


@dataclass(frozen=True)
class Counts:
    """What a rolling step has to know.

    Attributes:
        desired: The service's desired count.
        new: Tasks of the primary deployment that are meant to run.
        old: Tasks of earlier deployments that are meant to run.
        healthy_new: The healthy ones among ``new``.
        healthy_old: The healthy ones among ``old``.
        minimum: minimumHealthyPercent.
        maximum: maximumPercent.
    """

    desired: int
    new: int
    old: int
    healthy_new: int
    healthy_old: int
    minimum: int
    maximum: int


@dataclass(frozen=True)
class Batch:
    """How many tasks to start and how many old and surplus new ones to stop."""

    start: int
    stop_old: int
    stop_surplus: int


def next_batch(counts: Counts) -> Batch:
    """Decide the next step of a rolling update.

    The least number of healthy tasks is rounded up, the greatest number of tasks rounded down; old tasks
    that are not healthy may go at any time.
    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html
    """
    least = math.ceil(counts.desired * counts.minimum / 100)
    most = max(math.floor(counts.desired * counts.maximum / 100), least)
    missing = max(counts.desired - counts.new, 0)
    room = max(most - counts.new - counts.old, 0)
    start = min(missing, room)

    healthy = counts.healthy_new + counts.healthy_old
    spare = max(healthy - least, 0)
    unhealthy_old = counts.old - counts.healthy_old
    replaced = max(healthy - counts.desired, 0)
    to_make_room = missing - start
    stop_healthy = min(max(replaced, to_make_room - unhealthy_old), spare, counts.healthy_old)
    stop_unhealthy = unhealthy_old if counts.healthy_new or to_make_room else 0
    surplus = max(counts.new - counts.desired, 0)
    return Batch(start, max(stop_healthy, 0) + stop_unhealthy, surplus)


def counts_of(service: Service, primary: Deployment, healthy: set[Task]) -> Counts:
    """The counts of a service, given which of its tasks are healthy."""
    wanted = [task for task in service.tasks if task.wanted]
    new = [task for task in wanted if task.deployment is primary]
    old = [task for task in wanted if task.deployment is not primary]
    configuration = service.configuration
    return Counts(
        desired=service.desired_count,
        new=len(new),
        old=len(old),
        healthy_new=sum(task in healthy for task in new),
        healthy_old=sum(task in healthy for task in old),
        minimum=int(configuration.get("minimumHealthyPercent", 100)),
        maximum=int(configuration.get("maximumPercent", 200)),
    )


def old_first(service: Service, primary: Deployment, healthy: set[Task]) -> list[Task]:
    """The old tasks in the order in which they are stopped: unhealthy ones, then the oldest."""
    old = [task for task in service.tasks if task.wanted and task.deployment is not primary]
    return sorted(old, key=lambda task: (task in healthy, task.created_at))
