"""The targets that ECS registers: from initial over healthy to draining."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from local.world.clock import Timer
from local.world.ecs.task_model import Task
from local.world.elb import wiring
from local.world.elb.health import REFUSED, Streak, answer, matches
from local.world.world import World

INITIAL_REGISTRATION = (
    "initial",
    "Elb.RegistrationInProgress",
    "Target registration is in progress",
)
INITIAL_CHECKS = (
    "initial",
    "Elb.InitialHealthChecking",
    "Initial health checks in progress",
)
HEALTHY = ("healthy", None, None)
DRAINING = (
    "draining",
    "Target.DeregistrationInProgress",
    "Target deregistration is in progress",
)
TIMED_OUT = ("unhealthy", "Target.Timeout", "Request timed out")
NOT_IN_USE = (
    "unused",
    "Target.NotInUse",
    "Target group is not configured to receive traffic from the load balancer",
)

Health = tuple[str, str | None, str | None]
Changed = Callable[[Task], None]


@dataclass(eq=False)
class Target:
    """A task in a target group."""

    group: str
    port: int
    task: Task
    place: tuple[str, str]
    health: Health = INITIAL_REGISTRATION
    streak: Streak = field(default_factory=lambda: Streak(5, 2))
    check: Timer | None = None

    @property
    def state(self) -> str:
        """The state alone."""
        return self.health[0]


class Targets:
    """Every target that ECS has registered, by target group.

    Health checks run every HealthCheckIntervalSeconds, divided by the time scale; while nothing would
    change they pause, and go on when an image's behaviour changes.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._groups: dict[str, list[Target]] = {}
        self._listeners: list[Changed] = []
        world.images.on_change(self._behaviour_changed)

    def on_change(self, listener: Changed) -> None:
        """Have a function called with the task whose health as a target has changed."""
        self._listeners.append(listener)

    def of_group(self, group: str) -> list[Target]:
        """The targets of a group, draining ones too."""
        return list(self._groups.get(group, ()))

    def groups(self) -> list[str]:
        """The groups that have targets."""
        return [group for group, targets in self._groups.items() if targets]

    def of_task(self, task: Task) -> list[Target]:
        """The targets that are this task."""
        return [each for group in task.target_groups for each in self.of_group(group) if each.task is task]

    def health_of(self, target: Target) -> Health:
        """The health as DescribeTargetHealth tells it: unused where no rule forwards to the group.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
        """
        if target.state == "draining" or wiring.routes_to(target.place, target.group):
            return target.health
        return NOT_IN_USE

    def register(self, place: tuple[str, str], group: str, task: Task, port: int) -> None:
        """Register a task; its first health check comes within one interval."""
        settings = wiring.target_group(place, group)
        if settings is None:
            return
        streak = Streak(int(settings.healthy_threshold_count), int(settings.unhealthy_threshold_count))
        target = Target(group, port, task, place, streak=streak)
        self._groups.setdefault(group, []).append(target)
        task.target_groups.append(group)
        self._world.later(self._world.around(2), self._start_checks, target)

    def deregister(self, task: Task) -> float:
        """Stop sending requests to a task.

        Returns:
            Real seconds until the longest deregistration delay of its target groups is over.

        https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
        """
        longest = 0.0
        for target in self.of_task(task):
            if target.state == "draining":
                continue
            target.health = DRAINING
            settings = wiring.target_group(target.place, target.group)
            key = "deregistration_delay.timeout_seconds"
            delay = float(settings.attributes.get(key, 300)) if settings is not None else 0.0
            longest = max(longest, self._world.scaled(delay))
            self._world.later(self._world.scaled(delay), self._remove, target)
        return longest

    def check_again(self, task: Task) -> None:
        """Check a task's targets soon, because something about it has changed."""
        for target in self.of_task(task):
            if target.check is None:
                self._schedule(target)

    def _remove(self, target: Target) -> None:
        self._groups[target.group].remove(target)
        target.task.target_groups.remove(target.group)

    def _behaviour_changed(self, digest: str) -> None:
        for targets in list(self._groups.values()):
            for target in targets:
                if any(container.digest == digest for container in target.task.containers):
                    self.check_again(target.task)

    def _start_checks(self, target: Target) -> None:
        if target.state == "initial":
            target.health = INITIAL_CHECKS
            self._schedule(target, first=True)

    def _schedule(self, target: Target, *, first: bool = False) -> None:
        settings = wiring.target_group(target.place, target.group)
        if settings is None or target.state == "draining":
            return
        interval = self._world.scaled(float(settings.health_check_interval_seconds))
        wait = interval * self._world.random.uniform(0.2, 0.9) if first else interval
        target.check = self._world.later(wait, self._check, target)

    def _check(self, target: Target) -> None:
        target.check = None
        settings = wiring.target_group(target.place, target.group)
        if settings is None or target.state == "draining":
            return
        code = answer(target.task, settings.health_check_path or "/", self._world.now())
        matcher = str((getattr(settings, "matcher", None) or {}).get("HttpCode", "200"))
        verdict = target.streak.record(code != REFUSED and matches(matcher, code))
        before = target.health
        if verdict is True:
            target.health = HEALTHY
        elif verdict is False:
            target.health = TIMED_OUT if target.task.unreachable else _unhealthy(code)
        if target.state != before[0]:
            for listener in self._listeners:
                listener(target.task)
        if not (verdict and target.streak.settled):
            self._schedule(target)


def _unhealthy(code: int) -> Health:
    if code == REFUSED:
        return "unhealthy", "Target.FailedHealthChecks", "Health checks failed"
    return (
        "unhealthy",
        "Target.ResponseCodeMismatch",
        f"Health checks failed with these codes: [{code}]",
    )
