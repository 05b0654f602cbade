"""A plot of a judged deployment: weights, rates and evidence over its periods, as SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from textwrap import wrap

from .canvas import (
    BOTTOM,
    CANARY,
    CERTIFICATE,
    EVIDENCE,
    FRAME,
    GAP,
    GRID,
    INK,
    INNER,
    LEFT,
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
SPANS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 10_080)
"""Minutes between two marks of the axis."""
MOST_MARKS = 8
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


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where each point lies across: by its time where all have one, else by its number."""

    points: Sequence[Point]
    where: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        values = [self._value(point) for point in self.points]
        first, span = (values[0], max(values[-1] - values[0], 1e-9)) if values else (0.0, 1.0)
        self.where.extend(LEFT + INNER * (value - first) / span for value in values)

    def _value(self, point: Point) -> float:
        return point.at.timestamp() if point.at is not None else float(point.index)

    def marks(self) -> list[tuple[float, str]]:
        """Where the axis is marked, and with what."""
        if len(self.points) < 2:
            return []
        first, last = self.points[0], self.points[-1]
        if first.at is None or last.at is None:
            return [(self.where[0], f"period {first.index}"), (self.where[-1], f"period {last.index}")]
        minutes = (last.at - first.at).total_seconds() / 60
        # Seconds-long periods, as a simulated world has them, are marked like whole minutes of a long day.
        unit, name = (60.0, "min") if minutes >= MOST_MARKS / 4 else (1.0, "s")
        length = minutes * 60 / unit
        span = next((each for each in SPANS if length / each <= MOST_MARKS), SPANS[-1])
        return [
            (LEFT + INNER * number * span / length, f"{number * span} {name}")
            for number in range(int(length / span) + 1)
        ]


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


def _ending(points: Sequence[Point], where: Sequence[float], height: float) -> str:
    """Return a line where the judge returned the canary."""
    for x, point in zip(where, points, strict=True):
        if point.verdict == "roll_back":
            is_late = x > LEFT + INNER - 70
            words = text(
                x - 4 if is_late else x + 4, TOP + 26, "rolled back", CANARY, "end" if is_late else "start"
            )
            return upright(x, height, CANARY) + words
    return ""


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
    axis = _Axis(points)
    panels = _panels(points, settings)
    height = TOP + len(panels) * (PANEL + GAP) - GAP + BOTTOM
    parts = [_steps(points, axis.where, height)]
    parts += [panel.draw(TOP + number * (PANEL + GAP), axis.where) for number, panel in enumerate(panels)]
    parts.append(_ending(points, axis.where, height))
    parts += [
        text(
            x,
            height - BOTTOM + 16,
            words,
            FRAME,
            "end" if x > LEFT + INNER - 30 else "start" if x == LEFT else "middle",
        )
        for x, words in axis.marks()
    ]
    if points and points[0].at is not None:
        parts.append(text(LEFT, height - 10, f"since {points[0].at:%Y-%m-%d %H:%M:%S} UTC", FRAME))
    head = [title] if title else []
    head += wrap(sentence, 128)[: 4 - len(head)]
    parts += [text(12, 18 + 15 * row, words, INK) for row, words in enumerate(head)]
    return page(height, sentence or title, parts)
