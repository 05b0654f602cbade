"""Waits that should have ended: the event that decides them was lost, or came before anybody listened."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tidegate.domain.arns import ecs_name
from tidegate.domain.outcome import StopSignal
from tidegate.domain.release import Release
from tidegate.domain.scan import PENDING
from tidegate.ports import Ports, Wait
from tidegate.steps.resume import resume

GATES = ("scan", "approval", "lock", "freeze", "soak")
"""What a release waits for while it changes nothing: there a stop signal ends the wait."""


def wake_overdue(ports: Ports, release: Release, grace: timedelta) -> list[str]:
    """Resume what a release waits for although it is decided, or has expired.

    Args:
        ports: The world.
        release: The release.
        grace: What waits for less is left to its event, and to the step that stored it and looks itself.

    Returns:
        A word for each.
    """
    woken = []
    for wait in ports.waits.of_release(release.id):
        why = _why(ports, release, wait, grace)
        if why is not None:
            resume(ports, [wait], "sweep")
            woken.append(why)
    return woken


def _why(ports: Ports, release: Release, wait: Wait, grace: timedelta) -> str | None:
    now = ports.clock.now()
    if now - wait.created_at < grace:
        return None
    if now >= wait.expires_at:
        return "expired_waits"
    kind, _, rest = wait.subject.partition("/")
    told = release.stop in (StopSignal.SUPERSEDED, StopSignal.CANCELLED) and kind in GATES
    decided = _DECIDED.get(kind)
    if told or (decided is not None and decided(ports, rest)):
        return f"woken_{kind.replace('-', '_')}"
    return None


def _scan(ports: Ports, rest: str) -> bool:
    repository, _, digest = rest.rpartition("@")
    status = ports.registry.scan(ports.home, repository, digest).status
    return status is not None and status not in PENDING


def _service_deployment(ports: Ports, rest: str) -> bool:
    place = ecs_name(rest)
    if place is None:
        return False
    deployments = ports.services.deployments(place.target, place.cluster, place.name)
    return not deployments or not deployments[0].in_flight


def _task(ports: Ports, rest: str) -> bool:
    place = ecs_name(rest)
    if place is None:
        return False
    task = ports.tasks.describe(place.target, place.cluster, rest)
    return task is None or task.stopped


def _lock(ports: Ports, rest: str) -> bool:
    """A lock is worth asking for when nobody holds it and the environment is not frozen."""
    service, _, environment = rest.partition("/")
    if ports.locks.holder(service, environment) is not None:
        return False
    return ports.freezes.reason(service, environment) is None


def _approval(ports: Ports, rest: str) -> bool:
    approval = ports.approvals.get(rest)
    return approval is None or not approval.open_at(ports.clock.now())


_DECIDED: dict[str, Callable[[Ports, str], bool]] = {
    "scan": _scan,
    "service-deployment": _service_deployment,
    "task": _task,
    "lock": _lock,
    "freeze": _lock,
    "approval": _approval,
}
