"""The evidence of a judged deployment, as the strategy keeps it: weights, figures and verdicts by period."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from tidegate.domain.deployment import Deployment
from tidegate.web.status.plot import Sample, draw
from tidegate.web.status.timeline import text

JUDGED = ("canary", "blue_green")
"""The strategies under which a deployment can have been judged."""
MOST_PERIODS = 2000
_GROUPS = 4
"""Requests and bad responses of the canary, then of the stable tasks."""


@dataclass(frozen=True, slots=True)
class CanaryEvidence:
    """What is shown of it.

    Attributes:
        drawing: The picture, as SVG.
        sentence: Why it was decided so.
        stored: Whether the bucket also has the picture that the judge drew.
        columns: The headings of the table of periods.
        rows: One row for each period.
    """

    environment: str
    attempt: int
    drawing: Markup
    sentence: str
    stored: bool
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def key(service: str, release: str, environment: str, attempt: int, ending: str) -> str:
    """Where the evidence bucket has it."""
    return f"{service}/{release}/{environment}/{attempt}/canary.{ending}"


def evidence_of(deployment: Deployment, document: bytes, *, stored: bool) -> CanaryEvidence:
    """Read the JSON; what it does not have, or what cannot be read, is not shown."""
    found = _read(document)
    sent = found.get("periods")
    periods = [each for each in sent if isinstance(each, Mapping)] if isinstance(sent, list) else []
    periods = periods[-MOST_PERIODS:]
    metrics = tuple(dict.fromkeys(name for each in periods for name in _figures(each)))
    where = f"{deployment.release} in {deployment.environment}"
    samples = [_sample(each, metrics[:1]) for each in periods]
    columns = ("Period", "Weight", *(f"{name}, {side}" for name in metrics for side in ("canary", "stable")))
    return CanaryEvidence(
        deployment.environment,
        deployment.attempt,
        draw(samples, where, metrics[0] if metrics else "bad responses"),
        " ".join(filter(None, (text(found.get("reason")), text(found.get("note"))))),
        stored,
        (*columns, "Evidence of harm", "Evidence of none", "Verdict") if periods else (),
        tuple(_row(each, metrics) for each in periods),
    )


def _read(document: bytes) -> dict[str, Any]:
    try:
        found = json.loads(document)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _figures(period: Mapping[str, Any]) -> dict[str, list[float]]:
    """Metric to its four counts; what has another shape is left out."""
    given = period.get("figures")
    found = given if isinstance(given, Mapping) else {}
    return {
        str(name): [float(each) for each in counts]
        for name, counts in found.items()
        if isinstance(counts, list)
        and len(counts) == _GROUPS
        and all(isinstance(each, int | float) for each in counts)
    }


def _sample(period: Mapping[str, Any], metric: tuple[str, ...]) -> Sample:
    counts = _figures(period).get(metric[0]) if metric else None
    return Sample(
        weight=_number(period.get("weight")),
        canary=_percent(counts[1], counts[0]) if counts else None,
        stable=_percent(counts[3], counts[2]) if counts else None,
        harm=_number(period.get("log_evidence")),
        safe=_number(period.get("log_certificate")),
        verdict=text(period.get("verdict")),
    )


def _row(period: Mapping[str, Any], metrics: tuple[str, ...]) -> tuple[str, ...]:
    figures = _figures(period)
    cells = [text(period.get("at"))[:16].replace("T", " "), f"{_short(period.get('weight'))} %"]
    for name in metrics:
        counts = figures.get(name)
        cells += [_of(counts[1], counts[0]), _of(counts[3], counts[2])] if counts else ["", ""]
    evidence = (_short(period.get("log_evidence")), _short(period.get("log_certificate")))
    return (*cells, *evidence, text(period.get("verdict")).replace("_", " "))


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
    return float(value) if usable else None


def _percent(part: float, whole: float) -> float | None:
    return 100.0 * part / whole if whole > 0 else None


def _of(bad: float, requests: float) -> str:
    return f"{bad:,.0f} of {requests:,.0f}"


def _short(value: Any) -> str:
    number = _number(value)
    return "" if number is None else f"{number:.3g}"
