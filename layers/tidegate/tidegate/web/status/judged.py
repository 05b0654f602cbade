"""What is shown of a deployment that was judged, and how its evidence is read.

What the evidence does not have, or what cannot be read, is not shown.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

NAMES = {"canary": "canary", "blue_green": "bake"}
"""Strategy under which a deployment can have been judged to the name of its evidence."""
MOST_PERIODS = 2000


@dataclass(frozen=True, slots=True)
class JudgedEvidence:
    """What is shown of it.

    Attributes:
        drawing: The picture, as SVG.
        sentence: Why it was decided so.
        picture: Name of the picture that the judge drew, where the bucket has one.
        columns: The headings of the table of periods.
        rows: One row for each period.
    """

    environment: str
    attempt: int
    drawing: Markup
    sentence: str
    picture: str | None
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def key(service: str, release: str, environment: str, attempt: int, name: str) -> str:
    """Where the evidence bucket has it."""
    return f"{service}/{release}/{environment}/{attempt}/{name}"


def read(document: bytes) -> dict[str, Any]:
    """The evidence; empty when it is none."""
    try:
        found = json.loads(document)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def periods_of(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The judged periods, the newest of very many."""
    sent = found.get("periods")
    periods = [each for each in sent if isinstance(each, Mapping)] if isinstance(sent, list) else []
    return periods[-MOST_PERIODS:]


def counts_of(value: Any, size: int) -> list[float] | None:
    """So many counts of a period; None when they are something else."""
    if (
        isinstance(value, list)
        and len(value) == size
        and all(isinstance(each, int | float) for each in value)
    ):
        return [float(each) for each in value]
    return None


def number(value: Any) -> float | None:
    """A number that can be drawn."""
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
    return float(value) if usable else None


def percent(part: float, whole: float) -> float | None:
    """A rate in per cent; None of nothing."""
    return 100.0 * part / whole if whole > 0 else None


def bad_of(bad: float, requests: float) -> str:
    """Bad responses and requests in words."""
    return f"{bad:,.0f} of {requests:,.0f}"


def short(value: Any) -> str:
    """A number as it stands in a table."""
    found = number(value)
    return "" if found is None else f"{found:.3g}"
