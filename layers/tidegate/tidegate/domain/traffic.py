"""Weights of listener rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

WHOLE = 1000
"""Weights of a rule with a canary add up to this; Elastic Load Balancing allows 0 to 999 for each.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupTuple.html
"""
PRECISION = 50 / WHOLE
"""Two shares that differ by less, in percent, are the same weights."""
ALL = 100
"""The weight of the only target group that gets traffic."""
LONGEST_STICKINESS = 3600
"""For how many seconds at most a rule with a canary may keep its clients; the next canary waits as long."""
LONGEST_COOKIE = 604_800
"""The longest duration of target-group stickiness, seven days.

https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupStickinessConfig.html
"""


@dataclass(frozen=True, slots=True)
class Stickiness:
    """Target-group stickiness of a rule: clients come back to the group they met, by the cookie AWSALBTG.

    ``seconds`` is for how long after their last request; None where the rule does not say.
    """

    enabled: bool = False
    seconds: int | None = None

    @property
    def lasts(self) -> int:
        """For how many seconds a cookie leads its client back: none where it is off."""
        return (self.seconds or LONGEST_COOKIE) if self.enabled else 0

    def off(self) -> Stickiness:
        """The same, switched off; the duration is kept where people see it."""
        return replace(self, enabled=False)


@dataclass(frozen=True, slots=True)
class ListenerRule:
    """The forward action of a listener rule: weight by target group, empty where it does not forward.

    The default rule of a listener (``is_default``) can be described, but only ModifyListener changes it.
    """

    arn: str
    weights: Mapping[str, int]
    stickiness: Stickiness = Stickiness()
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
