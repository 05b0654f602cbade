"""How load balancers, listeners, rules and target groups hang together, read from moto."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from moto.elbv2.models import elbv2_backends

from local.world.elb import stickiness

Place = tuple[str, str]

KEPT_SECONDS = 0.2


@dataclass(frozen=True)
class Route:
    """One rule of one listener, and where it forwards to.

    Attributes:
        weights: Weight by target-group ARN; empty for a rule that does not forward.
    """

    load_balancer: Any
    listener: Any
    rule: Any
    weights: dict[str, int]

    @property
    def is_default(self) -> bool:
        """Whether this is the listener's default rule."""
        return bool(self.rule.is_default)

    @property
    def sticky_seconds(self) -> int:
        """For how long the rule keeps a client at the target group it met; 0 where it does not."""
        return stickiness.seconds_of(self.rule.actions)


def weights_of(actions: list[Any]) -> dict[str, int]:
    """The weights by target group of a rule's forward action."""
    for action in actions:
        data = getattr(action, "data", action)
        if data.get("Type") != "forward":
            continue
        groups = (data.get("ForwardConfig") or {}).get("TargetGroups") or []
        if groups:
            return {each["TargetGroupArn"]: int(each.get("Weight", 1)) for each in groups}
        if data.get("TargetGroupArn"):
            return {data["TargetGroupArn"]: 1}
    return {}


class _Index:
    """The rules by target group, kept for a moment: every health check and every request asks for them.

    API calls that change a load balancer drop it at once; other changes show after ``KEPT_SECONDS``.
    """

    def __init__(self) -> None:
        self._kept: dict[Place, tuple[float, dict[str, list[Route]]]] = {}

    def drop(self) -> None:
        """Forget everything."""
        self._kept.clear()

    def of(self, place: Place) -> dict[str, list[Route]]:
        """The rules of an account and region by the target groups that they forward to."""
        until, found = self._kept.get(place, (0.0, {}))
        if time.monotonic() < until:
            return found
        found = {}
        for route in routes(place):
            for group in route.weights:
                found.setdefault(group, []).append(route)
        self._kept[place] = (time.monotonic() + KEPT_SECONDS, found)
        return found


_index = _Index()


def forget_routes() -> None:
    """Read the rules anew: something about a load balancer has changed."""
    _index.drop()


def routes(place: Place) -> Iterator[Route]:
    """Every rule of an account and region, the default rule of each listener last."""
    account, region = place
    for balancer in list(elbv2_backends[account][region].load_balancers.values()):
        for listener in list(balancer.listeners.values()):
            ranked = sorted(listener.rules.values(), key=_priority)
            for rule in ranked:
                yield Route(balancer, listener, rule, weights_of(rule.actions))


def _priority(rule: Any) -> float:
    return float("inf") if rule.is_default else float(rule.priority)


def routes_to(place: Place, target_group: str) -> list[Route]:
    """The rules that forward to a target group, with whatever weight."""
    return _index.of(place).get(target_group, [])


def target_group(place: Place, arn: str) -> Any | None:
    """A target group of moto's, None where there is none."""
    account, region = place
    return elbv2_backends[account][region].target_groups.get(arn)
