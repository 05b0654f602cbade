"""Listener rules whose weights ECS rewrites during a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.elbv2.models import FakeAction

from local.world.ecs.model import Revision, Service, ServiceDeployment
from local.world.elb import wiring

FULL = 100.0
NOT_ASSOCIATED = (
    "Service deployment rolled back because of invalid networking configuration. Both targetGroup and "
    "alternateTargetGroup must be associated with the productionListenerRule or testListenerRule."
)
NO_RULE = (
    "Service deployment rolled back because of invalid networking configuration. One or more rules not found"
)


def problem(service: Service) -> str | None:
    """Why traffic cannot be shifted, None where it can.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html
    """
    for balancer in service.load_balancers:
        advanced = balancer.get("advancedConfiguration") or {}
        if not advanced:
            continue
        rules = [advanced.get("productionListenerRule"), advanced.get("testListenerRule")]
        found = [_route(service, arn) for arn in rules if arn]
        if any(route is None for route in found):
            return NO_RULE
        known = {group for route in found if route for group in route.weights}
        if not {balancer["targetGroupArn"], advanced.get("alternateTargetGroupArn")} <= known:
            return NOT_ASSOCIATED
    return None


def shift(service: Service, current: ServiceDeployment, *, green: float, test: bool) -> None:
    """Give the target revision a share of the production traffic, or of the test traffic.

    Args:
        service: The service.
        current: Its deployment under way.
        green: Percent of the traffic for the target revision; the rest stays with the source.
        test: Whether the test rule is meant.
    """
    key = "testListenerRule" if test else "productionListenerRule"
    for target in current.target.targets:
        advanced = target.get("advancedConfiguration") or {}
        rule = advanced.get(key)
        if rule:
            _rewrite(service, rule, _weights(service, target["targetGroupArn"], advanced, green))
    shown = "requestedTestTrafficWeight" if test else "requestedProductionTrafficWeight"
    current.weights.setdefault(current.target.arn, {})[shown] = green
    for source in current.sources:
        current.weights.setdefault(source.arn, {})[shown] = FULL - green


def percents(current: ServiceDeployment, *, test: bool) -> dict[str, int]:
    """The traffic weights by revision, as Lambda hooks get them; empty before the first shift."""
    shown = "requestedTestTrafficWeight" if test else "requestedProductionTrafficWeight"
    return {arn: round(each[shown]) for arn, each in current.weights.items() if shown in each}


def share(current: ServiceDeployment, revision: Revision, *, test: bool = False) -> float:
    """The share of the traffic that a revision has been given, in percent."""
    shown = "requestedTestTrafficWeight" if test else "requestedProductionTrafficWeight"
    return current.weights.get(revision.arn, {}).get(shown, 0.0)


def _weights(service: Service, green: str, advanced: Mapping[str, Any], percent: float) -> dict[str, int]:
    groups = {each["targetGroupArn"] for each in service.load_balancers}
    groups |= {advanced.get("alternateTargetGroupArn") or green}
    # Weights are whole numbers, so tenths of a percent need a finer scale.
    scale = 1 if percent == round(percent) else 10
    blue = round((FULL - percent) * scale)
    return {group: round(percent * scale) if group == green else blue for group in sorted(groups)}


def _rewrite(service: Service, arn: str, weights: Mapping[str, int]) -> None:
    """Write a weighted forward action into a rule.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/blue-green-deployment-how-it-works.html
    """
    route = _route(service, arn)
    if route is None:
        return
    groups = [{"TargetGroupArn": group, "Weight": weight} for group, weight in weights.items()]
    kept = [each for each in route.rule.actions if each.data.get("Type") != "forward"]
    route.rule.actions = [
        *kept,
        FakeAction({"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}),
    ]
    if route.is_default:
        route.listener.default_actions = route.rule.actions
    wiring.forget_routes()


def _route(service: Service, arn: str) -> wiring.Route | None:
    for route in wiring.routes(service.place):
        if arn == route.rule.arn or (arn == route.listener.arn and route.is_default):
            return route
    return None
