"""Take a canary back: weight first, then tasks, then scaling. From every state, by whoever is in charge.

The step that ends a canary uses it, a restore, the next canary, and, when nobody is left to do so, the pulse
and the sweep. Every piece looks at the world first, does what is missing and may be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

from tidegate.domain.canary import Canary, canary_service, schedule_name, tells
from tidegate.domain.scaling import given_back
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports
from tidegate.steps import canary_evidence
from tidegate.steps.acquire_lock import UNKNOWN
from tidegate.steps.canaries import change, close
from tidegate.steps.canary_traffic import Fence, no_fence, return_traffic
from tidegate.steps.guard import check_owner
from tidegate.steps.preempting import seconds_left
from tidegate.steps.scope import Scope, scope_of
from tidegate.steps.sticky_clients import keep_again, tell_called_back

SETTLING = timedelta(seconds=10)
"""How long the canary's tasks are kept after the listener rules were changed.

What DescribeRules shows is what was asked for; the nodes of the load balancer follow some seconds later, and
AWS says neither when nor in which order. A node that still follows the old weights must not find nothing but
targets that are draining, which get no new requests: it would answer 503. Requests in flight are ECS's to
wait for: it deregisters a task's targets and stops the task after their deregistration delay.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
"""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """How far a canary has been taken back.

    ``returning``: the weights were set, must be read again and have their time, or a function of an execution
    that was stopped may still be at work; ``blocked``: a listener rule that somebody else has changed still
    leads to the canary, whose tasks are therefore kept; ``withdrawn``: no traffic, and no tasks are wanted
    any more. ``reason`` says what people have to know, if anything.
    """

    outcome: Literal["returning", "blocked", "withdrawn"]
    canary: Canary
    reason: str = ""


def withdraw(ports: Ports, canary: Canary, root: str | None) -> Withdrawal:
    """Take a canary one step further back.

    Args:
        ports: The world.
        canary: The record, as it was read.
        root: The execution that owns the lock; None for the pulse and the sweep, which act only as long as
            nobody else does.

    Returns:
        After ``returning`` it is to be called again: setting weights and reading them are two steps, with
        `SETTLING` between them. A function that outlives its execution may give the canary traffic or tasks
        once more: its tasks stay until there can be no such function, and then all of them go.

    Raises:
        Transient: the weights do not hold yet, or the evidence could not be stored for now.
        Terminal: somebody else has the lock.
    """
    if canary.strategy != "canary" and canary.phase != "ended":
        return Withdrawal("withdrawn", _without_traffic(ports, canary))

    def may_be_outlived() -> bool:
        return root != canary.root and _is_outlived(ports, canary.root)

    return _one_step_back(ports, canary, partial(_fence, ports, canary, root), may_be_outlived)


def withdraw_own(ports: Ports, canary: Canary, root: str) -> Withdrawal:
    """The same for the execution whose canary it is: no other one's functions can still be at work."""

    def fence() -> None:
        check_owner(ports, canary.service, canary.environment, root)

    return _one_step_back(ports, canary, fence, lambda: False)


def _one_step_back(
    ports: Ports, canary: Canary, fence: Fence, may_be_outlived: Callable[[], bool]
) -> Withdrawal:
    if canary.phase in ("withdrawn", "ended"):
        return Withdrawal("withdrawn", canary)
    scope = scope_of(ports, canary.release, canary.environment)
    was_returning = canary.phase == "returning"
    traffic = return_traffic(ports, scope, canary, fence)
    now = ports.clock.now()
    canary = change(ports, traffic.canary, partial(_returning, now=now, changed=traffic.changed))
    if traffic.changed:
        if was_returning:
            raise Transient(f"The listener rules of {canary.service} did not keep the weights they were set.")
        return Withdrawal("returning", canary, traffic.said)
    if traffic.blocked:
        return Withdrawal("blocked", canary, traffic.said)
    is_settling = canary.returned_at is not None and now < canary.returned_at + SETTLING
    if is_settling or may_be_outlived():
        return Withdrawal("returning", canary, traffic.said)
    tell_called_back(ports, canary)
    _clear(ports, scope, canary, fence)
    address = _store_evidence(ports, scope, canary)
    canary = change(ports, canary, partial(_withdrawn, now=now, address=address, said=traffic.said))
    return Withdrawal("withdrawn", canary)


def rescue(ports: Ports, canary: Canary) -> Withdrawal:
    """Take back one step further what nobody is left to take back; see `is_abandoned`."""
    reason = "Its execution stopped before the canary had come to an end."
    canary = change(ports, canary, lambda each: tells(each, "fail", reason))
    return withdraw(ports, canary, None)


