"""Measure the noise of services that are deployed by canaries, a bounded number of them in each run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.baseline import History, Span, measure
from tidegate.domain.figures import history_of
from tidegate.domain.service import Environment
from tidegate.domain.strategy import CanarySettings
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports
from tidegate.steps.adoption import ADOPTED

CURSOR = "calibrate/cursor"
LOOK_BACK = timedelta(hours=24)
AFTERWARDS = timedelta(minutes=15)
"""For how long a deployment still shows: draining tasks, cold caches."""
BEFOREHAND = timedelta(minutes=1)
"""The minute in which a deployment began has begun before it."""
MOST_DEPLOYMENTS = 200
"""Deployments of a day that are left out; more than one every eight minutes leave no history anyway."""
MOST_REASONS = 5


class Command(BaseModel):
    """How much one run may do within the timeout of its function."""

    services: int = 200
    seconds: int = 40


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Calibrate as many services as fit; the next run goes on with the service after the last.

    What cannot be read keeps nobody else from being calibrated. Repeated, it measures again.

    Returns:
        ``calibrated``: how many environments; ``services``: how many services were looked at; ``reason``: the
        first errors.
    """
    started, calibrated = ports.clock.now(), 0
    swept: list[str] = []
    reasons: list[str] = []
    try:
        for name in _next_services(ports, command.services):
            if ports.clock.now() - started >= timedelta(seconds=command.seconds):
                break
            swept.append(name)
            try:
                calibrated += _calibrate(ports, name)
            except (Transient, Terminal, ValueError) as error:
                reasons.append(f"{name}: {error}")
    finally:
        # Also when it breaks off: one service must not keep the later ones from ever being measured.
        if swept:
            ports.intake.first(CURSOR, at=ports.clock.now(), value=swept[-1], again_after_seconds=0)
    result: dict[str, Any] = {"calibrated": calibrated, "services": len(swept)}
    return result | ({"reason": " ".join(reasons[:MOST_REASONS])} if reasons else {})


def _next_services(ports: Ports, most: int) -> list[str]:
    """The services after the last one that was looked at, and from the first one again."""
    names = sorted(ports.catalogue.names())
    seen = ports.intake.seen(CURSOR)
    last = seen[0] if seen else ""
    return [*(name for name in names if name > last), *(name for name in names if name <= last)][:most]


def _calibrate(ports: Ports, name: str) -> int:
    """Measure every environment of a service that has canaries; returns how many those are."""
    known = ports.catalogue.get(name)
    canaries = (
        [each for each in known[1].environments if isinstance(each.strategy, CanarySettings)] if known else []
    )
    for environment in canaries:
        _measure(ports, name, environment)
    return len(canaries)


def _measure(ports: Ports, service: str, environment: Environment) -> None:
    strategy = environment.strategy
    if not isinstance(strategy, CanarySettings):
        return
    now = ports.clock.now()
    figures = history_of(strategy)
    series = ports.metrics.read(environment.target, figures.queries, since=now - LOOK_BACK, until=now)
    history = History(figures, series, _deployments(ports, service, environment.name))
    before = ports.calibrations.get(service, environment.name)
    measured = measure(history, since=now - LOOK_BACK, at=now, before=before)
    ports.calibrations.put(service, environment.name, measured)


def _deployments(ports: Ports, service: str, environment: str) -> list[Span]:
    """When more than one version ran, or had run a moment ago; what was adopted had been running before."""
    now = ports.clock.now()
    return [
        (each.opened_at - BEFOREHAND, (each.ended_at or now) + AFTERWARDS)
        for each in ports.deployments.latest(service, environment, MOST_DEPLOYMENTS)
        if each.strategy != ADOPTED and (each.ended_at or now) + AFTERWARDS >= now - LOOK_BACK
    ]
