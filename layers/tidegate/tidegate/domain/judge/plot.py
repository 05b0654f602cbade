"""A plot of a judged deployment: weights, rates and evidence over its periods, as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .axis import Axis, heading
from .canvas import (
    BOTTOM,
    CANARY,
    CERTIFICATE,
    EVIDENCE,
    FRAME,
    GAP,
    GRID,
    PANEL,
    STABLE,
    TOP,
    Line,
    Panel,
    page,
    text,
    upright,
)
from .period import Period
from .settings import JudgeSettings
from .state import JudgeState

LOWEST_EVIDENCE, MOST_EVIDENCE = -5.0, 12.0
MOST_POINTS = 1500
NARROWEST_STEP = 46
"""Points across that the name of a step needs."""

Rates = tuple[float | None, float | None]
"""Bad responses of the canary and of the stable side in per cent, None without requests."""


@dataclass(frozen=True, slots=True)
class Point:
    """One judged period.

    Attributes:
        index: Number of the period.
        canary_share: Share of the requests that the canary answered, in per cent.
        rates: Metric to the rates of both sides.
        log_evidence: Log evidence of harm after it.
        log_certificate: Log evidence against harm after it.
        verdict: Verdict after it.
        step: Number of its step.
        weight: The share that the canary was given, in per cent, where known.
        at: When it began, where known.
    """

    index: int
    canary_share: float
    rates: Mapping[str, Rates]
    log_evidence: float
    log_certificate: float
    verdict: str
    step: int = 0
    weight: float | None = None
    at: datetime | None = None

    @classmethod
    def of(cls, state: JudgeState, period: Period | Mapping[str, Period]) -> "Point":
        """Return the point of ``period``, after which ``state`` was reached."""
        first = state.settings.metrics[0].name
        periods = {first: period} if isinstance(period, Period) else period
        lead = next(iter(periods.values()))
        return cls(
            state.last_index or 0,
            100.0 * lead.canary_share,
            {
                name: (
                    rate(each.canary_errors, each.canary_requests),
                    rate(each.stable_errors, each.stable_requests),
                )
                for name, each in periods.items()
            },
            state.log_evidence,
            state.log_certificate,
            state.verdict,
            lead.step,
        )


def rate(bad: float, requests: float) -> float | None:
    """Return a rate in per cent, None where there was no request."""
    return 100.0 * bad / requests if requests > 0 else None


def _panels(points: Sequence[Point], settings: JudgeSettings) -> list[Panel]:
    share = [
        Line("measured", CANARY, [point.canary_share for point in points]),
    ]
    if any(point.weight is not None for point in points):
        share.insert(0, Line("given", FRAME, [p.weight for p in points], is_stepped=True, is_dashed=True))
    names = dict.fromkeys(name for point in points for name in point.rates)
    evidence = Line("of harm", EVIDENCE, [point.log_evidence for point in points])
    certificate = Line("of no harm", CERTIFICATE, [point.log_certificate for point in points])
    limit, certified = -math.log(settings.alpha), -math.log(settings.beta)
    limits = ((limit, "roll back", EVIDENCE), (certified, "promote", CERTIFICATE))
    return [
        Panel("Canary's share of the requests, %", 0, 100, tuple(share)),
        *(_rates(points, name) for name in names or [settings.metrics[0].name]),
        Panel("Evidence, nats", LOWEST_EVIDENCE, MOST_EVIDENCE, (evidence, certificate), limits),
    ]


def _rates(points: Sequence[Point], name: str) -> Panel:
    canary = [point.rates.get(name, (None, None))[0] for point in points]
    stable = [point.rates.get(name, (None, None))[1] for point in points]
    highest = max((value for value in (*canary, *stable) if value is not None), default=0.0)
    title = "Errors, %" if name == "errors" else f"Bad responses ({name}), %"
    return Panel(
        title, 0, max(highest * 1.1, 0.01), (Line("canary", CANARY, canary), Line("stable", STABLE, stable))
    )


def _steps(points: Sequence[Point], where: Sequence[float], height: float) -> str:
    """Return a line where each step begins, with its number and weight where there is room."""
    begins = [
        number
        for number in range(len(points))
        if number == 0 or points[number].step != points[number - 1].step
    ]
    if len(begins) < 2 and (not points or points[0].weight is None):
        return ""
    parts = []
    for number, end in zip(begins, [*begins[1:], len(points) - 1], strict=True):
        x, point = where[number], points[number]
        if number:
            parts.append(upright(x, height, GRID))
        if where[end] - x >= NARROWEST_STEP:
            words = f"step {point.step + 1}" if point.weight is None else f"{point.weight:g} %"
            is_high = (point.weight or point.canary_share) > 50  # there the curve would run through the words
            parts.append(text(x + 4, TOP + (PANEL - 6 if is_high else 12), words, FRAME))
    return "".join(parts)


def _thinned(points: Sequence[Point]) -> Sequence[Point]:
    """Return no more points than a picture can show, the first and the last among them."""
    if len(points) <= MOST_POINTS:
        return points
    every = math.ceil(len(points) / MOST_POINTS)
    return [*points[:-1:every], points[-1]]


def draw(points: Sequence[Point], settings: JudgeSettings, sentence: str = "", title: str = "") -> str:
    """Return a plot of shares, rates and evidence over the periods, with the verdict's sentence above.

    Evidence outside -5 to 12 nats is drawn at the edge.

    Args:
        points: The judged periods, oldest first.
        settings: What they were judged by.
        sentence: The judge's sentence.
        title: Whose canary it was.
    """
    points = _thinned(points)
    axis = Axis([(point.index, point.at) for point in points])
    panels = _panels(points, settings)
    height = TOP + len(panels) * (PANEL + GAP) - GAP + BOTTOM
    parts = [_steps(points, axis.where, height)]
    parts += [panel.draw(TOP + number * (PANEL + GAP), axis.where) for number, panel in enumerate(panels)]
    parts.append(axis.ending([point.verdict for point in points], height))
    parts += [axis.draw(height), heading(sentence, title)]
    return page(height, sentence or title, parts)
