"""Write the terminal record of an execution, leave nothing behind, and tell people how it ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import BaseModel

from tidegate.domain.approval import ApprovalStatus
from tidegate.domain.causes import readable
from tidegate.domain.deployment import Deployment
from tidegate.domain.intake import concluded_key
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release
from tidegate.domain.service import Service
from tidegate.ports import Ports
from tidegate.steps.approval_mail import tell_decided
from tidegate.steps.measuring import count, measured
from tidegate.steps.mint import of_execution
from tidegate.steps.notices import tell
from tidegate.steps.resume import call_next, wake_release


class Command(BaseModel):
    """``kind`` says what ended: a release, a rollback of one, or an operator's request."""

    kind: Literal["release", "rollback", "request"]
    root: str
    release: str | None = None
    service: str | None = None
    environment: str | None = None
    outcome: str
    reason: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """The first terminal record stands; a repeated call returns it again."""
    command = command.model_copy(update={"reason": readable(command.reason)})
    release = _release(command, ports)
    if release is not None:
        command = command.model_copy(update={"release": release.id})
    outcome, reason = _outcome(command), command.reason
    if release is not None and _may_end(command, release):
        outcome, reason = _end(command, ports, release, outcome)
    _leave_nothing(command, ports, release, outcome)
    record = _journal(command, ports, outcome, reason)
    _tell(command, ports, release, outcome, reason)
    if release is not None and command.kind == "release" and _may_end(command, release):
        # Last of all, so that the sweep finds an ending that broke off: its release looks ended like others.
        key = concluded_key(release.id, release.attempt)
        ports.intake.first(key, at=ports.clock.now(), value=str(outcome))
    result = {"outcome": str(outcome), "reason": reason[:3000], "release": command.release, "record": record}
    return measured(result, [count("RollbacksEnded", str(outcome))] if command.kind == "rollback" else [])


def _release(command: Command, ports: Ports) -> Release | None:
    """The release that ends: the one that is named, or that of an execution which broke before it knew."""
    if command.release is not None:
        return ports.releases.get(command.release)
    found = of_execution(ports, command.root) if command.kind == "release" else None
    return found if found is not None and _may_end(command, found) else None


def _may_end(command: Command, release: Release) -> bool:
    """Another execution's release is not ours to end; a rollback may end any, a request none."""
    if command.kind == "release":
        return release.execution in (None, command.root)
    return command.kind == "rollback"


def _outcome(command: Command) -> Outcome:
    """An outcome that is not terminal, or that nobody knows, is a failure."""
    try:
        return Outcome(command.outcome)
    except ValueError:
        return Outcome.FAILED


def _end(command: Command, ports: Ports, release: Release, outcome: Outcome) -> tuple[Outcome, str]:
    """End the release: with its own outcome, or as rolled back by the rollback that now ends."""
    is_rollback, of_release = command.kind == "rollback", outcome
    if is_rollback:
        if outcome in (Outcome.REJECTED, Outcome.CANCELLED):
            return outcome, command.reason
        of_release = Outcome.ROLLED_BACK if outcome is Outcome.SUCCEEDED else Outcome.FAILED
    ended = ports.releases.end(
        release.id, of_release, command.reason[:3000], at=ports.clock.now(), environment=command.environment
    )
    if ended or is_rollback:
        _close_what_is_open(command, ports, release, of_release)
        return outcome, command.reason
    stands = ports.releases.get(release.id)
    if stands is None or stands.outcome is None:
        return outcome, command.reason
    return stands.outcome, stands.outcome_reason or command.reason


def _close_what_is_open(command: Command, ports: Ports, release: Release, outcome: Outcome) -> None:
    """No deployment stays open when whoever could record how it ended is done."""
    how = Outcome.FAILED if outcome is Outcome.SUCCEEDED else outcome
    for deployment in ports.deployments.of_release(release.id):
        here = command.kind == "release" or deployment.environment == command.environment
        if here and deployment.outcome is None and not _half_done(command, ports, deployment, outcome):
            reason, now = command.reason[:3000], ports.clock.now()
            ports.deployments.close(replace(deployment, outcome=how, reason=reason, ended_at=now))


def _half_done(command: Command, ports: Ports, deployment: Deployment, outcome: Outcome) -> bool:
    """Whether we fail with the lock still in our hands: then our restore broke, and may have begun already.

    One that can do nothing says so, closes the deployment and gives the lock back. Of what broke, deployment
    and lock stay as they are until a rollback has finished it, which the safety net or the sweep starts.
    """
    if outcome is not Outcome.FAILED or (command.kind == "release" and deployment.outcome is not None):
        return False
    lock = ports.locks.holder(deployment.service, deployment.environment)
    return lock is not None and lock.owner == command.root


def _leave_nothing(command: Command, ports: Ports, release: Release | None, outcome: Outcome) -> None:
    """No lock, no wait and no open question outlives the execution that made it."""
    if release is None:
        return
    known = ports.deployments.of_release(release.id)
    half_done = {each.environment for each in known if _half_done(command, ports, each, outcome)}
    touched = {*release.touched, *([command.environment] if command.environment else [])}
    for environment in touched - half_done:
        if ports.locks.release(release.service, environment, owner=command.root):
            call_next(ports, release.service, environment)
    if not _may_end(command, release) or not _has_ended(command, ports, release):
        return
    for approval in ports.approvals.pending_of(release.id):
        void, why = ApprovalStatus.VOID, command.reason[:500]
        tell_decided(ports, replace(approval, status=void, comment=why), command.root)
        ports.approvals.decide(approval.id, void, by=None, comment=why, at=ports.clock.now())
    # The waits of another rollback of this release are not ours to end. A part that its root has left behind
    # is told to look again: it would wait on for as long as people may take.
    if command.kind == "release":
        wake_release(ports, release.id, "ended")


def _has_ended(command: Command, ports: Ports, release: Release) -> bool:
    """A rollback that was refused ends nothing, and a retry of the release may have begun meanwhile."""
    if command.kind == "release":
        return True
    now = ports.releases.get(release.id)
    return now is not None and now.ended


def _journal(command: Command, ports: Ports, outcome: Outcome, reason: str) -> str:
    subject = command.release or command.root
    if command.kind == "rollback" and command.service:
        subject = f"{command.service}/{command.environment}"
    entry = {
        "kind": command.kind,
        "outcome": str(outcome),
        "reason": reason,
        "release": command.release,
        "environment": command.environment,
        "execution": command.root,
    }
    key = f"ended/{command.root.rpartition(':')[2]}"
    ports.journal.append(subject, f"{command.kind}.{outcome}", entry, at=ports.clock.now(), key=key)
    return f"{subject}/{key}"


def _tell(command: Command, ports: Ports, release: Release | None, outcome: Outcome, reason: str) -> None:
    service: Service | None = None
    name = command.service or (release.service if release else None)
    if name:
        found = ports.catalogue.get(name, release.revision if release else None)
        service = found[1] if found else None
    where = f" in {command.environment}" if command.environment else ""
    subject = {"release": "release", "rollback": "rollback", "request": "request"}[command.kind]
    tell(
        ports,
        key=f"ended/{command.root.rpartition(':')[2]}",
        kind=str(outcome),
        what=f"{name or 'Tidegate'}: {subject} {str(outcome).replace('_', ' ')}{where}",
        details={"Reason": reason, "Release": command.release, "Environment": command.environment},
        service=service,
        execution=command.root,
    )
