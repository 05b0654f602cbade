"""Weights of listener rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

WHOLE = 1000
"""Weights of a rule with a canary add up to this; Elastic Load Balancing allows 0 to 999 for each.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html
"""
PRECISION = 50 / WHOLE
"""Two shares that differ by less, in percent, are the same weights."""
ALL = 100
"""The weight of the only target group that gets traffic."""


@dataclass(frozen=True, slots=True)
class ListenerRule:
    """The forward action of a listener rule: weight by target group, empty where it does not forward.

    ``sticky_seconds`` is the duration of target-group stickiness, None where there is none. The default rule
    of a listener (``is_default``) can be described, but only ModifyListener changes it.
    """

    arn: str
    weights: Mapping[str, int]
    sticky_seconds: int | None = None
    is_default: bool = False

    def share(self, target_group: str) -> float:
        """The nominal share of a target group, in percent; 0 where the rule forwards nothing."""
        total = sum(self.weights.values())
        return 100.0 * self.weights.get(target_group, 0) / total if total else 0.0


def weights_for(percent: float, stable: str, canary: str) -> dict[str, int]:
    """The weights by which the canary's target group gets so many percent; 0 and 100 leave one group alone.

    Raises:
        ValueError: the share is not within 0 and 100, or too small to be expressed.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"a share lies between 0 and 100 percent, not {percent!r}")
    if percent in (0, 100):
        return {stable: ALL - int(percent), canary: int(percent)}
    part = round(percent * WHOLE / 100)
    if not 0 < part < WHOLE:
        raise ValueError(f"a share of {percent!r} percent cannot be expressed in thousandths")
    return {stable: WHOLE - part, canary: part}


def gives(rule: ListenerRule, percent: float, canary: str) -> bool:
    """Whether a rule gives the canary's target group this share, as exactly as weights can express it."""
    return abs(rule.share(canary) - percent) < PRECISION
