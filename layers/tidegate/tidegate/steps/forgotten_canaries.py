"""Canaries that nobody looks after any more: their pulse is gone or silent, their execution stopped."""

from __future__ import annotations

from tidegate.domain.canary import Canary
from tidegate.ports import Ports
from tidegate.steps import bake
from tidegate.steps.canaries import ensure_pulse, is_silent
from tidegate.steps.scope import scope_of
from tidegate.steps.withdrawing import finish, is_abandoned, rescue


def mend_canary(ports: Ports, canary: Canary) -> str | None:
    """Start its pulse again where the schedule is gone, and do what a silent pulse leaves undone.

    Args:
        ports: The world.
        canary: A canary that has not ended.

    Returns:
        A word for what was the matter; None when nothing was.
    """
    lost = ensure_pulse(ports, canary)
    if is_silent(canary, ports.clock.now()):
        if canary.phase == "withdrawn":
            return "drained_canaries" if finish(ports, canary) else "silent_pulses"
        if is_abandoned(ports, canary):
            _rescue(ports, canary)
            return "abandoned_canaries"
        return "silent_pulses"
    return "lost_pulses" if lost else None


def _rescue(ports: Ports, canary: Canary) -> None:
    if canary.strategy == "blue_green":
        bake.take_back(ports, scope_of(ports, canary.release, canary.environment), canary)
    else:
        rescue(ports, canary)
