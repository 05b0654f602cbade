"""Two releases with everything that one can tell: a judged and approved one, and one that failed."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bench.pages_report.fleet import Fleet, digest, execution
from tidegate.domain.approval import ApprovalStatus
from tidegate.domain.judge import JudgeSettings, Period, observe, start
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release
from tidegate.domain.status import month_begins
from tidegate.ports import Ports

CHECKS = (
    {"name": "tasks", "status": "passed", "reason": "4 of 4 tasks run the new image"},
    {"name": "targets", "status": "passed", "reason": "4 of 4 targets are healthy"},
    {"name": "smoke", "status": "passed", "reason": "GET /health answered 200 in 12 ms"},
)
WEIGHTS = (5,) * 8 + (10,) * 6 + (25,) * 6 + (50,) * 6 + (95,) * 4


def tell(ports: Ports, fleet: Fleet, service: str) -> Release:
    """Let a release of a service have gone to production by a canary that was judged for half an hour."""
    release = fleet.release(service, 4711, ago=9000, tag="1.49.0", requested_by="ada@example.com")
    release = replace(release, reason="Cheaper retries", execution=execution(release))
    ports.releases.create(release)
    _begin(ports, release)
    for number, environment in enumerate(("dev", "staging")):
        _deploy(ports, fleet, release, environment, after=120 + 400 * number, took=95)
    _approve(ports, fleet, release)
    prod = fleet.deployment(
        release, "prod", after=4000, took=2100, strategy="canary", checks=CHECKS, from_images=before(release)
    )
    ports.deployments.open(prod)
    _judged(ports, release, prod.opened_at)
    _note(
        ports,
        release,
        "deployment.succeeded",
        6100,
        environment="prod",
        reason=prod.reason,
        checks=list(CHECKS),
    )
    ended = release.created_at + timedelta(seconds=6130)
    ports.releases.end(
        release.id, Outcome.SUCCEEDED, f"{release.id} runs in prod.", at=ended, environment=None
    )
    _note(ports, release, "release.succeeded", 6130, reason=f"{release.id} runs in prod.")
    return release


def fail(ports: Ports, fleet: Fleet, service: str) -> Release:
    """Let a release of a service have crashed in staging and been rolled back."""
    release = fleet.release(service, 4712, ago=2400, tag="1.50.0-rc1")
    release = replace(release, execution=execution(release))
    ports.releases.create(release)
    _begin(ports, release)
    _deploy(ports, fleet, release, "dev", after=120, took=95)
    why = "2 tasks stopped: exit code 137, out of memory. The circuit breaker rolled it back."
    bad = fleet.deployment(
        release,
        "staging",
        after=500,
        took=210,
        outcome=Outcome.ROLLED_BACK,
        reason=why,
        checks=({"name": "app", "status": "failed", "reason": "OutOfMemoryError: exit code 137"},),
    )
    ports.deployments.open(bad)
    _note(ports, release, "deployment.rolled_back", 710, environment="staging", reason=why)
    ports.quarantine.add(
        service,
        digest(4712),
        reason="start in staging: exit code 137",
        release=release.id,
        at=_at(release, 711),
    )
    ports.releases.end(release.id, Outcome.ROLLED_BACK, why, at=_at(release, 720), environment="staging")
    _note(ports, release, "release.rolled_back", 720, reason=why, environment="staging")
    return release


def chat(ports: Ports, fleet: Fleet, services: list[str], entries: int) -> None:
    """Let the journal have entries about many services, over this month and the one before."""
    begun = datetime.fromisoformat(month_begins(f"{fleet.now:%Y-%m}")) - timedelta(days=8)
    span = (fleet.now - begun).total_seconds()
    kinds = ("freeze.set", "operator.retry", "scan.passed", "deployment.succeeded", "approval.approved")
    for number in range(entries):
        service, kind = services[number * 7 % len(services)], kinds[number % len(kinds)]
        ports.journal.append(
            f"{service}/prod",
            kind,
            {"by": "linus@example.com", "reason": f"Entry {number} of the benchmark."},
            at=begun + timedelta(seconds=span * number / entries),
            key=f"bench/{number}",
        )


def before(release: Release) -> dict[str, str]:
    """What ran until the release came."""
    return {name: f"{image.repository}@{digest(1)}" for name, image in release.images.items()}


def _begin(ports: Ports, release: Release) -> None:
    images = {name: f"{each.repository}:{each.tag}@{each.digest}" for name, each in release.images.items()}
    _note(
        ports, release, "release.created", 0, trigger="push", images=images, requested_by=release.requested_by
    )
    root = execution(release)
    _note(ports, release, "release.started", 2, execution=root, environments=["dev", "staging", "prod"])
    found = {"HIGH": 1, "MEDIUM": 4}
    _note(ports, release, "scan.passed", 61, reason="1 high finding, waived until 2027-01-01.", counts=found)


def _deploy(
    ports: Ports, fleet: Fleet, release: Release, environment: str, *, after: float, took: float
) -> None:
    ports.deployments.open(
        fleet.deployment(
            release, environment, after=after, took=took, checks=CHECKS, from_images=before(release)
        )
    )
    for step in range(3):
        figures: dict[str, Any] = {
            "running": 4,
            "pending": 4 - 2 * step,
            "failed": 0,
            "status": "IN_PROGRESS",
        }
        _note(ports, release, "deployment.progress", after + 20 * step, environment=environment, **figures)
    _note(
        ports,
        release,
        "deployment.succeeded",
        after + took,
        environment=environment,
        reason=f"{release.id} runs in {environment}.",
        checks=list(CHECKS),
    )


def _approve(ports: Ports, fleet: Fleet, release: Release) -> None:
    asked = fleet.approval(release, left=timedelta(hours=20), requested_at=_at(release, 700))
    ports.approvals.create(asked, {})
    _note(ports, release, "approval.requested", 700, environment="prod", asked=list(asked.asked))
    comment = "Checked with the payment team <payments@example.com>; go before noon."
    ports.approvals.decide(
        asked.id, ApprovalStatus.APPROVED, by="grace@example.com", comment=comment, at=_at(release, 3900)
    )
    _note(
        ports, release, "approval.approved", 3900, environment="prod", by="grace@example.com", comment=comment
    )


def _judged(ports: Ports, release: Release, begun: datetime) -> None:
    """Evidence as the canary strategy keeps it: what the judge makes of half an hour without harm."""
    state = start(JudgeSettings())
    periods: list[dict[str, Any]] = []
    steps = sorted(set(WEIGHTS))
    for minute, weight in enumerate(WEIGHTS):
        counts = _minute(minute, weight / 100)
        state = observe(state, replace(Period(*counts), step=steps.index(weight), index=minute))
        periods.append(
            {
                "at": (begun + timedelta(minutes=minute)).isoformat(),
                "weight": weight,
                "figures": {"errors": counts},
                "log_evidence": state.log_evidence,
                "log_certificate": state.log_certificate,
                "verdict": state.verdict,
            }
        )
        if minute and WEIGHTS[minute - 1] != weight:
            after = (begun - release.created_at).total_seconds() + 60 * minute
            _note(ports, release, "canary.shifted", after, environment="prod", weight=weight)
    document = {
        "release": release.id,
        "environment": "prod",
        "reason": state.sentence,
        "note": None,
        "periods": periods,
    }
    ports.evidence.put(f"{release.service}/{release.id}/prod/1/canary.json", document)


def _minute(minute: int, share: float) -> tuple[float, float, float, float]:
    """Requests and errors of the canary, then of the stable tasks: of both, two in a thousand fail."""
    requests = 12_000 + 900 * math.sin(minute / 3)
    noise = 1 + 0.2 * math.sin(1.7 * minute), 1 + 0.1 * math.sin(1.3 * minute)
    canary, stable = requests * share, requests * (1 - share)
    return (
        round(canary),
        round(0.002 * canary * noise[0]),
        round(stable),
        round(0.002 * stable * noise[1]),
    )


def _note(ports: Ports, release: Release, kind: str, after: float, **entry: Any) -> None:
    ports.journal.append(release.id, kind, entry, at=_at(release, after), key=f"{kind}/{after}")


def _at(release: Release, after: float) -> datetime:
    return release.created_at + timedelta(seconds=after)
