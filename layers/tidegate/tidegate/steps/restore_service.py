"""Bring a service one step nearer to its last known good release, and say how far it is."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain import verification
from tidegate.domain.canary import tells
from tidegate.domain.deployment import Deployment
from tidegate.domain.strategy import native
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.canaries import change
from tidegate.steps.guard import check_owner
from tidegate.steps.known_good import active_task_definition, choose_target
from tidegate.steps.restoring import Progress, progress
from tidegate.steps.scope import Scope, current_deployment, scope_of
from tidegate.steps.verify_deployment import GRACE, look_back
from tidegate.steps.withdrawing import Withdrawal, finish, withdraw

SETTLED_WITHIN = timedelta(hours=1)
"""Health is waited for no longer than this: looking for it every few seconds has its price."""


class Command(BaseModel):
    """``cause`` is why; ``target`` the release to come back to, if somebody asked for one."""

    root: str
    release: str
    service: str
    environment: str
    cause: dict[str, Any]
    started_at: datetime
    target: str | None = None


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Take a canary back, stop what is in flight, deploy the target, verify it: whichever comes next.

    Idempotent: it reads the world first and does only what is missing. Repeated until it returns
    ``rolled_back`` or ``failed``; ``restoring`` waits for ECS, ``settling`` for health, or for the weights of
    a canary that was taken back.

    Raises:
        Terminal: ECS does not show the service. What cannot be seen may run all the same, so the restore
            breaks, and is tried again in a while before people are called.
    """
    scope = scope_of(ports, command.release, command.environment)
    taken = _take_canary_back(command, ports)
    result = _restore(command, ports, scope)
    if taken is None or taken.outcome == "withdrawn":
        return result
    # The service itself may be what it was; as long as the canary has requests, the environment is not.
    outcome, reason = result["outcome"], f"{result['reason']} {taken.reason}".strip()
    if outcome == "rolled_back":
        outcome = "failed" if taken.outcome == "blocked" else "settling"
    return {**result, "outcome": outcome, "reason": reason}


def _take_canary_back(command: Command, ports: Ports) -> Withdrawal | None:
    """Whoever's canary it is that lives here, it loses its traffic before anything else is changed.

    Returns:
        How far it is; None when there is none.
    """
    canary = ports.canaries.get(command.service, command.environment)
    if canary is None or canary.phase == "ended":
        return None
    if canary.phase != "withdrawn":
        reason = str(command.cause.get("reason") or "The service was restored.")[:2000]
        canary = change(ports, canary, lambda each: tells(each, "fail", reason))
        canary = (taken := withdraw(ports, canary, command.root)).canary
    else:
        taken = None
    if canary.phase == "withdrawn" and canary.step < 0:
        # Its pulse would end it when its last task is gone, but one that never had traffic may have none.
        finish(ports, canary)
    return taken


def _restore(command: Command, ports: Ports, scope: Scope) -> dict[str, Any]:
    choice = choose_target(ports, scope, command.target)
    if choice.deployment is None:
        return _without_target(command, ports, scope, choice.reason)
    target = choice.deployment
    arn = active_task_definition(ports, scope, target)
    stands = progress(ports, scope, arn, command.started_at)
    if stands.phase == "gone":
        raise Terminal(stands.reason)
    if stands.phase == "failed":
        return _result("failed", f"The rollback itself failed: {stands.reason}", target, arn)
    if stands.phase == "arrived":
        return _settle(command, ports, scope, target, arn, stands)
    if stands.phase == "other_in_flight":
        _stop(command, ports, scope, stands)
    elif stands.phase == "to_deploy":
        check_owner(ports, command.service, command.environment, command.root)
        environment = scope.environment
        place = (environment.target, environment.cluster, environment.service)
        ports.services.deploy(*place, arn, native(environment.strategy), pause=False)
        return _result("restoring", f"ECS deploys {target.release} again.", target, arn)
    return _result("restoring", stands.reason, target, arn)


def _stop(command: Command, ports: Ports, scope: Scope, stands: Progress) -> None:
    """Tell ECS to take back what it works on, unless it does so already."""
    if stands.newest is not None and stands.newest.status in ("PENDING", "IN_PROGRESS"):
        check_owner(ports, command.service, command.environment, command.root)
        ports.services.stop(scope.environment.target, stands.newest.arn)


def _without_target(command: Command, ports: Ports, scope: Scope, why: str) -> dict[str, Any]:
    """Leave the decision to people; what is in flight goes back, unless there is no way back."""
    deployment = current_deployment(ports, scope)
    if deployment is not None and not scope.past_no_return:
        stands = progress(ports, scope, "", command.started_at)
        newest = stands.newest
        if newest is not None and newest.in_flight and newest.task_definition == deployment.task_definition:
            _stop(command, ports, scope, stands)
            why = f"{why} ECS was told to take back the deployment in flight."
    return _result("failed", f"{why} People must decide.", None)


def _settle(
    command: Command, ports: Ports, scope: Scope, target: Deployment, arn: str, stands: Progress
) -> dict[str, Any]:
    digests = {name: image.rpartition("@")[2] for name, image in target.images.items()}
    seen = look_back(ports, scope, arn, digests)
    status = verification.outcome(seen.checks)
    if status == "passed":
        result = _result("rolled_back", f"{scope.environment.name} runs {target.release} again.", target, arn)
    elif status == "pending" and not _is_late(command, ports, scope, stands):
        result = _result("settling", verification.sentence(seen.checks, "pending"), target, arn)
    else:
        words = verification.sentence(seen.checks, "failed") or verification.sentence(seen.checks, "pending")
        result = _result(
            "failed", f"{target.release} was brought back but is not healthy: {words}", target, arn
        )
    return {**result, "checks": [asdict(check) for check in seen.checks]}


def _is_late(command: Command, ports: Ports, scope: Scope, stands: Progress) -> bool:
    """Whether health has been waited for long enough since ECS was done.

    ECS does not tell for how long a service has been steady, so the first look that finds it so is noted, for
    each of its deployments: however long ECS took, health gets its time.
    """
    now = ports.clock.now()
    settled = stands.newest.arn if stands.newest else "none"
    key = f"settled/{command.root}/{scope.environment.name}/{settled}"
    since = datetime.fromisoformat(ports.intake.first(key, at=now, value=now.isoformat()))
    allowed = min(timedelta(seconds=scope.environment.strategy.timeout_seconds), SETTLED_WITHIN)
    return now >= since + allowed + GRACE


def _result(outcome: str, reason: str, target: Deployment | None, arn: str | None = None) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "reason": reason[:2000],
        "task_definition": arn,
        "to_release": target.release if target else None,
        "to_images": target.images if target else {},
        "checks": [],
    }
