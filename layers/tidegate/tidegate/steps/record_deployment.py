"""Record how a release ended in an environment; on harm, say what is no longer good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, Field

from tidegate.domain.causes import readable
from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release
from tidegate.ports import Ports
from tidegate.steps.measuring import deployed, measured, taken_back
from tidegate.steps.notices import tell
from tidegate.steps.scope import Scope, current_deployment, deployments_here, scope_of


class Command(BaseModel):
    """``cause`` and ``restored`` are given when it ended badly: why, and what it was brought back to."""

    root: str
    release: str
    service: str
    environment: str
    outcome: str
    cause: dict[str, Any] | None = None
    restored: dict[str, Any] = Field(default_factory=dict)
    checks: list[dict[str, Any]] = Field(default_factory=list)


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Close the deployment, once; the first ending stands whatever is retried."""
    scope = scope_of(ports, command.release, command.environment)
    if command.cause is None:
        return _succeeded(command, ports, scope, current_deployment(ports, scope))
    return _went_back(command, ports, scope, command.cause)


def _succeeded(command: Command, ports: Ports, scope: Scope, deployment: Deployment | None) -> dict[str, Any]:
    now = ports.clock.now()
    reason = f"{scope.release.id} runs in {scope.environment.name}."
    if deployment is None:
        return {"outcome": "failed", "reason": "There is no open deployment to record."}
    closed = ports.deployments.close(
        replace(
            deployment,
            outcome=Outcome.SUCCEEDED,
            reason=reason,
            ended_at=now,
            watch_until=now + timedelta(seconds=scope.environment.watch_seconds),
            checks=tuple(command.checks),
        )
    )
    if closed.outcome is not Outcome.SUCCEEDED:
        return {"outcome": "failed", "reason": closed.reason or "The deployment had ended otherwise."}
    _journal(command, ports, closed, "deployment.succeeded", {"reason": reason, "checks": command.checks})
    tell(
        ports,
        key=f"deployed/{closed.id}/{closed.environment}",
        kind="deployed",
        what=f"{scope.service.name}: {_tags(scope)} runs in {closed.environment}",
        details={
            "Release": closed.release,
            "Environment": closed.environment,
            "Approved by": closed.approved_by,
        },
        service=scope.service,
        execution=command.root,
    )
    return measured({"outcome": "succeeded", "reason": reason}, deployed(closed, scope.release))


def _went_back(command: Command, ports: Ports, scope: Scope, cause: dict[str, Any]) -> dict[str, Any]:
    outcome = _outcome_of(command, cause, scope.release)
    why = readable(str(cause.get("reason") or "The release did not go on."))
    reason = " ".join(text for text in (why, command.restored.get("reason")) if text)
    mine = deployments_here(ports, scope)
    ended = [_no_longer_good(command, ports, deployment, outcome, reason) for deployment in mine]
    if command.restored.get("to_release"):
        ports.deployments.restored(command.service, command.environment, command.restored["to_release"])
    if mine:
        entry = {"reason": reason, "restored": command.restored}
        _journal(command, ports, mine[-1], f"deployment.{outcome}", entry)
    reason += _quarantine(command, ports, scope, mine, why)
    result = {"outcome": str(outcome), "reason": reason[:3000]}
    return measured(result, taken_back(ended[-1], outcome, scope.release) if ended else [])


def _outcome_of(command: Command, cause: dict[str, Any], release: Release) -> Outcome:
    """A release that was told to stop, and was taken back, ends as what it was told.

    A migration or a test that the signal cut short has failed; that says nothing of the release.
    """
    if command.outcome != "rolled_back":
        return Outcome.FAILED
    told = cause.get("outcome")
    if told == Outcome.FAILED and not cause.get("evidence"):
        told = release.stop
    return Outcome(told) if told in (Outcome.CANCELLED, Outcome.SUPERSEDED) else Outcome.ROLLED_BACK


def _no_longer_good(
    command: Command, ports: Ports, deployment: Deployment, outcome: Outcome, reason: str
) -> Deployment:
    """Close it, or revoke what had succeeded; returns it as it ended.

    When there was nothing to come back to and nothing speaks against it, it still runs, as good as it was.
    """
    if deployment.outcome is None:
        ended = replace(deployment, outcome=outcome, reason=reason[:4000], ended_at=ports.clock.now())
        return ports.deployments.close(ended)
    if deployment.good and (command.restored.get("to_release") or _evidence(command)):
        ports.deployments.revoke(deployment, reason=reason[:1000])
    return deployment


def _evidence(command: Command) -> str | None:
    return (command.cause or {}).get("evidence")


def _quarantine(command: Command, ports: Ports, scope: Scope, mine: Sequence[Deployment], why: str) -> str:
    """Put what the evidence speaks against in quarantine; returns what was done about it, as a sentence.

    Only a digest that did not run before, and only when it is the only one: where several images are new, the
    evidence is against all of them together, and a good digest must not be caught for its company.
    """
    evidence = _evidence(command)
    if not evidence:
        return ""
    before: dict[str, Any] = mine[-1].from_images if mine else {}
    kept = {str(image).rpartition("@")[2] for image in (command.restored.get("to_images") or before).values()}
    new = sorted(set(scope.release.digests.values()) - kept)
    if len(new) > 1:
        return f" Nothing is in quarantine: which of {len(new)} new images is to blame is not known."
    for digest in new:
        ports.quarantine.add(
            scope.service.name,
            digest,
            reason=f"{evidence} in {command.environment}: {why}"[:1000],
            release=command.release,
            at=ports.clock.now(),
        )
    return f" In quarantine now: {new[0]}." if new else ""


def _journal(
    command: Command, ports: Ports, deployment: Deployment, kind: str, entry: dict[str, Any]
) -> None:
    whole = {
        "environment": deployment.environment,
        "execution": command.root,
        "from": deployment.from_task_definition,
        "to": deployment.task_definition,
        "images": deployment.images,
        **entry,
    }
    key = f"{kind}/{deployment.environment}/{deployment.attempt}/{command.root.rpartition(':')[2]}"
    ports.journal.append(command.release, kind, whole, at=ports.clock.now(), key=key)


def _tags(scope: Scope) -> str:
    return ", ".join(
        f"{image.repository}:{image.tag}" if image.tag else f"{image.repository}@{image.digest[:19]}"
        for _, image in sorted(scope.release.images.items())
    )
