"""The listener rules of a canary: read, and taken back to where all traffic is the stable service's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tidegate.domain.traffic import weights_for
from tidegate.ports import Ports
from tidegate.steps.canaries import rules_of, settings_of
from tidegate.steps.scope import Scope

Fence = Callable[[], None]
"""Raises when the caller may change nothing any more; called directly before every change."""


def no_fence() -> None:
    """Where the record alone forbids what is being undone: once a canary is over, nobody gives it traffic."""


@dataclass(frozen=True, slots=True)
class Returned:
    """Whether a rule had to be changed, whether one cannot be, and what people have to know."""

    changed: bool
    blocked: bool
    said: str


def return_traffic(ports: Ports, scope: Scope, fence: Fence) -> Returned:
    """Give all traffic back to the stable service, wherever a rule still forwards to our two groups."""
    settings = settings_of(scope)
    rules = rules_of(ports, scope, settings)
    ours = weights_for(0, settings.target_group, settings.canary_target_group)
    changed, blocked, said = False, False, []
    for arn in settings.listener_rules:
        rule = rules.get(arn)
        if rule is None:
            said.append(f"Listener rule {arn} is gone.")
        elif rule.share(settings.canary_target_group) == 0:
            continue
        elif set(rule.weights) != set(ours):
            blocked = True
            said.append(_foreign(arn, rule.share(settings.canary_target_group)))
        else:
            fence()
            ports.listener_rules.set_weights(scope.environment.target, arn, ours)
            changed = True
    return Returned(changed, blocked, " ".join(said))


def _foreign(arn: str, share: float) -> str:
    return (
        f"Somebody has let listener rule {arn} forward to other target groups as well; it still gives the "
        f"canary {share:g} %, so its tasks are kept until people have taken it out."
    )
