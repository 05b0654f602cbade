"""Whether what was deployed is what runs, and whether it is healthy: the truth at the end of a deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tidegate.domain.workload import ContainerState, ServiceState, TargetState, TaskState

NO_TASK = "desired count"
"""The name of the check that fails where no task is meant to run: it says nothing of the image."""

CheckStatus = Literal["passed", "pending", "failed"]


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a verification: what was looked at, how it stands, and the figures in a sentence."""

    name: str
    status: CheckStatus
    reason: str


@dataclass(frozen=True, slots=True)
class Expected:
    """What must run.

    Attributes:
        task_definition: Its ARN.
        digests: Container name to image digest, for the containers that Tidegate feeds.
        health_checked: Containers whose task definition has a health check.
        pinned: Container name to image digest, for the others that the task definition pins: ECS does not
            report the digest of every image from outside, but one that it reports must be this.
    """

    task_definition: str
    digests: Mapping[str, str]
    health_checked: frozenset[str] = frozenset()
    pinned: Mapping[str, str] = field(default_factory=dict)


def verify(
    expected: Expected,
    service: ServiceState | None,
    tasks: Sequence[TaskState],
    targets: Mapping[str, Sequence[TargetState]],
    alarms: Mapping[str, str | None],
) -> tuple[Check, ...]:
    """Compare the world with what must run.

    Args:
        expected: What was deployed.
        service: The service as it is; None when it is gone.
        tasks: Its tasks that are meant to run.
        targets: Target group ARN to the state of its targets.
        alarms: Alarm name to its state; None for an alarm that does not exist.
    """
    if service is None:
        return (Check("service", "failed", "The ECS service, or its cluster, is gone."),)
    checks = [_revision(expected, service), _counts(service), _digests(expected, service, tasks)]
    checks.append(_containers(expected, tasks))
    if expected.health_checked:
        checks.append(_container_health(expected, tasks))
    checks += [_target_health(group, states, service.desired) for group, states in sorted(targets.items())]
    checks += [_alarm(name, state) for name, state in sorted(alarms.items())]
    return tuple(checks)


def outcome(checks: Iterable[Check]) -> CheckStatus:
    """The worst of all lines: one failure fails, one pending line keeps it pending."""
    statuses = {check.status for check in checks}
    if "failed" in statuses:
        return "failed"
    return "passed" if statuses == {"passed"} else "pending"


def sentence(checks: Iterable[Check], status: CheckStatus) -> str:
    """The reasons of all lines with a status, as one text."""
    return " ".join(f"{check.name}: {check.reason}" for check in checks if check.status == status)


def _revision(expected: Expected, service: ServiceState) -> Check:
    if service.task_definition != expected.task_definition:
        return Check("revision", "failed", f"The service runs {_short(service.task_definition)}.")
    if not service.settled:
        return Check("revision", "pending", f"{len(service.deployments)} deployments are still active.")
    return Check("revision", "passed", f"{_short(expected.task_definition)} is the only deployment.")


def _counts(service: ServiceState) -> Check:
    if service.desired == 0:
        return Check(NO_TASK, "failed", "No task is meant to run, so nothing proves that it works.")
    figures = f"{service.running} of {service.desired} tasks run, {service.pending} are pending."
    reached = service.running == service.desired and service.pending == 0
    return Check("tasks", "passed" if reached else "pending", figures)


def _digests(expected: Expected, service: ServiceState, tasks: Sequence[TaskState]) -> Check:
    running = [task for task in tasks if task.last_status == "RUNNING"]
    for task in running:
        if task.task_definition != expected.task_definition:
            reason = f"Task {task.id} still runs {_short(task.task_definition)}."
            return Check("digests", "pending", reason)
        for name, digest in sorted(expected.digests.items()):
            found = _container(task, name)
            if found is None or found.digest is None:
                return Check(
                    "digests", "pending", f"Task {task.id} does not report the digest of {name} yet."
                )
            if found.digest != digest:
                return Check("digests", "failed", f"Task {task.id} runs {found.digest} as {name}.")
        for name, digest in sorted(expected.pinned.items()):
            found = _container(task, name)
            if found is not None and found.digest not in (None, digest):
                return Check("digests", "failed", f"Task {task.id} runs {found.digest} as {name}.")
    if len(running) < service.desired:
        return Check(
            "digests", "pending", f"Only {len(running)} of {service.desired} tasks report their digests."
        )
    return Check("digests", "passed", f"All {len(running)} tasks run the released digests.")


def _containers(expected: Expected, tasks: Sequence[TaskState]) -> Check:
    """Every container of every running task; one that has ended, as an init container does, ended well."""
    seen = [
        (task, container)
        for task in tasks
        if task.last_status == "RUNNING" and task.task_definition == expected.task_definition
        for container in task.containers
    ]
    broken = [
        f"{container.name} in task {task.id} ended with exit code {container.exit_code}"
        for task, container in seen
        if container.last_status == "STOPPED" and container.exit_code != 0
    ]
    if broken:
        return Check("containers", "failed", f"{'; '.join(broken[:3])}.")
    waiting = [container.name for _, container in seen if container.last_status not in ("RUNNING", "STOPPED")]
    if waiting:
        return Check("containers", "pending", f"{', '.join(sorted(set(waiting)))} has not started yet.")
    return Check("containers", "passed", f"All {len(seen)} containers run, or have ended well.")


def _container_health(expected: Expected, tasks: Sequence[TaskState]) -> Check:
    states = [
        (task, _container(task, name))
        for task in tasks
        if task.last_status == "RUNNING" and task.task_definition == expected.task_definition
        for name in sorted(expected.health_checked)
    ]
    sick = [
        f"{state.name} in task {task.id}" for task, state in states if state and state.health == "UNHEALTHY"
    ]
    if sick:
        return Check("container health", "failed", f"Unhealthy: {', '.join(sick[:3])}.")
    healthy = sum(1 for _, state in states if state and state.health == "HEALTHY")
    status: CheckStatus = "passed" if healthy == len(states) else "pending"
    return Check(
        "container health", status, f"{healthy} of {len(states)} health-checked containers are healthy."
    )


def _target_health(group: str, states: Sequence[TargetState], desired: int) -> Check:
    name = f"targets of {group.split('/')[1] if '/' in group else group}"
    healthy = sum(1 for state in states if state.state == "healthy")
    others = sorted(
        {f"{each.state} ({each.reason})" if each.reason else each.state for each in states} - {"healthy"}
    )
    figures = (
        f"{healthy} of {desired} targets are healthy{'; others: ' + ', '.join(others) if others else ''}."
    )
    return Check(name, "passed" if healthy >= desired else "pending", figures)


def _alarm(name: str, state: str | None) -> Check:
    if state is None:
        return Check(f"alarm {name}", "failed", "The alarm does not exist.")
    if state == "ALARM":
        return Check(f"alarm {name}", "failed", "The alarm is in ALARM.")
    known = state in ("OK", "INSUFFICIENT_DATA")
    return Check(f"alarm {name}", "passed" if known else "pending", f"The alarm is {state}.")


def _container(task: TaskState, name: str) -> ContainerState | None:
    return next((container for container in task.containers if container.name == name), None)


def _short(task_definition: str) -> str:
    return task_definition.rpartition("/")[2]
