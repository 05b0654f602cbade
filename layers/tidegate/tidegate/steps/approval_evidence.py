"""Gather what an approver has to see: from and to, scans, how it did before, what else would change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from markupsafe import Markup

from tidegate.domain import diff
from tidegate.domain.approval import Approval
from tidegate.domain.deployment import Deployment
from tidegate.domain.images import parse_image
from tidegate.domain.provenance import Provenance
from tidegate.domain.scan import Assessment
from tidegate.domain.service import Service
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports
from tidegate.steps.approving import no_longer_holds, rendered, standing
from tidegate.steps.check_scan import assess_images
from tidegate.steps.scope import Scope
from tidegate.web import wording
from tidegate.web.drawing import drawing
from tidegate.web.status import judged
from tidegate.web.view import (
    ApprovalView,
    ChangeLine,
    CheckLine,
    EnvironmentLine,
    ImageLine,
    ScanLine,
    VoteLine,
    duration,
)

T = TypeVar("T")
MOST_CHANGES = 50
_VERDICTS = {"passed": "passed", "blocked": "blocked", "pending": "not finished"}


class _Reading:
    """Reads what it can, and keeps a sentence on what it could not."""

    def __init__(self) -> None:
        self.missing: list[str] = []

    def value(self, what: str, read: Callable[[], T]) -> T | None:
        """What several sections need; None when it cannot be read."""
        try:
            return read()
        except (Transient, Terminal) as error:
            self.missing.append(f"{what} cannot be shown: {error}")
            return None

    def lines(self, what: str, read: Callable[[], Sequence[T]]) -> tuple[T, ...]:
        """The lines of one section; none when they cannot be read."""
        try:
            return tuple(read())
        except (Transient, Terminal) as error:
            self.missing.append(f"{what} cannot be shown: {error}")
            return ()


def gather(
    ports: Ports, approval: Approval, approver: str, scope: Scope, deployments: Sequence[Deployment]
) -> ApprovalView:
    """Read it all as it is now. What cannot be read is said on the page, which then still opens.

    Args:
        ports: The world.
        approval: What is asked.
        approver: Who looks.
        scope: The release and where it wants to go.
        deployments: How the release did in the environments before.
    """
    reading = _Reading()
    new = reading.value("What would be deployed", lambda: rendered(ports, scope))
    view = ApprovalView(
        service=approval.service,
        environment=approval.environment,
        production=scope.environment.production,
        strategy=wording.strategy(scope.environment.strategy),
        release=approval.release,
        approver=approver,
        requested_by=wording.requested_by(scope.release),
        pushed_by=scope.release.pushed_by,
        reason=scope.release.reason,
        question=approval.question,
        requested_at=approval.requested_at,
        expires_at=approval.expires_at,
        now=ports.clock.now(),
        images=reading.lines("The images", lambda: _images(ports, approval, scope)),
        scans=reading.lines("The image scans", lambda: _scans(ports, scope)),
        environments=reading.lines(
            "The environments before", lambda: _environments(ports, scope, deployments)
        ),
        changes=reading.lines("The other changes", lambda: _changes(ports, approval, scope, new)),
        warning=_warning(ports, approval, scope, new) if new is not None else None,
        **_decision(approval, approver, scope),
    )
    return replace(view, missing=tuple(reading.missing))


def _decision(approval: Approval, approver: str, scope: Scope) -> dict[str, Any]:
    """How far the decision is, and what is left to whoever looks."""
    stands = standing(approval, scope)
    return {
        "required": stands.required,
        "votes": tuple(VoteLine(each.by, each.at, each.comment) for each in approval.votes),
        "still_needed": stands.missing,
        "own_release": stands.is_own(approver),
        "may_break_glass": stands.may_break_glass(approver),
        "requester_known": stands.requester_known or stands.rule.requester_may_approve,
    }


def _warning(ports: Ports, approval: Approval, scope: Scope, new: dict[str, Any]) -> str | None:
    """What makes an approval void now, or cannot be told; None when all is as it was."""
    try:
        why = no_longer_holds(ports, approval, scope, new)
    except (Transient, Terminal) as error:
        return f"What runs in {approval.environment} cannot be read: {error}"
    return f"{why} If you approve, you will be asked again." if why else None


def _images(ports: Ports, approval: Approval, scope: Scope) -> list[ImageLine]:
    return [
        ImageLine(
            name,
            image.repository,
            image.tag,
            image.digest,
            *_before(ports, approval, name),
            approval.provenance.get(name, Provenance()),
        )
        for name, image in sorted(scope.release.images.items())
    ]


def _before(ports: Ports, approval: Approval, container: str) -> tuple[str | None, str | None]:
    """Tag and digest of what runs; a tag that is not in the reference is looked up in the registry."""
    reference = approval.from_images.get(container)
    if not reference:
        return None, None
    name = parse_image(reference)
    if name.tag is not None or name.digest is None:
        return name.tag, name.digest
    found = ports.registry.image(ports.home, name.repository, digest=name.digest)
    return (found.tag if found else None), name.digest


def _scans(ports: Ports, scope: Scope) -> list[ScanLine]:
    assessments = assess_images(ports, scope.release, scope.service)
    return [_scan(name, each, scope.service) for name, each in sorted(assessments.items())]


def _scan(container: str, assessment: Assessment, service: Service) -> ScanLine:
    verdict = _VERDICTS.get(assessment.outcome, "no result")
    if assessment.outcome not in _VERDICTS:
        verdict += ", allowed by the policy" if assessment.allowed else ", blocked by the policy"
    waivers = [
        f"{waiver.id}, until {waiver.expires}: {waiver.reason}"
        for waiver in service.scan.waivers
        if waiver.id in assessment.waived
    ]
    counts = ", ".join(f"{count} {severity}" for severity, count in assessment.counts.items())
    return ScanLine(
        container, verdict, assessment.allowed, assessment.reason, counts or "no findings", tuple(waivers)
    )


def _environments(ports: Ports, scope: Scope, deployments: Sequence[Deployment]) -> list[EnvironmentLine]:
    """The environments before this one, each with the deployment of the release there."""
    lines = []
    for environment in scope.service.environments:
        if environment.name == scope.environment.name:
            break
        here = [each for each in deployments if each.environment == environment.name]
        lines.append(
            _line(ports, here[-1]) if here else EnvironmentLine(environment.name, "not deployed", None)
        )
    return lines


def _line(ports: Ports, deployment: Deployment) -> EnvironmentLine:
    ended = deployment.ended_at
    outcome = str(deployment.outcome).replace("_", " ") if deployment.outcome else "still deploying"
    return EnvironmentLine(
        name=deployment.environment,
        outcome="rolled back later" if deployment.revoked else outcome,
        reason=deployment.revoked or deployment.reason,
        strategy=deployment.strategy.replace("_", "/"),
        ended_at=ended,
        took=duration((ended - deployment.opened_at).total_seconds()) if ended else None,
        checks=tuple(
            CheckLine(*(str(check.get(key, "")) for key in ("name", "status", "reason")))
            for check in deployment.checks
        ),
        plot=_plot(ports, deployment),
    )


def _plot(ports: Ports, deployment: Deployment) -> Markup | None:
    """The plot that the strategy has stored, as far as it is a drawing and nothing else."""
    name = judged.NAMES.get(deployment.strategy)
    if name is None:
        return None
    place = (deployment.service, deployment.release, deployment.environment, deployment.attempt)
    stored = ports.evidence.get(judged.key(*place, f"{name}.svg"))
    return drawing(stored) if stored is not None else None


def _changes(ports: Ports, approval: Approval, scope: Scope, new: dict[str, Any] | None) -> list[ChangeLine]:
    """What else than images would change, secrets hidden; cut where it is too much for a page."""
    if approval.from_task_definition is None or new is None:
        return []
    old = ports.task_definitions.describe(scope.environment.target, approval.from_task_definition)
    fed = {f"containers.{name}.image" for name in scope.release.images}
    changes = [
        ChangeLine(each.path, each.before, each.after)
        for each in diff.task_definitions(old, new)
        if each.path not in fed
    ]
    if len(changes) <= MOST_CHANGES:
        return changes
    return [*changes[:MOST_CHANGES], ChangeLine(f"… and {len(changes) - MOST_CHANGES} more", None, None)]
