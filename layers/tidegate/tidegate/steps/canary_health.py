"""What ends a canary whatever the figures say: alarms, tasks that die, listener rules that others change."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tidegate.domain import losses
from tidegate.domain.canary import Canary, canary_service, expected_shares, tasks_for, tells
from tidegate.domain.strategy import CanarySettings
from tidegate.domain.traffic import ListenerRule, gives
from tidegate.domain.workload import ServiceState, TargetState
from tidegate.ports import Ports
from tidegate.steps.canaries import rules_of, settings_of
from tidegate.steps.scope import Scope

MOST_LOST = 1
"""One task may be lost, as in every fleet; a second one is held against the image."""
SHORT = timedelta(minutes=3)
"""For how long a canary with traffic may have fewer healthy tasks than it needs."""
STALE = timedelta(seconds=20)
"""How long listener rules may show what they were before their weights were changed."""


def alarms(ports: Ports, scope: Scope, canary: Canary) -> Canary:
    """The record after a look at the strategy's alarms.

    Before there is traffic a red alarm says nothing of the canary. Where the manifest accepts that, it says
    nothing afterwards either, as with ECS, which ignores such an alarm for the whole deployment.
    """
    settings = settings_of(scope).alarms
    if not settings.names:
        return canary
    states = ports.alarms.states(scope.environment.target, settings.names)
    red = tuple(name for name in settings.names if states.get(name) == "ALARM")
    if canary.step < 0:
        if settings.when_already_in_alarm == "accept":
            return replace(canary, red_before=red)
        return tells(canary, "fail", f"{_named(red)} before the canary had traffic.") if red else canary
    accusing = tuple(name for name in red if name not in canary.red_before)
    if not accusing:
        return canary
    return tells(canary, "roll_back", f"{_named(accusing)} while the canary had traffic.", "alarm")


def _named(red: tuple[str, ...]) -> str:
    return f"Alarm {red[0]} went off" if len(red) == 1 else f"Alarms {', '.join(red)} went off"


def workload(ports: Ports, scope: Scope, canary: Canary) -> Canary:
    """The record after a look at the canary's tasks, once it has traffic.

    Without a healthy target at all it is returned at once. A second lost task returns it as well, and so does
    a shortage that lasts, which alone says nothing of the image.
    """
    if canary.step < 0:
        return canary
    settings, environment = settings_of(scope), scope.environment
    place, name = (environment.target, environment.cluster), canary_service(environment.service)
    state = ports.services.describe(*place, name)
    if state is None:
        return tells(canary, "fail", f"The service {name} is gone.")
    targets = ports.target_groups.health(environment.target, settings.canary_target_group)
    stable = ports.services.describe(*place, environment.service)
    needed = min(state.desired, tasks_for(stable.desired, canary.weight)) if stable else state.desired
    healthy = min(state.running, sum(target.state == "healthy" for target in targets))
    if healthy >= needed > 0 and not _restarted(state):
        return replace(canary, short_since=None)
    stopped = ports.services.tasks(*place, name, stopped=True)
    gone = losses.lost(stopped, canary.task_definition, canary.opened_at)
    figures = f"{healthy} of {needed} tasks of {name} are healthy."
    is_bad = bool(gone) or any(target.state == "unhealthy" for target in targets)
    if healthy == 0 or len(gone) > MOST_LOST:
        lost = f" It lost {len(gone)}." if len(gone) > 1 else ""
        reason = f"{figures}{lost}{losses.words(gone)}{_unhealthy(targets)}"
        return tells(canary, "roll_back", reason, "health" if is_bad else None)
    if healthy >= needed:
        return replace(canary, short_since=None)
    now = ports.clock.now()
    since = canary.short_since or now
    if now - since < SHORT:
        return replace(canary, short_since=since)
    reason = f"For {(now - since).total_seconds() / 60:.0f} minutes {figures}{losses.words(gone)}"
    return tells(canary, "roll_back", f"{reason}{_unhealthy(targets)}", "health" if is_bad else None)


def _restarted(state: ServiceState) -> bool:
    """Whether ECS counts failed tasks: a service that loses tasks may be full whenever one looks."""
    return any(deployment.status == "PRIMARY" and deployment.failed > 0 for deployment in state.deployments)


def _unhealthy(targets: tuple[TargetState, ...]) -> str:
    for target in targets:
        if target.state == "unhealthy":
            return f" Target {target.id} is unhealthy: {target.reason or 'no reason given'}."
    return ""


def rules(ports: Ports, scope: Scope, canary: Canary) -> Canary:
    """The record after a look at the listener rules: what somebody else has set stops the deployment."""
    if canary.shifted_at is None or ports.clock.now() - canary.shifted_at < STALE:
        return canary
    settings = settings_of(scope)
    found = rules_of(ports, scope, settings)
    for arn in settings.listener_rules:
        foreign = _foreign(arn, found.get(arn), settings, canary)
        if foreign is not None:
            return tells(canary, "fail", foreign)
    return canary


def _foreign(arn: str, rule: ListenerRule | None, settings: CanarySettings, canary: Canary) -> str | None:
    """The sentence on a rule that is not as the record has it; None when it is."""
    if rule is None:
        return f"Listener rule {arn} is gone."
    if set(rule.weights) != {settings.target_group, settings.canary_target_group}:
        return f"Somebody has let listener rule {arn} forward to other target groups."
    shares = expected_shares(canary, settings.steps)
    if any(gives(rule, share, settings.canary_target_group) for share in shares):
        return None
    share = rule.share(settings.canary_target_group)
    return (
        f"Somebody has changed listener rule {arn}: it gives the canary {share:g} %, not {canary.weight:g} %."
    )
