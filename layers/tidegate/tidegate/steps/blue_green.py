"""What the steps of a blue/green deployment share: its settings, its two sides, what must hold beforehand."""

from __future__ import annotations

from tidegate.domain.blue_green import Move, carrying, next_move
from tidegate.domain.canary import LEAVING, Canary
from tidegate.domain.rollout import Rollout
from tidegate.domain.strategy import BlueGreenSettings
from tidegate.domain.traffic import ListenerRule
from tidegate.domain.verification import Check
from tidegate.domain.workload import ServiceState
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.guard import stopped_here
from tidegate.steps.scope import Scope

LEAVING_TARGETS = ("draining", "unused")
"""States of targets that get no new requests."""
TRAFFIC = "traffic"
"""The name of the check that one target group has all of the traffic: it says nothing of the image."""


def settings_of(scope: Scope) -> BlueGreenSettings:
    """The settings of the environment's strategy.

    Raises:
        Terminal: it has another strategy.
    """
    strategy = scope.environment.strategy
    if not isinstance(strategy, BlueGreenSettings):
        raise Terminal(f"{scope.environment.name} has the strategy {strategy.name}, which is not blue_green.")
    return strategy


def sides(ports: Ports, scope: Scope) -> tuple[str, str] | None:
    """The target group that has all production traffic, and the other one; None when neither has it.

    ECS shifts traffic without looking at what the rule gives to whom at the moment.
    https://github.com/aws/containers-roadmap/issues/2853
    """
    settings = settings_of(scope)
    rule = _rule(ports, scope, settings.production_rule)
    if rule is None or set(rule.weights) != set(settings.target_groups):
        return None
    loaded = carrying(rule.weights)
    if len(loaded) != 1:
        return None
    (green,) = (group for group in settings.target_groups if group != loaded[0])
    return loaded[0], green


def move_of(scope: Scope, canary: Canary | None, rollout: Rollout) -> Move:
    """What comes next in a deployment, whose record says what was decided about it."""
    leaving = stopped_here(scope) is not None or (canary is not None and canary.decision in LEAVING)
    return next_move(rollout, leaving=leaving, past_no_return=scope.past_no_return)


def obstacle(ports: Ports, scope: Scope, state: ServiceState) -> str | None:
    """Why no blue/green deployment can begin, as a sentence; None when one can. Nothing is changed."""
    settings = settings_of(scope)
    if not state.settled:
        return f"{state.name} is being deployed already."
    if not set(settings.target_groups) & set(state.target_groups):
        return f"{state.name} is registered in neither target group of the manifest."
    return _wrong_rules(ports, scope, settings) or _wrong_targets(ports, scope, state)


def _wrong_rules(ports: Ports, scope: Scope, settings: BlueGreenSettings) -> str | None:
    """Why a rule is not as ECS left it; None when both are."""
    wanted = (settings.production_rule, settings.test_rule)
    found = {rule.arn: rule for rule in ports.listener_rules.describe(scope.environment.target, wanted)}
    for arn in wanted:
        if arn not in found:
            return f"Listener rule {arn} does not exist."
        if set(found[arn].weights) != set(settings.target_groups):
            groups = ", ".join(sorted(found[arn].weights)) or "no target group"
            return f"Listener rule {arn} forwards to {groups}, not to both target groups of the manifest."
    production = found[settings.production_rule]
    if len(carrying(production.weights)) != 1:
        shares = " and ".join(f"{production.share(each):g} %" for each in settings.target_groups)
        return (
            f"Listener rule {production.arn} gives the two target groups {shares} of the traffic; it must "
            "give all of it to one, so somebody else has changed it."
        )
    return None


def _wrong_targets(ports: Ports, scope: Scope, state: ServiceState) -> str | None:
    """Why the side with the traffic is not the service's, or the other one not empty; None when they are."""
    found = sides(ports, scope)
    if found is None:
        return "The production rule was changed just now."
    blue, green = found
    target = scope.environment.target
    serving = [each for each in ports.target_groups.health(target, blue) if each.state == "healthy"]
    if state.desired > 0 and not serving:
        return f"No target of {blue} is healthy, although the production rule gives it all traffic."
    living = [
        each.id for each in ports.target_groups.health(target, green) if each.state not in LEAVING_TARGETS
    ]
    if living:
        names = ", ".join(living[:5])
        return f"Target group {green} has targets ({names}) although it must be empty before a deployment."
    return None


def carrying_groups(
    ports: Ports, scope: Scope, groups: tuple[str, ...]
) -> tuple[tuple[str, ...], tuple[Check, ...]]:
    """The target groups whose health counts now, and a line that says who has the traffic.

    A service that is switched between two groups is described with one of them, whichever has the traffic:
    that can be read from the production rule alone.

    Args:
        ports: The world.
        scope: The release and the environment, of any strategy.
        groups: The target groups with which the service is described.
    """
    settings = scope.environment.strategy
    if not isinstance(settings, BlueGreenSettings):
        return groups, ()
    others = tuple(group for group in groups if group not in settings.target_groups)
    rule = _rule(ports, scope, settings.production_rule)
    if rule is None:
        return groups, (Check(TRAFFIC, "failed", f"{settings.production_rule} does not exist."),)
    loaded = carrying(rule.weights)
    if len(loaded) == 1 and loaded[0] in settings.target_groups:
        line = Check(TRAFFIC, "passed", f"{loaded[0].split('/')[1]} has all of the traffic.")
        return (*others, *loaded), (line,)
    shares = ", ".join(f"{group}: {rule.share(group):g} %" for group in sorted(rule.weights))
    # Whose health counts is not known then, and nothing is held against the image.
    return others, (Check(TRAFFIC, "pending", f"The traffic is shared out: {shares or 'none'}."),)


def _rule(ports: Ports, scope: Scope, arn: str) -> ListenerRule | None:
    found = ports.listener_rules.describe(scope.environment.target, (arn,))
    return found[0] if found else None
