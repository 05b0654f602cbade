"""One task from PROVISIONING to STOPPED.

The statuses and their order are those of
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html; the durations
are typical ones of Fargate, in seconds of AWS, divided by the time scale.
"""

from __future__ import annotations

from collections.abc import Callable

from local.world.ecr.references import find_image
from local.world.ecs import checks, definitions, events
from local.world.ecs.durations import Durations
from local.world.ecs.logs import ContainerLogs
from local.world.ecs.task_model import Container, Task
from local.world.elb.targets import Targets
from local.world.world import World

ESSENTIAL_EXITED = "Essential container in task exited"
RETRIED = "image manifest has been retried 1 time(s)"
KILLED, TERMINATED = 137, 143


Place = tuple[str, str]
Changed = Callable[[Task], None]


class TaskRunner:
    """Moves tasks through their life; tells a listener about every change."""

    def __init__(self, world: World, targets: Targets, logs: ContainerLogs) -> None:
        self._world = world
        self._targets = targets
        self._logs = logs
        self._durations = Durations()
        self._places: dict[Task, Place] = {}
        self._listeners: list[Changed] = []
        self._checks = checks.ContainerChecks(world, self._health_changed)

    def on_change(self, listener: Changed) -> None:
        """Have a function called with a task after each of its changes."""
        self._listeners.append(listener)

    def launch(self, place: Place, task: Task) -> None:
        """Begin a task's life."""
        self._places[task] = place
        self._move(task, "PROVISIONING", first=True)
        self._after(self._durations.provisioning, task, self._pending)

    def stop(self, task: Task, code: str, reason: str) -> None:
        """Ask a task to stop, as StopTask or the service scheduler does: drain first, then SIGTERM.

        https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_StopTask.html
        """
        if not task.wanted:
            return
        self._want_stopped(task, code, reason)
        if task.last_status in {"PROVISIONING", "PENDING", "ACTIVATING"}:
            self._after(self._durations.exiting, task, self._stopped)
            self._tell(task)
            return
        self._move(task, "DEACTIVATING")
        wait = self._targets.deregister(task) if code != "UserInitiated" else self._cut_off(task)
        self._world.later(wait, self._terminate, task)

    def fail(self, task: Task, reason: str, container: Container | None = None) -> None:
        """End a task that could not be started."""
        if container is not None:
            container.reason = reason
            container.last_status = "STOPPED"
        self._want_stopped(task, "TaskFailedToStart", reason)
        self._move(task, "DEPROVISIONING")
        self._after(self._durations.deprovisioning, task, self._stopped)

    def exit(self, task: Task, container: Container, code: int) -> None:
        """Let a container exit by itself; an essential one takes its task with it."""
        if container.last_status == "STOPPED" or task.stopped_at is not None:
            return
        container.last_status, container.exit_code = "STOPPED", code
        container.health_status = "UNKNOWN"
        self._logs.last_words(self._places[task], task, container, code)
        if not container.essential:
            self._tell(task)
            return
        task.execution_stopped_at = self._world.today()
        for other in task.containers:
            if other.last_status != "STOPPED":
                other.last_status, other.exit_code = "STOPPED", TERMINATED
        self._after(self._durations.noticing, task, self._notice_exit)

    def _notice_exit(self, task: Task) -> None:
        if task.wanted:
            self._want_stopped(task, "EssentialContainerExited", ESSENTIAL_EXITED)
        self._targets.deregister(task)
        self._move(task, "DEPROVISIONING")
        self._after(self._durations.deprovisioning, task, self._stopped)

    def _cut_off(self, task: Task) -> float:
        self._targets.deregister(task)
        return 0.0

    def _want_stopped(self, task: Task, code: str, reason: str) -> None:
        task.desired_status = "STOPPED"
        task.stop_code, task.stopped_reason = code, reason
        task.stopping_at = self._world.today()

    def _pending(self, task: Task) -> None:
        if not task.wanted:
            return
        task.connectivity_at = self._world.today()
        self._move(task, "PENDING")
        self._after(self._durations.placing, task, self._pull)

    def _pull(self, task: Task) -> None:
        if not task.wanted:
            return
        task.pull_started_at = self._world.today()
        self._after(self._durations.pulling, task, self._pulled)

    def _pulled(self, task: Task) -> None:
        if not task.wanted:
            return
        for container in task.containers:
            found = find_image(container.image)
            problem = self._logs.problem(self._places[task], container)
            if found.problem:
                problem = f"CannotPullContainerError: pull {RETRIED}: {found.problem}"
            if problem:
                self.fail(task, problem, container)
                return
            container.digest = container.digest or found.digest
        task.pull_stopped_at = self._world.today()
        self._move(task, "ACTIVATING")
        self._after(self._durations.starting, task, self._start)

    def _start(self, task: Task) -> None:
        if not task.wanted:
            return
        place = self._places[task]
        for container in task.containers:
            container.runtime_id = f"{task.id}-{self._world.random.randrange(10**10):010d}"
            container.last_status = "RUNNING"
            self._logs.first_words(place, task, container)
        if not self._first_exits(task):
            return
        task.started_at = self._world.today()
        task.running_since = self._world.now()
        self._move(task, "RUNNING")
        self._register(place, task)
        self._checks.start(task)
        for container in task.containers:
            self._plan_exit(task, container)

    def _first_exits(self, task: Task) -> bool:
        """Let the containers exit that do so before the task is RUNNING; whether it still gets there."""
        for container in definitions.awaited(task.containers):
            self.exit(task, container, container.behaviour.exit_code)
        broken = [each for each in task.containers if not each.behaviour.starts]
        for container in broken:
            self.exit(task, container, container.behaviour.failing_exit_code())
        if task.execution_stopped_at is not None:
            return False
        waiting = definitions.blocked(task.containers)
        if waiting is not None:
            self.fail(task, "Task failed to start: a container that others depend on has failed", waiting)
        return waiting is None

    def _register(self, place: Place, task: Task) -> None:
        for balancer in task.deployment.revision.targets if task.deployment else []:
            if balancer.get("targetGroupArn"):
                self._targets.register(
                    place, balancer["targetGroupArn"], task, int(balancer.get("containerPort") or 80)
                )

    def _plan_exit(self, task: Task, container: Container) -> None:
        behaviour = container.behaviour
        one_off = definitions.one_off_of(task, container) if task.service is None else None
        if one_off is not None:
            self._world.later(one_off.seconds, self.exit, task, container, one_off.exit_code)
        elif behaviour.crash_after_s is not None:
            code = behaviour.failing_exit_code()
            self._world.later(behaviour.crash_after_s, self.exit, task, container, code)

    def _health_changed(self, task: Task) -> None:
        self._tell(task)

    def _terminate(self, task: Task) -> None:
        if task.execution_stopped_at is not None:
            return
        self._move(task, "STOPPING")
        graceful = all(container.behaviour.stops_gracefully for container in task.containers)
        seconds = self._durations.exiting if graceful else self._durations.stop_timeout
        self._after(seconds, task, self._exited)

    def _exited(self, task: Task) -> None:
        if task.execution_stopped_at is not None:
            return
        task.execution_stopped_at = self._world.today()
        for container in task.containers:
            if container.last_status != "STOPPED":
                container.exit_code = 0 if container.behaviour.stops_gracefully else KILLED
                container.last_status, container.health_status = "STOPPED", "UNKNOWN"
        self._move(task, "DEPROVISIONING")
        self._after(self._durations.deprovisioning, task, self._stopped)

    def _stopped(self, task: Task) -> None:
        if task.stopped_at is not None:
            return
        now = self._world.today()
        task.stopped_at = now
        task.execution_stopped_at = task.execution_stopped_at or now
        for container in task.containers:
            container.last_status = "STOPPED"
        task.health_status = "UNKNOWN"
        self._move(task, "STOPPED")

    def _after(self, aws_seconds: float, task: Task, step: Callable[[Task], None]) -> None:
        self._world.later(self._world.around(aws_seconds), step, task)

    def _move(self, task: Task, status: str, *, first: bool = False) -> None:
        task.last_status = status
        if not first:
            task.version += 1
        self._announce(task)

    def _tell(self, task: Task) -> None:
        task.version += 1
        self._announce(task)

    def _announce(self, task: Task) -> None:
        events.task_changed(self._world, self._places[task], task)
        for listener in self._listeners:
            listener(task)
        if task.last_status == "STOPPED":
            self._places.pop(task, None)
