"""What stands around the panels of a plot: the axis of its periods, and the words above it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from textwrap import wrap

from .canvas import BOTTOM, CANARY, FRAME, INK, INNER, LEFT, TOP, text, upright

SPANS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 10_080)
"""Minutes between two marks of the axis."""
MOST_MARKS = 8
LONGEST_LINE, MOST_LINES = 128, 4
"""Letters in one line above the panels, and lines there."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Where each period lies across: by its time where all have one, else by its number.

    Attributes:
        periods: The number of each period, and when it began where that is known.
        where: How far to the right each lies.
    """

    periods: Sequence[tuple[int, datetime | None]]
    where: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Place the periods."""
        values = [float(number) if at is None else at.timestamp() for number, at in self.periods]
        first, span = (values[0], max(values[-1] - values[0], 1e-9)) if values else (0.0, 1.0)
        self.where.extend(LEFT + INNER * (value - first) / span for value in values)

    def marks(self) -> list[tuple[float, str]]:
        """Where the axis is marked, and with what."""
        if len(self.periods) < 2:
            return []
        (number, first), (latest, last) = self.periods[0], self.periods[-1]
        if first is None or last is None:
            return [(self.where[0], f"period {number}"), (self.where[-1], f"period {latest}")]
        minutes = (last - first).total_seconds() / 60
        # Seconds-long periods, as a simulated world has them, are marked like whole minutes of a long day.
        unit, name = (60.0, "min") if minutes >= MOST_MARKS / 4 else (1.0, "s")
        length = minutes * 60 / unit
        span = next((each for each in SPANS if length / each <= MOST_MARKS), SPANS[-1])
        return [
            (LEFT + INNER * number * span / length, f"{number * span} {name}")
            for number in range(int(length / span) + 1)
        ]

    def draw(self, height: float) -> str:
        """Return the marks below a plot of this height, and when it begins."""
        parts = [text(x, height - BOTTOM + 16, words, FRAME, _anchor(x)) for x, words in self.marks()]
        first = self.periods[0][1] if self.periods else None
        if first is not None:
            parts.append(text(LEFT, height - 10, f"since {first:%Y-%m-%d %H:%M:%S} UTC", FRAME))
        return "".join(parts)

    def ending(self, verdicts: Sequence[str], height: float) -> str:
        """Return a line where the judge returned the new version, if it did."""
        for x, verdict in zip(self.where, verdicts, strict=True):
            if verdict == "roll_back":
                is_late = x > LEFT + INNER - 70
                place, anchor = (x - 4, "end") if is_late else (x + 4, "start")
                return upright(x, height, CANARY) + text(place, TOP + 26, "rolled back", CANARY, anchor)
        return ""


def _anchor(x: float) -> str:
    """A mark at an edge must not leave the plot."""
    if x > LEFT + INNER - 30:
        return "end"
    return "start" if x == LEFT else "middle"


def heading(sentence: str, title: str) -> str:
    """Return the words above the panels, as far as there is room for them."""
    head = [title] if title else []
    head += wrap(sentence, LONGEST_LINE)[: MOST_LINES - len(head)]
    return "".join(text(12, 18 + 15 * row, words, INK) for row, words in enumerate(head))
