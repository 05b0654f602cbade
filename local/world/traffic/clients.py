"""Clients that keep cookies, as counts: how many are led to which target group by the one they have.

A rule with target-group stickiness answers a client's first request with the cookie AWSALBTG, which names the
target group that the weights gave it. Whoever brings the cookie goes to that group, whatever the weights are
by then: the documentation makes no exception for weight 0, and AWS answers the question so. A request without
a cookie goes by the weights, and where the rule is not sticky every request does.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html#forward-actions
https://repost.aws/questions/QUugYm4uzWSI2af5mnmMjlZQ/alb-to-automatically-redirect-traffic

Every answer renews the cookie; one that was not renewed for the duration of the rule leads nowhere. While the
rule is not sticky none is renewed, but those that there are stay with the clients.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from local.world.traffic.sampling import binomial, spread

VISIT = 20 * 60
"""How many seconds a client stays on average, before the time scale."""


@dataclass(eq=False)
class Clients:
    """So many clients at any time, all equally busy; whoever leaves is replaced by one without a cookie.

    Attributes:
        number: How many there are.
        visit_seconds: How long one stays on average, in real seconds.
        bound: Target group to the number of clients whose cookie names it.
        unsticky_since: Since when the rule is not sticky; None while it is.
    """

    number: int = 500
    visit_seconds: float = 20.0
    bound: dict[str, int] = field(default_factory=dict)
    unsticky_since: float | None = None

    def wait(self, now: float) -> None:
        """The rule is not sticky: nobody gets a cookie or has one renewed."""
        if self.unsticky_since is None:
            self.unsticky_since = now

    def requests(
        self, chance: random.Random, number: int, weights: Mapping[str, int], sticky: Sticky
    ) -> dict[str, int]:
        """Share so many requests of these clients out among the target groups of a sticky rule."""
        self._lose_cookies(chance, sticky)
        self.bound = {group: count for group, count in self.bound.items() if group in weights}
        free = max(0, self.number - sum(self.bound.values()))
        shares = spread(chance, number, {**self.bound, "": free})
        first = spread(chance, shares.pop(""), weights)
        given = spread(chance, binomial(chance, free, -math.expm1(-sticky.pace * sticky.passed)), weights)
        for group, count in given.items():
            self.bound[group] = self.bound.get(group, 0) + count
        return {group: shares.get(group, 0) + first[group] for group in weights}

    def _lose_cookies(self, chance: random.Random, sticky: Sticky) -> None:
        """Let clients leave, and cookies expire that were not renewed for the duration of the rule."""
        pace, lasts = sticky.pace, sticky.seconds
        if self.unsticky_since is None:
            # A pause longer than the duration: so often does a pause begin, times its probability.
            often = 1 / self.visit_seconds + pace * math.exp(-pace * lasts)
            kept = math.exp(-often * sticky.passed)
        else:
            away = sticky.now - self.unsticky_since
            still_valid = -math.expm1(-pace * (lasts - away)) if away < lasts else 0.0
            kept = math.exp(-away / self.visit_seconds) * still_valid
            self.unsticky_since = None
        self.bound = {group: binomial(chance, count, kept) for group, count in self.bound.items()}


@dataclass(frozen=True)
class Sticky:
    """A sticky rule at a moment.

    Attributes:
        seconds: The duration of its stickiness.
        now: The time.
        passed: Seconds since it was looked at last.
        pace: How many requests each client makes a second.
    """

    seconds: float
    now: float
    passed: float
    pace: float
