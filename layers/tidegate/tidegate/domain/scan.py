"""Whether the findings of an image scan let a release go on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from tidegate.domain.service import ScanPolicy, Severity, Waiver

SEVERITIES: tuple[Severity, ...] = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
DONE = frozenset({"COMPLETE", "ACTIVE"})
"""Scan statuses with results. A basic scan ends as COMPLETE, an enhanced one stays ACTIVE.

All statuses: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html
"""
PENDING = frozenset({"IN_PROGRESS", "PENDING"})
UNSUPPORTED = frozenset({"UNSUPPORTED_IMAGE"})

ScanOutcome = Literal["passed", "blocked", "pending", "missing", "unsupported"]
_NAMED = 5


@dataclass(frozen=True, slots=True)
class ScanFinding:
    """One active finding; the same vulnerability may be found in several packages, each a finding."""

    id: str
    severity: str


@dataclass(frozen=True, slots=True)
class ImageScan:
    """What ECR says of one image's scan. `status` is None when ECR knows of no scan.

    `counts` has only the severities that were found, and with enhanced scanning a `TOTAL` besides.
    """

    status: str | None
    counts: Mapping[str, int] = field(default_factory=dict)
    findings: tuple[ScanFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Assessment:
    """What a scan means under a policy.

    Attributes:
        outcome: `passed` and `blocked` come from findings; the others say that there are none to judge by.
        allowed: Whether the release may go on, the policy for missing and unsupported scans considered.
        reason: One sentence.
        counts: Findings for each severity that was found, worst first.
        blocking: Those of `counts` that block after waivers.
        waived: Ids of the findings that a valid waiver took out.
        expired_waivers: Ids of waivers that would have been needed but have expired.
    """

    outcome: ScanOutcome
    allowed: bool
    reason: str
    counts: Mapping[str, int] = field(default_factory=dict)
    blocking: Mapping[str, int] = field(default_factory=dict)
    waived: tuple[str, ...] = ()
    expired_waivers: tuple[str, ...] = ()


def assess(scan: ImageScan, policy: ScanPolicy, today: date) -> Assessment:
    """Judge one image's scan.

    A waiver takes out listed findings only: what is counted but not listed cannot be waived. A status that
    this version does not know is treated as a missing scan.
    """
    if scan.status in DONE:
        return _judge_findings(scan, policy, today)
    if scan.status in PENDING:
        return Assessment("pending", False, f"The image scan has not finished (status {scan.status}).")
    status = scan.status or "no scan"
    if scan.status in UNSUPPORTED:
        choice, what = policy.when_unsupported, "images that cannot be scanned"
        outcome: ScanOutcome = "unsupported"
    else:
        choice, what, outcome = policy.when_missing, "images without a finished scan", "missing"
    allowed = choice == "allow"
    verb = "allows" if allowed else "blocks"
    return Assessment(outcome, allowed, f"There is no scan result ({status}); the scan policy {verb} {what}.")


def assess_all(assessments: Mapping[str, Assessment]) -> Assessment:
    """Judge a release by the assessments of its images, by name: all must be allowed.

    The worst of them gives the outcome; one that blocks does so while others are still pending.
    """
    if not assessments:
        return Assessment("missing", False, "There is no image to judge.")
    worst = min(assessments.values(), key=_badness)
    return Assessment(
        outcome=worst.outcome,
        allowed=all(each.allowed for each in assessments.values()),
        reason=" ".join(f"{name}: {each.reason}" for name, each in sorted(assessments.items())),
        counts=_sum(each.counts for each in assessments.values()),
        blocking=_sum(each.blocking for each in assessments.values()),
        waived=_distinct(name for each in assessments.values() for name in each.waived),
        expired_waivers=_distinct(name for each in assessments.values() for name in each.expired_waivers),
    )


def _badness(assessment: Assessment) -> int:
    if assessment.outcome == "pending":
        return 2
    order = {"blocked": 0, "missing": 1, "unsupported": 1, "passed": 4}
    return 3 if assessment.allowed and assessment.outcome != "passed" else order[assessment.outcome]


def _judge_findings(scan: ImageScan, policy: ScanPolicy, today: date) -> Assessment:
    waivers = {waiver.id: waiver for waiver in policy.waivers}
    valid = {name for name, waiver in waivers.items() if _holds(waiver, today)}
    listed = [(_severity(finding.severity), finding.id) for finding in scan.findings]
    counts = _counts(scan.counts, listed)
    in_question = [(severity, name) for severity, name in listed if severity in policy.block]
    waived = [(severity, name) for severity, name in in_question if name in valid]
    blocking: dict[str, int] = {}
    for severity, count in counts.items():
        left = count - sum(1 for found, _ in waived if found == severity)
        if severity in policy.block and left > 0:
            blocking[severity] = left
    names = _distinct(name for _, name in in_question if name not in valid)
    expired = tuple(name for name in names if name in waivers)
    waived_names = _distinct(name for _, name in waived)
    reason = _sentence(policy, blocking, names, waived_names, [waivers[name] for name in expired])
    outcome: ScanOutcome = "blocked" if blocking else "passed"
    return Assessment(outcome, not blocking, reason, counts, blocking, waived_names, expired)


def _counts(counted: Mapping[str, int], listed: list[tuple[Severity, str]]) -> dict[str, int]:
    """Findings by severity: what was counted, or what was listed if that is more."""
    known: dict[Severity, int] = {}
    for name, count in counted.items():
        if name != "TOTAL":
            known[_severity(name)] = known.get(_severity(name), 0) + count
    for severity in SEVERITIES:
        known[severity] = max(known.get(severity, 0), sum(1 for found, _ in listed if found == severity))
    return {severity: known[severity] for severity in SEVERITIES if known[severity] > 0}


def _severity(name: str) -> Severity:
    """Inspector's UNTRIAGED, and names that this version does not know, count as UNDEFINED."""
    return next((severity for severity in SEVERITIES if severity == name), "UNDEFINED")


def _holds(waiver: Waiver, today: date) -> bool:
    """Whether today is not after the waiver's last day; a date that cannot be read has passed."""
    try:
        return today <= date.fromisoformat(waiver.expires)
    except ValueError:
        return False


def _sentence(
    policy: ScanPolicy,
    blocking: Mapping[str, int],
    names: tuple[str, ...],
    waived: tuple[str, ...],
    expired: list[Waiver],
) -> str:
    if blocking:
        text = f"Findings that block: {', '.join(f'{count} {name}' for name, count in blocking.items())}"
        text += f" ({_some(names)})" if names else ""
    else:
        text = (
            f"No finding of severity {' or '.join(policy.block)} is left"
            if policy.block
            else "Nothing blocks"
        )
    if waived:
        text += f"; waived: {_some(waived)}"
    for waiver in expired[:_NAMED]:
        text += f"; the waiver of {waiver.id} expired on {waiver.expires}"
    return f"{text}."


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for severity, count in each.items():
            total[severity] = total.get(severity, 0) + count
    return {severity: total[severity] for severity in SEVERITIES if severity in total}
