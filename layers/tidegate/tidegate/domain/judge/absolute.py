"""Whether a rate of bad responses is above a limit: a sequential test that may be read after every period.

After a switch all traffic is on the new version: there is nothing beside it to compare with, so the manifest
says which rate is tolerated. The null hypothesis is that each response, given all before it, is bad
with a probability of at most the limit.

For a factor ``r > 1`` the product over all responses of ``r ** bad * exp(-(r - 1) * limit)`` is then a
supermartingale that starts at 1: given the past, ``E[r ** bad]`` is at most ``1 + limit * (r - 1)``, which
is at most ``exp((r - 1) * limit)``. After ``S`` bad responses where ``M = limit * requests`` are tolerated
it is ``r ** S * exp(-(r - 1) * M)``. An average over several factors, with weights fixed beforehand, is one
too, and so is an average over several limits, however they depend on each other. By Ville's inequality it
ever reaches ``1 / alpha`` with a probability of at most ``alpha``, so that looking often costs nothing.

Sources: S. R. Howard, A. Ramdas, J. McAuliffe, J. Sekhon, "Time-uniform, nonparametric, nonasymptotic
confidence sequences" (sub-Poisson processes; the method of mixtures), https://arxiv.org/abs/1810.08240;
H. Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math. Statist. 41 (1970).

Where bad responses come in bursts the hypothesis is broken inside of a burst by a service that keeps to its
limit in the long run. With a dispersion ``phi`` both ``S`` and ``M`` are divided by it: that is the same test
of bursts instead of responses, for bursts of ``phi`` responses on average; no promise is made for others.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .likelihood import log_sum_exp

AbsoluteVerdict = Literal["continue", "roll_back"]

FACTORS = tuple(1.0 + 0.05 * 2**k for k in range(12))
"""From 5 % above the limit to a hundred times it, each excess twice the one before; all weigh the same."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The highest tolerated share of one kind of bad response, and its share of alpha beside the others."""

    name: str
    rate: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class AbsoluteSettings:
    """What is tolerated, and with which error probability.

    Attributes:
        limits: One for each kind of bad response, at least one.
        alpha: Highest probability of returning a version that keeps to all limits.
        minimum_requests: Requests in all, below which nothing is known.
        minimum_bad: Bad responses of one kind, below which it accuses nobody.
    """

    limits: tuple[Limit, ...]
    alpha: float = 0.01
    minimum_requests: float = 100.0
    minimum_bad: float = 3.0

    def __post_init__(self) -> None:
        """Refuse settings that guarantee nothing.

        Raises:
            ValueError: If a value lies outside its range.
        """
        if not 0.0 < self.alpha < 1.0:
            raise ValueError(f"alpha must lie between 0 and 1, not {self.alpha!r}")
        if not self.limits or len({limit.name for limit in self.limits}) < len(self.limits):
            raise ValueError("at least one limit is needed, each with a name of its own")
        if any(not (0.0 < limit.rate < 1.0 and limit.weight > 0.0) for limit in self.limits):
            raise ValueError("a limit must lie between 0 and 1, and its weight above 0")


