"""Take the lock of a service in an environment, or wait for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.arns import machine_of
from tidegate.domain.lock import Lock, lock_key
from tidegate.ports import Ports, Wait
from tidegate.steps.guard import told_to_stop
from tidegate.steps.preempting import seconds_left
from tidegate.steps.scope import current_deployment, release_of, scope_of

KEEP = timedelta(days=15)
UNKNOWN = timedelta(minutes=5)
"""How long an owner that Step Functions does not know may have been started a moment ago.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
"""


class Command(BaseModel):
    """``restoring``: no stop signal counts; ``only_if_touched``: without a change no lock is needed."""

    root: str
    release: str
    service: str
    environment: str
    token: str
    waiter: str
    only_if_touched: bool = False
    ignore_freeze: bool = False
    restoring: bool = False


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Answer the own token at once when the lock is granted or must not be taken; else wait for a signal.

    Idempotent: an owner that asks again is granted its own lock.
    """
    answer = _decide(command, ports)
    if answer is None:
        for subject in (lock_subject(command.service, command.environment), _freeze_subject(command)):
            now = ports.clock.now()
            wait = Wait(subject, command.waiter, command.token, command.release, now, now + KEEP)
            ports.waits.put(wait)
        answer = _decide(command, ports)
    if answer is not None:
        ports.machines.resume(command.token, answer)
        _forget(command, ports)
    return {"outcome": "waiting" if answer is None else answer["outcome"]}


def lock_subject(service: str, environment: str) -> str:
    """What a machine that waits for a lock waits for."""
    return f"lock/{lock_key(service, environment)}"


def freeze_subject(service: str, environment: str) -> str:
    """What a machine that is held by a freeze waits for."""
    return f"freeze/{lock_key(service, environment)}"


def _freeze_subject(command: Command) -> str:
    return freeze_subject(command.service, command.environment)


def _decide(command: Command, ports: Ports) -> dict[str, Any] | None:
    """The answer, or None while it has to wait."""
    if command.restoring:
        if command.only_if_touched and not _touched(command, ports):
            return {"outcome": "untouched", "reason": "Nothing was changed here."}
    else:
        stopped = told_to_stop(release_of(ports, command.release))
        if stopped is not None:
            return dict(stopped)
    if not command.ignore_freeze and ports.freezes.reason(command.service, command.environment) is not None:
        return None
    lock = _take(command, ports)
    if lock is None:
        return None
    return {"outcome": "granted", "reason": "The lock is ours.", "fence": lock.fence}


def _take(command: Command, ports: Ports) -> Lock | None:
    if not command.restoring and _is_half_changed(command, ports):
        return None
    lock = _acquire(command, ports)
    if lock is not None:
        return lock
    holder = ports.locks.holder(command.service, command.environment)
    if holder is None:
        return _acquire(command, ports)
    if not _has_stopped(holder, ports):
        return None
    if not command.restoring and _left_half_done(holder, command, ports):
        return None
    return ports.locks.take_over(
        command.service,
        command.environment,
        owner=command.root,
        release=command.release,
        at=ports.clock.now(),
        from_owner=holder.owner,
    )


def _acquire(command: Command, ports: Ports) -> Lock | None:
    return ports.locks.acquire(
        command.service,
        command.environment,
        owner=command.root,
        release=command.release,
        at=ports.clock.now(),
    )


def _touched(command: Command, ports: Ports) -> bool:
    scope = scope_of(ports, command.release, command.environment)
    return scope.environment.name in scope.release.touched and current_deployment(ports, scope) is not None


def _has_stopped(lock: Lock, ports: Ports) -> bool:
    """Whether nothing of the owner can change anything any more, its last function included."""
    execution = ports.machines.describe(lock.owner)
    if execution is None:
        return ports.clock.now() - lock.acquired_at >= UNKNOWN
    return not execution.running and seconds_left(ports, execution) == 0


def _is_half_changed(command: Command, ports: Ports) -> bool:
    """Whether a dead execution of another release has left the environment half changed.

    Its lock may be free: a restore that took it over, and had nothing to come back to, has given it back.
    """
    newest = next(iter(ports.deployments.latest(command.service, command.environment, 1)), None)
    if newest is None or newest.outcome is not None or newest.release == command.release:
        return False
    execution = ports.machines.describe(newest.execution)
    if execution is None or execution.running:
        return False
    release = ports.releases.get(newest.release)
    return release is not None and not release.ended


def _left_half_done(lock: Lock, command: Command, ports: Ports) -> bool:
    """Whether a dead owner may have left the environment half changed: its rollback then comes first.

    The safety net starts that rollback, which takes the lock over, or gives the lock back itself.
    """
    if machine_of(lock.owner) == f"{ports.stack}-rollback":
        return True
    release = ports.releases.get(lock.release)
    if release is None or release.id == command.release:
        return False
    if release.ended:  # having failed with a restore that broke
        known = ports.deployments.of_release(release.id)
        return any(each.environment == lock.environment and each.outcome is None for each in known)
    return lock.environment in release.touched


def _forget(command: Command, ports: Ports) -> None:
    for subject in (lock_subject(command.service, command.environment), _freeze_subject(command)):
        for wait in ports.waits.on(subject):
            if wait.name == command.waiter:  # whichever of its tokens: an earlier one may lie here still
                ports.waits.remove(wait)
