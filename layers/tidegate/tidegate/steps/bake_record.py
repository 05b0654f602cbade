"""The record of a bake: the judge in it, its evidence, its end."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from tidegate.domain.bake import Bake
from tidegate.domain.canary import Canary, schedule_name
from tidegate.ports import Ports
from tidegate.steps.blue_green import settings_of
from tidegate.steps.canaries import close
from tidegate.steps.scope import Scope


def bake_of(canary: Canary) -> Bake:
    """What is kept of the judge in the record."""
    return Bake.from_json(canary.judge)


def store(ports: Ports, scope: Scope, canary: Canary) -> str:
    """Store what green was judged by, period by period; returns its address. It may be stored again."""
    bake, settings = bake_of(canary), settings_of(scope)
    document: dict[str, Any] = {
        "release": canary.release,
        "environment": canary.environment,
        "task_definition": canary.task_definition,
        "blue": bake.blue,
        "green": bake.green,
        "switched_at": canary.shifted_at.isoformat() if canary.shifted_at else None,
        "decision": canary.decision,
        "reason": canary.reason,
        "evidence": canary.evidence,
        "verdict": bake.state.verdict,
        "known": bake.state.known,
        "sentence": bake.state.sentence,
        "dispersion": dict(bake.state.dispersion),
        "rules": asdict(settings.bake),
        "periods": [
            {
                "at": period.at.isoformat(),
                "log_evidence": period.log_evidence,
                **{name: list(counts[:2]) for name, counts in period.figures.items()},
            }
            for period in ports.canaries.periods(canary.id)
        ],
    }
    key = f"{scope.service.name}/{canary.release}/{canary.environment}/{canary.attempt}/bake.json"
    return ports.evidence.put(key, document)


def end(ports: Ports, canary: Canary, address: str = "") -> Canary:
    """End the record and stop the pulse; a record that has ended stays as it is."""
    now = ports.clock.now()

    def ended(each: Canary) -> Canary:
        if each.phase == "ended":
            return each
        return replace(each, phase="ended", ended_at=now, evidence_at=address or each.evidence_at)

    canary = close(ports, canary, ended)
    remove_pulse(ports, canary)
    return canary


def remove_pulse(ports: Ports, canary: Canary) -> None:
    """Invoke the pulse of this service and environment no more."""
    ports.schedules.remove(schedule_name(ports.stack, canary.service, canary.environment))