def finish(ports: Ports, canary: Canary) -> bool:
    """End a withdrawn canary whose last tasks and cookies are gone; True once it has ended.

    What a function whose execution was stopped may have done since is undone here: as long as the record has
    not ended no other canary can begin, so nobody else's doing can be meant.
    """
    if canary.phase == "ended":
        return True
    if canary.phase != "withdrawn":
        return False
    scope = scope_of(ports, canary.release, canary.environment)
    traffic = return_traffic(ports, scope, canary, no_fence)
    if traffic.changed or traffic.blocked:
        return False
    _clear(ports, scope, canary, no_fence)
    environment = scope.environment
    name = canary_service(environment.service)
    state = ports.services.describe(environment.target, environment.cluster, name)
    if state is not None and state.running + state.pending > 0:
        return False
    canary = keep_again(ports, scope, canary)
    if canary.stickiness:
        return False
    ports.schedules.remove(schedule_name(ports.stack, canary.service, canary.environment))
    now = ports.clock.now()
    close(ports, canary, lambda each: replace(each, phase="ended", held=False, ended_at=now))
    return True


def is_abandoned(ports: Ports, canary: Canary) -> bool:
    """Whether nobody is left to take a canary back: its execution has stopped, and nobody has the lock."""
    if _may_run(ports, canary.root, ports.clock.now() - canary.opened_at):
        return False
    lock = ports.locks.holder(canary.service, canary.environment)
    return lock is None or not _may_run(ports, lock.owner, ports.clock.now() - lock.acquired_at)


def _clear(ports: Ports, scope: Scope, canary: Canary, fence: Fence) -> None:
    """Tasks and scaling. The canary's own scaling goes first, or its minimum would bring tasks back."""
    environment = scope.environment
    place, name = (environment.target, environment.cluster), canary_service(environment.service)
    if ports.scaling.describe(*place, name) is not None:
        fence()
        ports.scaling.remove(*place, name)
    state = ports.services.describe(*place, name)
    if state is not None and state.desired > 0:
        fence()
        ports.services.resize(*place, name, 0)
    if canary.held and canary.scaling is not None:
        live = ports.scaling.describe(*place, environment.service)
        wanted = given_back(live.suspended, canary.scaling.suspended) if live else None
        if live is not None and wanted is not None and wanted != live.suspended:
            fence()
            ports.scaling.suspend(*place, environment.service, wanted)


def _store_evidence(ports: Ports, scope: Scope, canary: Canary) -> str:
    """The address of the evidence; a bucket that refuses it does not keep a canary from being taken back."""
    try:
        return canary_evidence.store(ports, scope, canary)
    except Terminal as error:
        return f"none: {error}"


def _without_traffic(ports: Ports, canary: Canary) -> Canary:
    """A bake that is judged has nothing of its own in the world but its pulse."""
    ports.schedules.remove(schedule_name(ports.stack, canary.service, canary.environment))
    now = ports.clock.now()
    return close(ports, canary, lambda each: replace(each, phase="ended", ended_at=now))


def _returning(canary: Canary, now: datetime, *, changed: bool) -> Canary:
    """The record of a canary that gets no traffic any more, and since when.

    A change of which only the noting was lost counts from now on.
    """
    if canary.phase in ("withdrawn", "ended"):
        return canary
    is_new = changed or (canary.returned_at is None and canary.step >= 0)
    since = now if is_new else canary.returned_at
    return replace(canary, phase="returning", weight=0.0, shifted_at=None, returned_at=since)


def _withdrawn(canary: Canary, now: datetime, address: str, said: str) -> Canary:
    if canary.phase != "returning":
        return canary
    reason = f"{canary.reason} {said}".strip()
    return replace(canary, phase="withdrawn", withdrawn_at=now, evidence_at=address, reason=reason)


def _fence(ports: Ports, canary: Canary, root: str | None) -> None:
    if root is not None:
        check_owner(ports, canary.service, canary.environment, root)
    elif not is_abandoned(ports, canary):
        raise Terminal(f"Somebody is in charge of the canary of {canary.service} in {canary.environment}.")


def _is_outlived(ports: Ports, execution: str) -> bool:
    """Whether a function may still be at work whose execution was stopped."""
    found = ports.machines.describe(execution)
    return found is not None and seconds_left(ports, found) > 0


def _may_run(ports: Ports, execution: str, since: timedelta) -> bool:
    """Whether an execution may still change something; one that is not known may be very young."""
    found = ports.machines.describe(execution)
    return since < UNKNOWN if found is None else found.running
