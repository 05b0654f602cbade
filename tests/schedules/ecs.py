"""Amazon ECS in small: service deployments that go on, end or turn back when the schedule says so.

It follows `local/world/ecs/deployments.py`, which cites where each behaviour is documented, without time and
single tasks: a deployment is PENDING, has some of its tasks, has all of them, or goes back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.support.fakes import FakeServices, FakeTasks
from tidegate.domain.service import Target
from tidegate.domain.strategy import Native
from tidegate.domain.workload import ContainerState, EcsDeployment, OneOffTask, ServiceDeployment, TaskState
from tidegate.errors import Terminal

Place = tuple[str, str]
BREAKER = "Service deployment rolled back because the circuit breaker threshold was exceeded."
ALARM = "Service deployment rolled back because of alarm(s) going into ALARM state."
STOPPED = "Service deployment rolled back because of a StopServiceDeployment request."
REPLACED = "Service deployment stopped because a new deployment was started."


class SmallServices(FakeServices):
    """Services whose deployments the schedule moves.

    `on_change` is told of every deploy and stop before it happens, `emit` of each event.
    """

    def __init__(self) -> None:
        super().__init__()
        self.completed: dict[Place, str] = {}
        self.forward: dict[str, bool] = {}
        self._count = 0
        self._now: Callable[[], datetime]
        self._images: Callable[[str], dict[str, str]]
        self._emit: Callable[[Place, str, str], None]
        self._about_to: Callable[[Place, str | None], None]

    def _connect(
        self,
        *,
        now: Callable[[], datetime],
        images: Callable[[str], dict[str, str]],
        emit: Callable[[Place, str, str], None],
        before: Callable[[Place, str | None], None],
    ) -> None:
        """Say what the time is, what a task definition runs, and who wants to know of what happens."""
        self._now, self._images, self._emit, self._about_to = now, images, emit, before

    def deploy(
        self,
        target: Target,
        cluster: str,
        service: str,
        task_definition: str,
        settings: Native,
        *,
        roll_back: bool = True,
        pause: bool = True,
    ) -> None:
        place = (cluster, service)
        state = self.described.get(place)
        if state is None:
            raise Terminal(f"ServiceNotFoundException: there is no service {service} in cluster {cluster}.")
        self.deployed.append((cluster, service, task_definition, settings))
        if state.task_definition == task_definition:
            return
        self._about_to(place, task_definition)
        newest = self._newest(place)
        if newest is not None and newest.in_flight:
            self._change(place, status="STOPPED", status_reason=REPLACED)
        self._count += 1
        started = ServiceDeployment(
            arn=f"arn:aws:ecs:us-east-1:123456789012:service-deployment/{cluster}/{service}/{self._count:04d}",
            status="PENDING",
            status_reason=None,
            created_at=self._now(),
            task_definition=task_definition,
            requested=state.desired,
        )
        self.forward[started.arn] = not roll_back
        self.remembered.setdefault(place, []).insert(0, started)
        self._begin(place, task_definition)

    def stop(self, target: Target, deployment: str) -> bool:
        for place, known in self.remembered.items():
            for each in known:
                if each.arn == deployment and each.status in ("PENDING", "IN_PROGRESS"):
                    self._about_to(place, None)
        return super().stop(target, deployment)

    def tasks(
        self, target: Target, cluster: str, service: str, *, stopped: bool = False
    ) -> tuple[TaskState, ...]:
        state = self.described.get((cluster, service))
        if state is None or stopped:
            return tuple(self.stopped.get((cluster, service), []))
        return tuple(
            self._running(cluster, each, number)
            for each in state.deployments
            for number in range(each.running)
        )

    def _running(self, cluster: str, deployment: EcsDeployment, number: int) -> TaskState:
        containers = tuple(
            ContainerState(name, image, image.rpartition("@")[2], "RUNNING", "UNKNOWN")
            for name, image in self._images(deployment.task_definition).items()
        )
        name = f"{deployment.id.rpartition('/')[2]}{number:02d}".rjust(32, "0")
        return TaskState(
            arn=f"arn:aws:ecs:us-east-1:123456789012:task/{cluster}/{name}",
            task_definition=deployment.task_definition,
            last_status="RUNNING",
            desired_status="RUNNING",
            containers=containers,
        )

    # --- what the schedule does ---------------------------------------------------------------------------

    def _in_flight(self) -> list[Place]:
        """Where ECS works on something."""
        return [place for place in sorted(self.remembered) if self._works_on(place)]

    def _works_on(self, place: Place) -> bool:
        newest = self._newest(place)
        return newest is not None and newest.in_flight

    def _go_on(self, place: Place, *, starts: bool, alarms: tuple[str, ...] = ()) -> str:
        """Let ECS take the next step of what it works on; returns the status afterwards.

        Args:
            place: Cluster and service.
            starts: Whether the tasks of the new version start.
            alarms: The alarms of the deployment that are red.
        """
        newest, state = self._newest(place), self.described[place]
        assert newest is not None
        primary = state.deployments[0]
        if newest.status == "STOP_REQUESTED":
            self._turn_back(place, STOPPED)
        elif newest.status == "ROLLBACK_IN_PROGRESS":
            self._complete(place, "ROLLBACK_SUCCESSFUL")
        elif newest.status == "PENDING":
            self._change(place, status="IN_PROGRESS")
        elif not starts:
            self._change(place, failed=3, breaker="TRIGGERED")
            self._fail(place, BREAKER)
        elif alarms:
            self._change(place, alarms=alarms)
            self._fail(place, ALARM)
        elif primary.running < state.desired - 1:
            self._scale(place, primary.running + 1)
        else:
            self._complete(place, "SUCCESSFUL")
        return str(self._newest(place).status)  # type: ignore[union-attr]

    def _newest(self, place: Place) -> ServiceDeployment | None:
        known = self.remembered.get(place)
        return known[0] if known else None

    def _change(self, place: Place, **more: Any) -> None:
        self.remembered[place][0] = replace(self.remembered[place][0], **more)

    def _begin(self, place: Place, task_definition: str) -> None:
        """A new PRIMARY deployment; those before it become ACTIVE."""
        state = self.described[place]
        self._count += 1
        primary = EcsDeployment(
            f"ecs-svc/{self._count:04d}", "PRIMARY", task_definition, state.desired, 0, 0, 0, "IN_PROGRESS"
        )
        before = tuple(replace(each, status="ACTIVE") for each in state.deployments if each.running)
        self.described[place] = replace(
            state, task_definition=task_definition, deployments=(primary, *before)
        )

    def _scale(self, place: Place, running: int) -> None:
        state = self.described[place]
        primary, *others = state.deployments
        left = state.desired - running
        kept = []
        for each in others:
            mine = min(each.running, left)
            left -= mine
            if mine:
                kept.append(replace(each, running=mine))
        self.described[place] = replace(state, deployments=(replace(primary, running=running), *kept))
        self._change(place, running=running)

    def _complete(self, place: Place, status: str) -> None:
        state = self.described[place]
        primary = replace(state.deployments[0], running=state.desired, rollout_state="COMPLETED")
        self.described[place] = replace(state, deployments=(primary,))
        self.completed[place] = primary.task_definition
        self._change(place, status=status)
        if status == "SUCCESSFUL":
            self._change(place, running=state.desired)
        self._emit(place, "SERVICE_DEPLOYMENT_COMPLETED", primary.id)

    def _fail(self, place: Place, reason: str) -> None:
        primary, newest = self.described[place].deployments[0], self._newest(place)
        self._emit(place, "SERVICE_DEPLOYMENT_FAILED", primary.id)
        if newest is not None and self.forward[newest.arn]:
            self._change(place, status="STOPPED", status_reason=reason)
        else:
            self._turn_back(place, reason)

    def _turn_back(self, place: Place, reason: str) -> None:
        goal = self.completed.pop(place, None)
        if goal is None:
            self._change(place, status="ROLLBACK_FAILED", status_reason=reason)
            return
        self._change(place, status="ROLLBACK_IN_PROGRESS", status_reason=reason, rollback_reason=reason)
        self._begin(place, goal)


class SmallTasks(FakeTasks):
    """One-off tasks that run until the schedule ends them; `_purpose` maps them to their task definitions."""

    def __init__(self) -> None:
        super().__init__()
        self._purpose: dict[str, str] = {}

    def run(
        self,
        target: Target,
        cluster: str,
        service: str,
        task_definition: str,
        container: str,
        command: Sequence[str],
        *,
        key: str,
    ) -> str:
        arn = super().run(target, cluster, service, task_definition, container, command, key=key)
        return self._noted(arn, task_definition)

    def _noted(self, arn: str, task_definition: str) -> str:
        self._purpose[arn] = task_definition
        return arn

    def _going(self) -> list[OneOffTask]:
        return [task for _, task in sorted(self.known.items()) if not task.stopped]
