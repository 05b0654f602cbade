"""Clean up after an execution that stopped without recording how it ended: restore, record, free its locks.

Used by the event of a failed execution and by the sweep. Everything may be repeated: a rollback is named
after its cause, and the first terminal record stands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import Release
from tidegate.domain.service import Service
from tidegate.domain.watch import at_risk, ending, rollback_name
from tidegate.ports import Execution, Ports
from tidegate.steps import conclude
from tidegate.steps.acquire_lock import lock_subject
from tidegate.steps.notices import tell
from tidegate.steps.resume import wake
from tidegate.steps.scope import service_at

PATIENCE = timedelta(minutes=15)
"""How long a rollback that stopped an execution may take until it has taken that execution's lock."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """What was done about a stopped execution.

    ``done`` is ``recorded`` (a terminal record exists), ``later_attempt`` (it is no longer the release's
    execution), ``in_charge`` (a rollback sees to it), ``ended`` (we wrote the record), ``rollback_started``,
    or ``people_called``.
    """

    done: str
    reason: str


def recover(ports: Ports, release: Release, execution: Execution) -> Recovery:
    """Do what the root execution of a release can no longer do.

    Args:
        ports: The world.
        release: The release, as the ledger has it.
        execution: An execution of it that has stopped.
    """
    _, service = service_at(ports, release.service, release.revision)
    if release.execution not in (None, execution.arn):
        free_locks(ports, service, execution.arn)
        return Recovery("later_attempt", f"{release.id} has another execution by now.")
    deployments = ports.deployments.of_release(release.id)
    environment = at_risk(deployments)
    if release.outcome is not None and (release.outcome is not Outcome.FAILED or environment is None):
        # Written by the execution itself, or by us: then what an earlier try left out is made up for.
        _record(ports, release, "release", execution.arn, release.outcome, release.outcome_reason or "", None)
        free_locks(ports, service, execution.arn)
        return Recovery("recorded", f"{release.id} ended as {release.outcome}.")
    if _in_charge(ports, release, service, execution):
        return Recovery("in_charge", "A rollback stopped it and sees to the rest.")
    if environment is not None:
        return _roll_back(ports, release, environment, execution)
    outcome, reason = ending(release, execution.status, deployments)
    _record(ports, release, "release", execution.arn, outcome, reason, None)
    environment = at_risk(ports.deployments.of_release(release.id))
    if environment is not None:  # Its last function, which outlived it, has opened a deployment meanwhile.
        return _roll_back(ports, release, environment, execution)
    free_locks(ports, service, execution.arn)
    return Recovery("ended", f"{release.id} ended as {outcome}: {reason}")


def recover_rollback(ports: Ports, release: Release, environment: str, rollback: str) -> Recovery:
    """Do what a rollback that stopped can no longer do: finish its record, or roll back once more.

    Args:
        ports: The world.
        release: The release that it wanted to get away from.
        environment: Where.
        rollback: ARN of the rollback.
    """
    _, service = service_at(ports, release.service, release.revision)
    done = [each for each in ports.deployments.of_release(release.id) if each.environment == environment]
    newest = done[-1] if done else None
    if newest is None or (newest.outcome in (None, Outcome.SUCCEEDED) and newest.revoked is None):
        return roll_back_again(ports, release, environment, rollback)
    outcome = Outcome.FAILED if newest.outcome is Outcome.FAILED else Outcome.SUCCEEDED
    reason = newest.revoked or newest.reason or f"{environment} was rolled back."
    _record(ports, release, "rollback", rollback, outcome, reason, environment)
    free_locks(ports, service, rollback)
    return Recovery("recorded", reason)


def roll_back_again(ports: Ports, release: Release, environment: str, rollback: str) -> Recovery:
    """Start a rollback once more after one that stopped half-way; after the second, call people.

    Args:
        ports: The world.
        release: The release to get away from.
        environment: Where.
        rollback: ARN of the rollback that stopped.
    """
    key = f"rollback-again/{release.id}/{environment}"
    first = ports.intake.first(key, at=ports.clock.now(), value=rollback)
    if first == rollback:
        reason = f"The rollback of {environment} stopped before it was done."
        second = _start(ports, release, environment, rollback, reason)
        if not has_stopped(ports, second):
            return Recovery("rollback_started", reason)
    return _call_people(ports, release, environment, rollback)


def free_locks(ports: Ports, service: Service, owner: str) -> None:
    """Give back every lock of a service that a stopped execution holds, and call the next in line."""
    for environment in service.environments:
        # True also for one that it gave back itself: whoever waits may not have been called then.
        if ports.locks.release(service.name, environment.name, owner=owner):
            wake(ports, lock_subject(service.name, environment.name), "released")


def has_stopped(ports: Ports, execution: str) -> bool:
    """Whether Step Functions says that an execution can no longer change anything.

    One that it does not know yet may have been started a moment ago: DescribeExecution is eventually
    consistent (https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html).
    """
    found = ports.machines.describe(execution)
    return found is not None and not found.running


def _in_charge(ports: Ports, release: Release, service: Service, execution: Execution) -> bool:
    """Whether a rollback has stopped the execution on purpose, or holds one of its locks, and is at work."""
    stopped_at = execution.stopped_at
    if release.stop is StopSignal.ROLLED_BACK and stopped_at and ports.clock.now() - stopped_at < PATIENCE:
        return True
    for environment in service.environments:
        lock = ports.locks.holder(service.name, environment.name)
        if lock is None or lock.owner == execution.arn or lock.release != release.id:
            continue
        if not has_stopped(ports, lock.owner):
            return True
    return False


def _roll_back(ports: Ports, release: Release, environment: str, execution: Execution) -> Recovery:
    """Restore what was being changed. The dead execution keeps its lock until the rollback takes it over."""
    how = {"ABORTED": "was aborted", "TIMED_OUT": "timed out"}.get(execution.status, "failed")
    reason = f"Its execution {how} while {environment} was being changed."
    rollback = _start(ports, release, environment, execution.arn, reason)
    if has_stopped(ports, rollback):
        return roll_back_again(ports, release, environment, rollback)
    return Recovery("rollback_started", reason)


def _start(ports: Ports, release: Release, environment: str, cause: str, reason: str) -> str:
    payload = {
        "service": release.service,
        "environment": environment,
        "release": release.id,
        "reason": reason,
        "automatic": True,
    }
    return ports.machines.start("rollback", rollback_name(release.id, cause), payload)


def _call_people(ports: Ports, release: Release, environment: str, rollback: str) -> Recovery:
    _, service = service_at(ports, release.service, release.revision)
    reason = f"The automatic rollback of {environment} stopped twice; people must look at it."
    for deployment in ports.deployments.of_release(release.id):
        if deployment.outcome is None:
            now = ports.clock.now()
            ports.deployments.close(replace(deployment, outcome=Outcome.FAILED, reason=reason, ended_at=now))
    _record(ports, release, "rollback", rollback, Outcome.FAILED, reason, environment)
    for owner in {rollback, release.execution} - {None}:
        free_locks(ports, service, str(owner))
    tell(
        ports,
        key=f"people/{release.id}/{environment}",
        kind="failed",
        what=f"{release.service}: {environment} needs people, the automatic rollback stopped twice",
        details={"Release": release.id, "Environment": environment, "Reason": reason},
        service=service,
        execution=rollback,
        loud=True,
    )
    return Recovery("people_called", reason)


def _record(
    ports: Ports,
    release: Release,
    kind: str,
    root: str,
    outcome: Outcome,
    reason: str,
    environment: str | None,
) -> None:
    """Write the terminal record just as the execution itself would have done."""
    command = conclude.Command.model_validate(
        {
            "kind": kind,
            "root": root,
            "release": release.id,
            "service": release.service,
            "environment": environment,
            "outcome": outcome.value,
            "reason": reason,
        }
    )
    conclude.run(command, ports)
