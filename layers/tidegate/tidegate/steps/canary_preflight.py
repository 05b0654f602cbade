"""What must hold before a canary begins: read before anything is touched, and again before it is opened."""

from __future__ import annotations

from tidegate.domain.canary import canary_service
from tidegate.domain.strategy import CanarySettings
from tidegate.domain.traffic import LONGEST_STICKINESS, ListenerRule, gives
from tidegate.domain.workload import ServiceState
from tidegate.ports import Ports
from tidegate.steps.canaries import rules_of, settings_of
from tidegate.steps.scope import Scope

LEAVING_TARGETS = ("draining", "unused")
"""States of targets that get no new requests."""


def obstacle(ports: Ports, scope: Scope, state: ServiceState) -> str | None:
    """Why no canary can begin beside a service, as a sentence; None when one can.

    Args:
        ports: The world.
        scope: The release and the environment, whose strategy is `canary`.
        state: The stable service.
    """
    settings = settings_of(scope)
    if not state.settled:
        return f"{state.name} is being deployed; a canary needs a stable side to be compared with."
    if settings.target_group not in state.target_groups:
        return f"The tasks of {state.name} are not registered in target group {settings.target_group}."
    rules = rules_of(ports, scope, settings)
    for arn in settings.listener_rules:
        sentence = _unlike(arn, rules.get(arn), settings)
        if sentence is not None:
            return sentence
    return None


def strangers(ports: Ports, scope: Scope) -> str | None:
    """Why the canary's target group is not empty although no canary lives, as a sentence; None when it is."""
    settings, environment = settings_of(scope), scope.environment
    targets = ports.target_groups.health(environment.target, settings.canary_target_group)
    living = [target.id for target in targets if target.state not in LEAVING_TARGETS]
    if not living:
        return None
    return (
        f"Target group {settings.canary_target_group} has targets ({', '.join(living[:5])}) although no "
        f"canary lives; let {canary_service(environment.service)}, or whatever registered them, want no "
        "tasks."
    )


def _unlike(arn: str, rule: ListenerRule | None, settings: CanarySettings) -> str | None:
    """Why a rule is not as Tidegate left it; None when it is."""
    if rule is None:
        return f"Listener rule {arn} does not exist."
    if set(rule.weights) != {settings.target_group, settings.canary_target_group}:
        groups = ", ".join(sorted(rule.weights)) or "no target group"
        return f"Listener rule {arn} forwards to {groups}, not to both target groups of the manifest."
    if not gives(rule, 0, settings.canary_target_group) or not gives(rule, 100, settings.target_group):
        share = rule.share(settings.target_group)
        return f"Listener rule {arn} gives {settings.target_group} {share:g} % of the traffic, not all of it."
    if rule.stickiness.lasts > LONGEST_STICKINESS:
        return (
            f"Listener rule {arn} keeps its clients for {rule.stickiness.lasts} seconds; give its stickiness "
            f"at most {LONGEST_STICKINESS}, because it stays off for as long after a canary."
        )
    return None
