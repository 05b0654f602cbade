"""Tasks that a version lost by itself, told apart from those that ECS stopped for reasons of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from tidegate.domain.workload import TaskState

EXITED = "EssentialContainerExited"
NEVER_STARTED = "TaskFailedToStart"
FAILED_CHECKS = "failed elb health checks", "failed container health checks"


def lost(
    stopped: Iterable[TaskState], task_definition: str, since: datetime, *, starting: bool = False
) -> tuple[TaskState, ...]:
    """The stopped tasks of a task definition that ended by their own doing.

    Scaling in, draining of a host or an interruption of Fargate Spot says nothing of the image; a container
    that ended or failed its health checks does.
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html

    Args:
        stopped: Tasks that stopped lately.
        task_definition: Its ARN.
        since: What stopped earlier does not count.
        starting: Tasks that could not be started count too.
    """
    return tuple(
        task
        for task in stopped
        if task.task_definition == task_definition
        and (task.stopped_at is None or task.stopped_at >= since)
        and _by_itself(task, starting=starting)
    )


def _by_itself(task: TaskState, *, starting: bool) -> bool:
    if task.stop_code == EXITED or (starting and task.stop_code == NEVER_STARTED):
        return True
    reason = (task.stopped_reason or "").lower()
    return any(words in reason for words in FAILED_CHECKS)


def words(tasks: Iterable[TaskState]) -> str:
    """What happened to the first of some lost tasks, as a sentence with a leading space; empty for none."""
    for task in tasks:
        why = (task.stopped_reason or task.stop_code or "ECS gives no reason").rstrip(".")
        ended = [
            f" Container {each.name} ended with exit code {each.exit_code}."
            for each in task.containers
            if each.exit_code
        ]
        return f" Task {task.id} stopped: {why}.{''.join(ended[:1])}"
    return ""
