"""What the steps of a canary share: its record, its settings, its listener rules, its pulse."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tidegate.domain.canary import Canary, schedule_name
from tidegate.domain.strategy import CanarySettings
from tidegate.domain.traffic import ListenerRule
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports
from tidegate.steps.scope import Scope

SILENCE = timedelta(minutes=10)
"""For how long the pulse, which looks every minute, may not be seen."""
MOST_TRIES = 5
"""How often a change is decided anew because the record was changed in between."""


def settings_of(scope: Scope) -> CanarySettings:
    """The settings of the environment's strategy.

    Raises:
        Terminal: it has another strategy.
    """
    strategy = scope.environment.strategy
    if not isinstance(strategy, CanarySettings):
        raise Terminal(f"{scope.environment.name} has the strategy {strategy.name}, which has no canary.")
    return strategy


def canary_of(ports: Ports, scope: Scope) -> Canary | None:
    """The canary of this attempt of the release here; None before it was opened."""
    canary = ports.canaries.get(scope.service.name, scope.environment.name)
    if canary is None or (canary.release, canary.attempt) != (scope.release.id, scope.release.attempt):
        return None
    return canary


def open_canary(ports: Ports, scope: Scope) -> Canary:
    """The same, where it must be there.

    Raises:
        Terminal: it is not.
    """
    canary = canary_of(ports, scope)
    if canary is None:
        raise Terminal(f"{scope.release.id} has no canary in {scope.environment.name}.")
    return canary


def change(ports: Ports, canary: Canary, to: Callable[[Canary], Canary]) -> Canary:
    """Store a change of the record, decided anew whenever somebody else has changed it in between.

    Args:
        ports: The world.
        canary: The record as it was read.
        to: The change; where it returns what it was given, nothing is stored.

    Raises:
        Terminal: a later canary has taken its place.
        Transient: others kept changing it.
    """
    return _stored(ports, canary, to, ports.canaries.save)


def close(ports: Ports, canary: Canary, to: Callable[[Canary], Canary]) -> Canary:
    """The same for a change that ends the record: few steps may do so."""
    return _stored(ports, canary, to, ports.canaries.end)


def _stored(
    ports: Ports,
    canary: Canary,
    to: Callable[[Canary], Canary],
    store: Callable[[Canary], Canary | None],
) -> Canary:
    for _ in range(MOST_TRIES):
        wanted = to(canary)
        if wanted == canary:
            return canary
        saved = store(wanted)
        if saved is not None:
            return saved
        newest = ports.canaries.get(canary.service, canary.environment)
        if newest is None or newest.id != canary.id:
            raise Terminal(f"Canary {canary.id} is no longer the newest of {canary.service}.")
        canary = newest
    raise Transient(f"The record of canary {canary.id} is being changed all the time.")


def rules_of(ports: Ports, scope: Scope, settings: CanarySettings) -> dict[str, ListenerRule]:
    """The listener rules that exist, by ARN."""
    found = ports.listener_rules.describe(scope.environment.target, settings.listener_rules)
    return {rule.arn: rule for rule in found}


def is_silent(canary: Canary, now: datetime) -> bool:
    """Whether nobody has looked at a canary for too long."""
    return now >= (canary.seen_at or canary.opened_at) + SILENCE


def ensure_pulse(ports: Ports, canary: Canary) -> bool:
    """Make sure that the pulse is invoked; True when it was not."""
    name = schedule_name(ports.stack, canary.service, canary.environment)
    if ports.schedules.exists(name):
        return False
    ports.schedules.start(name, {"service": canary.service, "environment": canary.environment})
    return True