@dataclass(frozen=True, slots=True)
class AbsoluteState:
    """All that is kept from one period to the next.

    Attributes:
        settings: What is tolerated.
        dispersion: Name of a limit to the size of the bursts in which bad responses come.
        totals: Name of a limit to requests and bad ones so far.
        periods: How many periods were judged.
        log_evidence: Of the average of all limits, now.
        verdict: ``roll_back`` stays whatever comes later.
    """

    settings: AbsoluteSettings
    dispersion: Mapping[str, float] = field(default_factory=dict)
    totals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    periods: int = 0
    log_evidence: float = 0.0
    verdict: AbsoluteVerdict = "continue"

    @property
    def requests(self) -> float:
        """Requests so far, of the kind of which there were fewest."""
        return min(self.totals.get(limit.name, (0.0, 0.0))[0] for limit in self.settings.limits)

    @property
    def known(self) -> bool:
        """Whether there were enough requests to know anything: without them, silence is no approval."""
        return self.requests >= self.settings.minimum_requests

    @property
    def sentence(self) -> str:
        """The verdict, the evidence and the figures it rests on."""
        figures = "; ".join(_figures(limit, *self.totals.get(limit.name, (0, 0))) for limit in _sorted(self))
        odds = f"{math.exp(min(self.log_evidence, 20.7)):,.3g} to 1"
        if self.verdict == "roll_back":
            return f"The evidence of more bad responses than tolerated reached {odds}: {figures}."
        if not self.known:
            least = f"{self.settings.minimum_requests:,.0f}"
            return f"Nothing is known: {self.requests:,.0f} requests were seen of at least {least}."
        return f"No proof of more bad responses than tolerated ({odds}): {figures}."

    def to_json(self) -> str:
        """The state as compact JSON."""
        plain = {
            "settings": {
                "limits": [[each.name, each.rate, each.weight] for each in self.settings.limits],
                "alpha": self.settings.alpha,
                "minimum_requests": self.settings.minimum_requests,
                "minimum_bad": self.settings.minimum_bad,
            },
            "dispersion": dict(self.dispersion),
            "totals": {name: list(total) for name, total in self.totals.items()},
            "periods": self.periods,
            "log_evidence": self.log_evidence,
            "verdict": self.verdict,
        }
        return json.dumps(plain, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "AbsoluteState":
        """Read what `to_json` wrote."""
        plain: dict[str, Any] = json.loads(text)
        settings = plain.pop("settings")
        limits = tuple(Limit(*each) for each in settings.pop("limits"))
        totals = {name: (float(total[0]), float(total[1])) for name, total in plain.pop("totals").items()}
        return cls(AbsoluteSettings(limits, **settings), totals=totals, **plain)


def start_absolute(
    settings: AbsoluteSettings, dispersion: Mapping[str, float] | None = None
) -> AbsoluteState:
    """Begin a test; a dispersion below 1, or none, counts as 1."""
    return AbsoluteState(settings, {name: max(1.0, value) for name, value in (dispersion or {}).items()})


def observe_absolute(state: AbsoluteState, figures: Mapping[str, tuple[float, float]]) -> AbsoluteState:
    """Take in one period; a fixed number of operations, and the order of periods makes no difference.

    Args:
        state: The evidence so far.
        figures: Name of a limit to requests and bad ones of the period. Bad ones beyond the requests are cut:
            the load balancer counts the two at different moments.
    """
    totals = dict(state.totals)
    for limit in state.settings.limits:
        requests, bad = figures.get(limit.name, (0.0, 0.0))
        before = totals.get(limit.name, (0.0, 0.0))
        totals[limit.name] = (before[0] + requests, before[1] + min(bad, requests))
    state = replace(state, totals=totals, periods=state.periods + 1)
    evidence = {limit.name: _log_evidence(state, limit) for limit in state.settings.limits}
    state = replace(state, log_evidence=round(_average(state, evidence), 9))
    accusing = {
        name: value for name, value in evidence.items() if totals[name][1] >= state.settings.minimum_bad
    }
    proven = bool(accusing) and _average(state, accusing) >= -math.log(state.settings.alpha)
    return replace(state, verdict="roll_back") if proven else state


def _log_evidence(state: AbsoluteState, limit: Limit) -> float:
    requests, bad = state.totals[limit.name]
    phi = state.dispersion.get(limit.name, 1.0)
    count, tolerated = bad / phi, limit.rate * requests / phi
    terms = [count * math.log(factor) - (factor - 1.0) * tolerated for factor in FACTORS]
    return log_sum_exp(terms) - math.log(len(FACTORS))


def _average(state: AbsoluteState, evidence: Mapping[str, float]) -> float:
    """The log of the weighted average; a limit that is left out counts as no evidence at all."""
    total = sum(limit.weight for limit in state.settings.limits)
    return log_sum_exp(
        [
            evidence[limit.name] + math.log(limit.weight / total)
            for limit in state.settings.limits
            if limit.name in evidence
        ]
    )


def _sorted(state: AbsoluteState) -> list[Limit]:
    """The limits, the one that is exceeded most first."""

    def excess(limit: Limit) -> float:
        requests, bad = state.totals.get(limit.name, (0.0, 0.0))
        return bad / requests / limit.rate if requests else 0.0

    return sorted(state.settings.limits, key=excess, reverse=True)


def _figures(limit: Limit, requests: float, bad: float) -> str:
    share = f"{100.0 * bad / requests:.3g} %" if requests else "no rate"
    tolerated = f"{100.0 * limit.rate:.3g} %"
    return f"{limit.name} {bad:,.10g} of {requests:,.10g} requests ({share}, {tolerated} tolerated)"
