"""The record of a bake: the judge in it, its evidence, its end."""

from __future__ import annotations

from dataclasses import replace

from tidegate.domain.bake import Bake
from tidegate.domain.bake_report import document, picture
from tidegate.domain.canary import Canary, schedule_name
from tidegate.ports import Ports
from tidegate.steps.blue_green import settings_of
from tidegate.steps.canaries import close
from tidegate.steps.scope import Scope


def bake_of(canary: Canary) -> Bake:
    """What is kept of the judge in the record."""
    return Bake.from_json(canary.judge)


def store(ports: Ports, scope: Scope, canary: Canary) -> str:
    """Store `bake.json` and `bake.svg`; returns the address of the first. Repeated, it replaces them."""
    bake, periods = bake_of(canary), ports.canaries.periods(canary.id)
    key = f"{scope.service.name}/{canary.release}/{canary.environment}/{canary.attempt}/bake"
    plot = ports.evidence.put_text(f"{key}.svg", picture(canary, bake, periods), "image/svg+xml")
    report = document(canary, bake, settings_of(scope).bake, periods)
    return ports.evidence.put(f"{key}.json", {**report, "plot": plot})


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
