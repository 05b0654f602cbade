"""A plot of a judged deployment as inline SVG: its colours are those of the page, light or dark.

The judge's own plot (`domain/judge/plot.py`) is made to stand alone, on white; this one stands in a page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tidegate.domain.visible import visible

WIDTH, LEFT, RIGHT, TOP, PANEL, GAP, BOTTOM = 760, 52, 128, 24, 96, 36, 24
LOWEST_EVIDENCE, MOST_EVIDENCE = -5.0, 12.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One judged period; None is what is not known.

    Attributes:
        weight: The canary's share of the traffic, in percent.
        canary: Bad responses of the canary, in percent.
        stable: Bad responses of the stable tasks, in percent.
        harm: Log evidence of harm.
        safe: Log evidence of no harm.
    """

    weight: float | None
    canary: float | None
    stable: float | None
    harm: float | None
    safe: float | None
    verdict: str = ""


@dataclass(frozen=True, slots=True)
class _Curve:
    name: str
    kind: str
    of: Callable[[Sample], float | None]


@dataclass(frozen=True, slots=True)
class _Panel:
    title: str
    low: float
    high: float
    curves: tuple[_Curve, ...]
    steps: bool = False


def draw(samples: Sequence[Sample], where: str, metric: str) -> Markup:
    """Weights, bad responses and evidence over the periods of a canary. Text is escaped."""
    return _picture(_panels(samples, metric), samples, f"Weight, {metric} and evidence for {where}")


def draw_bake(samples: Sequence[Sample], where: str, metric: str) -> Markup:
    """Bad responses of green and evidence over the periods of a bake.

    Instead of stable tasks a sample has what is tolerated, instead of evidence of no harm the limit.
    """
    panels = (
        _rates(samples, metric, ("green", "tolerated")),
        _evidence(("of more", "limit")),
    )
    return _picture(panels, samples, f"{metric} and evidence for {where}")


def _picture(panels: Sequence[_Panel], samples: Sequence[Sample], label: str) -> Markup:
    height = TOP + len(panels) * (PANEL + GAP) + BOTTOM
    span = max(1, len(samples) - 1)
    across = [LEFT + (WIDTH - LEFT - RIGHT) * index / span for index in range(len(samples))]
    parts = [_drawn(panel, TOP + row * (PANEL + GAP), across, samples) for row, panel in enumerate(panels)]
    first, last = ("period 1", f"period {len(samples)}") if samples else ("no period was judged", "")
    axis = [_text(LEFT, height - 12, first), _text(WIDTH - RIGHT, height - 12, last, "end")]
    label = escape(f"{label}, period by period. The table has the figures.")
    opening = f'<svg class="plot" role="img" aria-label="{label}" viewBox="0 0 {WIDTH} {height}">'
    return Markup(opening + "".join(map(str, [*parts, *axis])) + "</svg>")  # noqa: S704  # nosec B704


def _panels(samples: Sequence[Sample], metric: str) -> tuple[_Panel, ...]:
    weight = _Curve("weight", "canary", _weight)
    return (
        _Panel("Weight of the canary, percent", 0, 100, (weight,), steps=True),
        _rates(samples, metric, ("canary", "stable")),
        _evidence(("of harm", "of none")),
    )


def _rates(samples: Sequence[Sample], metric: str, names: tuple[str, str]) -> _Panel:
    rates = [rate for each in samples for rate in (each.canary, each.stable) if rate is not None]
    curves = (_Curve(names[0], "canary", _canary), _Curve(names[1], "stable", _stable))
    return _Panel(f"{metric}, percent of the requests", 0, max([0.1, *rates]) * 1.25, curves)


def _evidence(names: tuple[str, str]) -> _Panel:
    curves = (_Curve(names[0], "canary", _harm), _Curve(names[1], "stable", _safe))
    return _Panel("Evidence, natural logarithm", LOWEST_EVIDENCE, MOST_EVIDENCE, curves)


def _weight(sample: Sample) -> float | None:
    return sample.weight


def _canary(sample: Sample) -> float | None:
    return sample.canary


def _stable(sample: Sample) -> float | None:
    return sample.stable


def _harm(sample: Sample) -> float | None:
    return sample.harm


def _safe(sample: Sample) -> float | None:
    return sample.safe


def _drawn(panel: _Panel, top: float, across: Sequence[float], samples: Sequence[Sample]) -> str:
    """One panel, its upper edge at ``top``; values beyond it are drawn at its edge."""

    def height(value: float) -> float:
        inside = min(panel.high, max(panel.low, value))
        return top + PANEL * (1 - (inside - panel.low) / (panel.high - panel.low))

    right = WIDTH - RIGHT
    size = f'width="{right - LEFT}" height="{PANEL}"'
    parts = [
        f'<rect class="frame" x="{LEFT}" y="{top}" {size}/>',
        _text(LEFT, top - 7, panel.title),
        _text(LEFT - 6, top + 10, f"{panel.high:.3g}", "end"),
        _text(LEFT - 6, top + PANEL, f"{panel.low:.3g}", "end"),
    ]
    if panel.low < 0 < panel.high:
        zero = f'y1="{height(0):.1f}" y2="{height(0):.1f}"'
        parts.append(f'<line class="frame" x1="{LEFT}" x2="{right}" {zero}/>')
    for row, curve in enumerate(panel.curves):
        heights = [None if (value := curve.of(each)) is None else height(value) for each in samples]
        parts.append(_path(across, heights, curve.kind, steps=panel.steps))
        key = top + 8 + 18 * row
        parts.append(f'<path class="{curve.kind}" d="M{right + 8} {key}h20"/>')
        parts.append(_text(right + 34, key + 4, curve.name))
    return "".join(parts)


def _path(across: Sequence[float], heights: Sequence[float | None], kind: str, *, steps: bool) -> str:
    """A curve with gaps where nothing is known; a lonely point is a dot."""
    drawn, pen = "", False
    for x, y in zip(across, heights, strict=True):
        if y is None:
            pen = False
            continue
        move = f"H{x:.1f}V{y:.1f}" if steps else f"L{x:.1f} {y:.1f}"
        drawn += move if pen else f"M{x:.1f} {y:.1f}h.1"
        pen = True
    return f'<path class="{kind}" d="{drawn}"/>' if drawn else ""


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(visible(text))}</text>'
