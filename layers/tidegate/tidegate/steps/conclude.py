"""Write the terminal record of an execution, leave nothing behind, and tell people how it ended."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel

from tidegate.domain.approval import ApprovalStatus
from tidegate.domain.causes import readable
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release
from tidegate.domain.service import Service
from tidegate.ports import Ports
from tidegate.steps.acquire_lock import lock_subject
from tidegate.steps.notices import tell
from tidegate.steps.resume import wake


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
    outcome, reason = _outcome(command), command.reason
    release = ports.releases.get(command.release) if command.release else None
    if release is not None and not (
        command.kind == "release" and release.execution not in (None, command.root)
    ):
        outcome, reason = _end(command, ports, release, outcome)
    _leave_nothing(command, ports, release)
    record = _journal(command, ports, outcome, reason)
    _tell(command, ports, release, outcome, reason)
    return {"outcome": str(outcome), "reason": reason[:3000], "release": command.release, "record": record}


def _outcome(command: Command) -> Outcome:
    """An outcome that is not terminal, or that nobody knows, is a failure."""
    try:
        return Outcome(command.outcome)
    except ValueError:
        return Outcome.FAILED


def _end(command: Command, ports: Ports, release: Release, outcome: Outcome) -> tuple[Outcome, str]:
    """End the release: with its own outcome, or as rolled back by the rollback that now ends."""
    of_release = outcome
    if command.kind == "rollback":
        of_release = Outcome.ROLLED_BACK if outcome is Outcome.SUCCEEDED else Outcome.FAILED
        if outcome in (Outcome.REJECTED, Outcome.CANCELLED):
            return outcome, command.reason
    ended = ports.releases.end(
        release.id, of_release, command.reason[:3000], at=ports.clock.now(), environment=command.environment
    )
    if ended or command.kind == "rollback":
        return outcome, command.reason
    stands = ports.releases.get(release.id)
    if stands is None or stands.outcome is None:
        return outcome, command.reason
    return stands.outcome, stands.outcome_reason or command.reason


def _leave_nothing(command: Command, ports: Ports, release: Release | None) -> None:
    """No lock, no wait and no open question outlives the execution that made it."""
    if release is None:
        return
    for environment in {*release.touched, *([command.environment] if command.environment else [])}:
        if ports.locks.release(release.service, environment, owner=command.root):
            wake(ports, lock_subject(release.service, environment), "released")
    if command.kind != "release" or release.execution not in (None, command.root):
        return
    for approval in ports.approvals.pending_of(release.id):
        ports.approvals.decide(
            approval.id, ApprovalStatus.VOID, by=None, comment=command.reason[:500], at=ports.clock.now()
        )
    for wait in ports.waits.of_release(release.id):
        ports.waits.remove(wait)


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
