"""How fast a canary goes: whether a step is over, and what follows, as one decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tidegate.domain.judge import Verdict
from tidegate.domain.rollout import Evidence
from tidegate.domain.strategy import CanarySettings

Move = Literal["wait", "next", "promote", "ask", "roll_back"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known at the moment of deciding.

    Attributes:
        step: Index of the step whose weight is given.
        verdict: The judge's.
        sentence: The judge's sentence.
        fresh: Whether the verdict rests on a period of this very step, and on figures that are not old.
        in_step: Seconds since the step's weight was seen on the rules.
        in_all: Seconds since the canary was opened.
        can_ask: Whether the environment names people who may be asked.
        accepted: Whether people accepted that this step ends although the judge cannot conclude.
    """

    step: int
    verdict: Verdict
    sentence: str
    fresh: bool
    in_step: float
    in_all: float
    can_ask: bool = False
    accepted: bool = False


@dataclass(frozen=True, slots=True)
class Pace:
    """What follows, in a sentence, and the evidence against the image where there is any."""

    move: Move
    reason: str
    evidence: Evidence | None = None


def pace(settings: CanarySettings, now: Standing) -> Pace:
    """Decide what follows at a moment of a step.

    A proven harm returns the canary at once. No step ends before its minimum. It ends early when the judge
    says `promote`, and at its maximum when the judge says `continue`; what the judge cannot conclude from is
    never taken for good: the manifest says whether such a canary waits, people are asked, or it returns.
    """
    step = settings.steps[now.step]
    if now.verdict == "roll_back":
        return Pace("roll_back", now.sentence, "judge")
    if now.in_all >= settings.longest_seconds:
        return Pace("roll_back", f"It took longer than {_span(settings.longest_seconds)}. {now.sentence}")
    if now.in_step < step.minimum_seconds:
        return Pace("wait", now.sentence)
    at_maximum = now.in_step >= step.maximum_seconds
    concluded = now.fresh and (now.verdict == "promote" or (now.verdict == "continue" and at_maximum))
    if concluded or now.accepted:
        is_last = now.step == len(settings.steps) - 1
        return Pace("promote" if is_last else "next", now.sentence)
    return _inconclusive(settings, now) if at_maximum else Pace("wait", now.sentence)


def _inconclusive(settings: CanarySettings, now: Standing) -> Pace:
    why = f"The {_percent(settings, now.step)} step is over without a conclusion. {now.sentence}"
    if settings.when_inconclusive == "wait":
        return Pace("wait", why)
    if settings.when_inconclusive == "ask" and now.can_ask:
        return Pace("ask", why)
    if settings.when_inconclusive == "ask":
        return Pace("roll_back", f"{why} There is nobody to ask: the environment has no approval rule.")
    return Pace("roll_back", why)


def _percent(settings: CanarySettings, step: int) -> str:
    return f"{settings.steps[step].weight:g} %"


def _span(seconds: int) -> str:
    hours, minutes = seconds / 3600, seconds / 60
    if hours >= 1:
        return f"{hours:.3g} hours" if hours != 1 else "an hour"
    return f"{minutes:.3g} minutes" if minutes >= 1 else f"{seconds} seconds"
