"""What a plot is drawn with, as plain SVG text: no library is needed in a Lambda."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, TOP, PANEL, GAP, BOTTOM = 820, 64, 150, 96, 112, 36, 44
INNER = WIDTH - LEFT - RIGHT
CANARY, STABLE, EVIDENCE, CERTIFICATE = "#c2410c", "#1d5fa8", "#7c2d92", "#1f7a3d"
FRAME, GRID, INK, PAPER = "#6b7280", "#d1d5db", "#111827", "#ffffff"
FONT = "font-family:system-ui,-apple-system,'Segoe UI',sans-serif;font-size:11px"
LABEL_HEIGHT = 13


@dataclass(frozen=True, slots=True)
class Line:
    """A curve. ``is_stepped`` keeps a value until the next one; ``is_dashed`` is for what was planned."""

    name: str
    colour: str
    values: Sequence[float | None]
    is_stepped: bool = False
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Panel:
    """One of the stacked diagrams.

    Attributes:
        title: What is shown, with its unit.
        low: Value at the lower edge.
        high: Value at the upper edge.
        lines: Curves.
        limits: Horizontal lines: value, name and colour.
    """

    title: str
    low: float
    high: float
    lines: tuple[Line, ...]
    limits: tuple[tuple[float, str, str], ...] = ()

    def draw(self, top: float, across: Sequence[float]) -> str:
        """Return the SVG elements, the upper edge at ``top``."""
        box = f'x="{LEFT}" y="{top}" width="{INNER}" height="{PANEL}"'
        parts = [
            f'<rect {box} fill="none" stroke="{FRAME}" stroke-width="0.5"/>',
            text(LEFT, top - 6, self.title, INK),
            text(LEFT - 6, top + 9, f"{self.high:.3g}", FRAME, "end"),
            text(LEFT - 6, top + PANEL, f"{self.low:.3g}", FRAME, "end"),
        ]
        labels = []
        for value, name, colour in self.limits:
            y = self._height(top, value)
            parts.append(_rule(LEFT, y, LEFT + INNER, y, colour, "4 3"))
            labels.append((y + 4, name, colour))
        for line in self.lines:
            heights = [None if v is None else self._height(top, v) for v in line.values]
            parts.append(_curve(across, heights, line))
            known = [height for height in heights if height is not None]
            labels.append(((known[-1] if known else top) + 4, line.name, line.colour))
        return "".join(parts) + _labels(labels, top)

    def _height(self, top: float, value: float) -> float:
        inside = min(self.high, max(self.low, value))
        return top + PANEL * (1.0 - (inside - self.low) / (self.high - self.low))


def _labels(labels: list[tuple[float, str, str]], top: float) -> str:
    """Write each name at its height on the right, or below the one before where there is no room."""
    lowest = top + PANEL + 4
    placed: list[tuple[float, str, str]] = []
    y = top - LABEL_HEIGHT
    for wanted, name, colour in sorted(labels):
        y = max(wanted, y + LABEL_HEIGHT, top + 8)
        placed.append((y, name, colour))
    room = lowest
    for number in range(len(placed) - 1, -1, -1):  # too low: move up again, the last one first
        height, name, colour = placed[number]
        placed[number] = (min(height, room), name, colour)
        room = placed[number][0] - LABEL_HEIGHT
    return "".join(text(LEFT + INNER + 8, height, name, colour) for height, name, colour in placed)


def text(x: float, y: float, words: str, colour: str, anchor: str = "start") -> str:
    """Return words at a place."""
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'


def upright(x: float, height: float, colour: str, dashes: str = "") -> str:
    """Return a vertical line through all panels."""
    return _rule(x, TOP, x, height - BOTTOM, colour, dashes)


def _rule(x1: float, y1: float, x2: float, y2: float, colour: str, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x1:.1f}" x2="{x2:.1f}" y1="{y1:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="1"{dashed}/>'
    )


def _curve(across: Sequence[float], heights: Sequence[float | None], line: Line) -> str:
    """Return a path through the known heights, interrupted where one is unknown."""
    commands, pen = [], "M"
    for x, y in zip(across, heights, strict=True):
        if y is None:
            pen = "M"
            continue
        commands.append(f"H{x:.1f}V{y:.1f}" if line.is_stepped and pen == "L" else f"{pen}{x:.1f} {y:.1f}")
        pen = "L"
    dashed = ' stroke-dasharray="3 3"' if line.is_dashed else ""
    stroke = (
        f'stroke="{line.colour}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"{dashed}'
    )
    return f'<path d="{"".join(commands)}" fill="none" {stroke}/>'


def page(height: float, title: str, parts: Sequence[str]) -> str:
    """Return the whole image. It brings its own paper, so that it reads the same on a dark page."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" style="{FONT}"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{height}" rx="6" fill="{PAPER}"/>{"".join(parts)}</svg>\n'
    )
