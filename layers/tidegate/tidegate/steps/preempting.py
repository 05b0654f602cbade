"""Stop whoever works on an environment, and see to what they leave half done elsewhere."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from tidegate.domain.arns import machine_of
from tidegate.domain.outcome import StopSignal
from tidegate.domain.release import Release
from tidegate.domain.watch import rollback_name
from tidegate.ports import Execution, Ports
from tidegate.steps.resume import wake_release

LONGEST_FUNCTION_SECONDS = 60
"""The longest function timeout in the template; a test compares the two."""


def preempt(ports: Ports, release: Release, environment: str, root: str, reason: str) -> int:
    """Stop the executions that may change an environment, and roll back where else they were at work.

    Another rollback is not stopped: it is waited for, by its lock.

    Returns:
        How many seconds a function of theirs may still run, and change something, although they have stopped.
        Trying again gives what is left of them.
    """
    if not release.ended:
        ports.releases.stop(release.id, StopSignal.ROLLED_BACK, reason, unless_production=False)
        wake_release(ports, release.id, StopSignal.ROLLED_BACK.value)
    holder = ports.locks.holder(release.service, environment)
    owners = {release.execution, holder.owner if holder else None} - {None, root}
    seconds = [_stop(ports, owner, root, reason) for owner in sorted(str(each) for each in owners)]
    _roll_back_elsewhere(ports, release, environment)
    return max(seconds, default=0)


def _stop(ports: Ports, owner: str, root: str, reason: str) -> int:
    execution = ports.machines.describe(owner)
    if execution is None or machine_of(owner) == f"{ports.stack}-rollback":
        return 0
    if execution.running:
        ports.machines.stop(owner, error="rolled_back", cause=f"Pre-empted by {root}: {reason}"[:32_000])
        return LONGEST_FUNCTION_SECONDS
    return seconds_left(ports, execution)


def seconds_left(ports: Ports, execution: Execution) -> int:
    """How long a function may outlive an execution that was stopped from outside."""
    if execution.status not in ("ABORTED", "TIMED_OUT") or execution.stopped_at is None:
        return 0
    left = execution.stopped_at + timedelta(seconds=LONGEST_FUNCTION_SECONDS) - ports.clock.now()
    return min(max(0, ceil(left.total_seconds())), LONGEST_FUNCTION_SECONDS)


def _roll_back_elsewhere(ports: Ports, release: Release, environment: str) -> None:
    """Its execution has gone, so nobody else brings back what it was changing in another environment."""
    for deployment in ports.deployments.of_release(release.id):
        if deployment.outcome is not None or deployment.environment == environment:
            continue
        lock = ports.locks.holder(release.service, deployment.environment)
        if lock is not None and lock.owner != deployment.execution:
            continue  # Somebody sees to it already.
        payload = {
            "service": release.service,
            "environment": deployment.environment,
            "release": release.id,
            "reason": f"{release.id} was stopped while it was being deployed here.",
            "automatic": True,
        }
        cause = f"stopped/{deployment.environment}/{deployment.id}"
        ports.machines.start("rollback", rollback_name(release.id, cause), payload)
