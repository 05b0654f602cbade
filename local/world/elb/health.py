"""What a health check finds, and how health is decided from one check to the next."""

from __future__ import annotations

import re
from dataclasses import dataclass

from local.world.ecs.task_model import Container, Task

REFUSED = 0


def answer(task: Task, path: str, now: float) -> int:
    """The status code that a task answers to a health check; REFUSED where nothing listens yet."""
    return container_answer(task, task.main_container, path, now)


def container_answer(task: Task, container: Container, path: str, now: float) -> int:
    """The status code that one container answers on a path."""
    behaviour = container.behaviour
    if not task.alive or behaviour.healthy_after_s is None or task.running_since is None:
        return REFUSED
    if now - task.running_since < behaviour.healthy_after_s:
        return REFUSED
    return behaviour.http.get(path, 200)


def matches(matcher: str, code: int) -> bool:
    """Whether a status code is among those that a matcher (``200,300-399``) takes for healthy."""
    for part in matcher.split(","):
        low, _, high = part.strip().partition("-")
        if low.isdigit() and int(low) <= code <= int(high or low):
            return True
    return False


def path_in_command(command: list[str]) -> str | None:
    """The path that a container's health-check command asks for, where it is an HTTP request."""
    found = re.search(r"https?://[^/\s'\"]+(/[^\s'\"|;]*)?", " ".join(command))
    return (found[1] or "/") if found else None


@dataclass
class Streak:
    """Checks that ended alike in a row, and the verdict that follows."""

    healthy_after: int
    unhealthy_after: int
    verdict: bool | None = None
    length: int = 0
    last: bool | None = None

    def record(self, passed: bool) -> bool | None:  # noqa: FBT001 - the result of one check
        """Note one check; returns the verdict after it.

        A target that was just registered needs one passed check to be healthy, afterwards the thresholds
        hold.
        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
        """
        self.length = self.length + 1 if passed is self.last else 1
        self.last = passed
        needed = self.healthy_after if passed else self.unhealthy_after
        if passed and self.verdict is None:
            needed = 1
        if self.length >= needed:
            self.verdict = passed
        return self.verdict

    @property
    def settled(self) -> bool:
        """Whether another check with the same result would change nothing."""
        return self.verdict is not None and self.last is self.verdict
