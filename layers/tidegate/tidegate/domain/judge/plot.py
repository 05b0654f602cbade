"""A plot of a judged deployment, as SVG made of plain text: no library is needed in a Lambda."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

from .period import Period
from .settings import JudgeSettings
from .state import JudgeState

WIDTH, LEFT, RIGHT, TOP, PANEL, GAP, BOTTOM = 760, 64, 150, 76, 120, 34, 40
CANARY, STABLE, EVIDENCE, CERTIFICATE, FRAME = "#c2410c", "#1d5fa8", "#7c2d92", "#1f7a3d", "#6b7280"
LOWEST_EVIDENCE, MOST_EVIDENCE = -5.0, 12.0
STYLE = "font-family:system-ui,sans-serif;font-size:11px;background:#fff"


@dataclass(frozen=True, slots=True)
class Point:
    """One judged period.

    Attributes:
        index: Number of the period.
        canary_share: Share of the requests that the canary answered, in per cent.
        canary_rate: Bad responses of the canary in per cent, None without requests.
        stable_rate: The same for the stable side.
        log_evidence: Log evidence of harm after it.
        log_certificate: Log evidence against harm after it.
        verdict: Verdict after it.
    """

    index: int
    canary_share: float
    canary_rate: float | None
    stable_rate: float | None
    log_evidence: float
    log_certificate: float
    verdict: str

    @classmethod
    def of(cls, state: JudgeState, period: Period) -> "Point":
        """Return the point of ``period``, after which ``state`` was reached."""
        rates = [
            100.0 * errors / requests if requests > 0 else None
            for errors, requests in (
                (period.canary_errors, period.canary_requests),
                (period.stable_errors, period.stable_requests),
            )
        ]
        share = 100.0 * period.canary_share
        evidence = (state.log_evidence, state.log_certificate)
        return cls(state.last_index or 0, share, rates[0], rates[1], *evidence, state.verdict)


@dataclass(frozen=True, slots=True)
class _Line:
    name: str
    colour: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class _Panel:
    """One of the stacked diagrams.

    Attributes:
        title: What is shown, with its unit.
        low: Value at the lower edge.
        high: Value at the upper edge.
        lines: Curves.
        limits: Horizontal lines with their names.
    """

    title: str
    low: float
    high: float
    lines: tuple[_Line, ...]
    limits: tuple[tuple[float, str, str], ...] = ()

    def draw(self, top: float, across: Sequence[float]) -> str:
        """Return the SVG elements, the upper edge at ``top``."""

        def height(value: float) -> float:
            inside = min(self.high, max(self.low, value))
            return top + PANEL * (1.0 - (inside - self.low) / (self.high - self.low))

        size = f'width="{WIDTH - LEFT - RIGHT}" height="{PANEL}"'
        parts = [
            f'<rect x="{LEFT}" y="{top}" {size} fill="none" stroke="{FRAME}" stroke-width="0.5"/>',
            _text(LEFT, top - 6, self.title, FRAME),
            _text(LEFT - 6, top + 9, f"{self.high:.3g}", FRAME, "end"),
            _text(LEFT - 6, top + PANEL, f"{self.low:.3g}", FRAME, "end"),
        ]
        for value, name, colour in self.limits:
            y = height(value)
            parts.append(
                f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{colour}" '
                'stroke-dasharray="4 3"/>' + _text(WIDTH - RIGHT + 6, y + 4, name, colour)
            )
        for row, line in enumerate(self.lines):
            parts.append(_curve(across, [None if v is None else height(v) for v in line.values], line.colour))
            parts.append(_text(WIDTH - RIGHT + 6, top + 12 + 14 * row, line.name, line.colour))
        return "".join(parts)


def _text(x: float, y: float, text: str, colour: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{escape(text)}</text>'


def _curve(across: Sequence[float], heights: Sequence[float | None], colour: str) -> str:
    """Return a path through the known heights, interrupted where one is unknown."""
    commands, pen = [], "M"
    for x, y in zip(across, heights, strict=True):
        commands.append("" if y is None else f"{pen}{x:.1f} {y:.1f}")
        pen = "M" if y is None else "L"
    stroke = f'stroke="{colour}" stroke-width="1.5" stroke-linecap="round"'
    return f'<path d="{"".join(commands)}" fill="none" {stroke}/>'


def _panels(points: Sequence[Point], settings: JudgeSettings) -> list[_Panel]:
    rates = [r for point in points for r in (point.canary_rate, point.stable_rate) if r is not None]
    limit, certified = -math.log(settings.alpha), -math.log(settings.beta)
    evidence = [point.log_evidence for point in points]
    certificate = [point.log_certificate for point in points]
    return [
        _Panel(
            "Canary's share of the requests, %",
            0,
            100,
            (_Line("canary", CANARY, [p.canary_share for p in points]),),
        ),
        _Panel(
            "Bad responses, %",
            0,
            max(max(rates, default=0.0) * 1.1, 0.01),
            (
                _Line("canary", CANARY, [p.canary_rate for p in points]),
                _Line("stable", STABLE, [p.stable_rate for p in points]),
            ),
        ),
        _Panel(
            "Evidence, nats",
            LOWEST_EVIDENCE,
            MOST_EVIDENCE,
            (_Line("of harm", EVIDENCE, evidence), _Line("of no harm", CERTIFICATE, certificate)),
            ((limit, "roll back", EVIDENCE), (certified, "promote", CERTIFICATE)),
        ),
    ]


def draw(points: Sequence[Point], settings: JudgeSettings, sentence: str = "") -> str:
    """Return a plot of shares, rates and evidence over the periods, with the verdict's sentence above.

    Evidence outside -5 to 12 nats is drawn at the edge.
    """
    height = TOP + 3 * PANEL + 2 * GAP + BOTTOM
    first = points[0].index if points else 0
    span = max(1, points[-1].index - first) if points else 1
    across = [LEFT + (WIDTH - LEFT - RIGHT) * (point.index - first) / span for point in points]
    panels = [
        panel.draw(TOP + number * (PANEL + GAP), across)
        for number, panel in enumerate(_panels(points, settings))
    ]
    returned = next(
        (x for x, point in zip(across, points, strict=True) if point.verdict == "roll_back"), None
    )
    mark = (
        f'<line x1="{returned:.1f}" x2="{returned:.1f}" y1="{TOP}" y2="{height - BOTTOM}" stroke="{CANARY}"/>'
        + _text(returned + 4, TOP + 12, "rolled back", CANARY)
        if returned is not None
        else ""
    )
    last = points[-1].index if points else 0
    axis = _text(LEFT, height - 22, f"period {first}", FRAME) + _text(
        WIDTH - RIGHT, height - 22, f"period {last}", FRAME, "end"
    )
    head = "".join(
        _text(12, 16 + 14 * row, part, "#111827") for row, part in enumerate(wrap(sentence, 122)[:3])
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {height}" style="{STYLE}">'
        f"<title>{escape(sentence)}</title>{head}"
        f"{''.join(panels)}{mark}{axis}</svg>\n"
    )
