"""The evidence of a canary: what it was judged by, period by period, and a picture of it."""

from __future__ import annotations

from tidegate.domain.canary import Canary
from tidegate.domain.canary_report import document, picture
from tidegate.ports import Ports
from tidegate.steps.canaries import settings_of
from tidegate.steps.canary_figures import state_of
from tidegate.steps.scope import Scope


def store(ports: Ports, scope: Scope, canary: Canary) -> str:
    """Store `canary.json` and `canary.svg`; returns the address of the first. Repeated, it replaces them.

    `python -m tidegate.replay --evidence canary.json` judges its periods again.
    """
    periods = ports.canaries.periods(canary.id)
    state = state_of(ports, scope, canary)
    stored = ports.calibrations.get(canary.service, canary.environment)
    key = f"{scope.service.name}/{canary.release}/{canary.environment}/{canary.attempt}/canary"
    plot = ports.evidence.put_text(f"{key}.svg", picture(canary, state, periods), "image/svg+xml")
    report = document(canary, settings_of(scope), state, periods, stored)
    return ports.evidence.put(f"{key}.json", {**report, "plot": plot})
