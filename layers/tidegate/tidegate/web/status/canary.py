"""The evidence of a canary, as the strategy keeps it: weights, figures and verdicts by period."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tidegate.domain.deployment import Deployment
from tidegate.web.status.judged import (
    JudgedEvidence,
    bad_of,
    counts_of,
    number,
    percent,
    periods_of,
    read,
    short,
)
from tidegate.web.status.plot import Sample, draw
from tidegate.web.status.timeline import text

_SIDES = 4
"""Requests and bad responses of the canary, then of the stable tasks."""


def evidence_of(deployment: Deployment, document: bytes, picture: str | None) -> JudgedEvidence:
    """Read the JSON."""
    found = read(document)
    periods = periods_of(found)
    metrics = tuple(dict.fromkeys(name for each in periods for name in _figures(each)))
    where = f"{deployment.release} in {deployment.environment}"
    samples = [_sample(each, metrics[:1]) for each in periods]
    columns = ("Period", "Weight", *(f"{name}, {side}" for name in metrics for side in ("canary", "stable")))
    return JudgedEvidence(
        deployment.environment,
        deployment.attempt,
        draw(samples, where, metrics[0] if metrics else "bad responses"),
        " ".join(filter(None, (text(found.get("reason")), text(found.get("note"))))),
        picture,
        (*columns, "Evidence of harm", "Evidence of none", "Verdict") if periods else (),
        tuple(_row(each, metrics) for each in periods),
    )


def _figures(period: Mapping[str, Any]) -> dict[str, list[float]]:
    """Metric to its four counts; what has another shape is left out."""
    given = period.get("figures")
    found = given if isinstance(given, Mapping) else {}
    counted = ((str(name), counts_of(counts, _SIDES)) for name, counts in found.items())
    return {name: counts for name, counts in counted if counts is not None}


def _sample(period: Mapping[str, Any], metric: tuple[str, ...]) -> Sample:
    counts = _figures(period).get(metric[0]) if metric else None
    return Sample(
        weight=number(period.get("weight")),
        canary=percent(counts[1], counts[0]) if counts else None,
        stable=percent(counts[3], counts[2]) if counts else None,
        harm=number(period.get("log_evidence")),
        safe=number(period.get("log_certificate")),
        verdict=text(period.get("verdict")),
    )


def _row(period: Mapping[str, Any], metrics: tuple[str, ...]) -> tuple[str, ...]:
    figures = _figures(period)
    cells = [text(period.get("at"))[:16].replace("T", " "), f"{short(period.get('weight'))} %"]
    for name in metrics:
        counts = figures.get(name)
        cells += [bad_of(counts[1], counts[0]), bad_of(counts[3], counts[2])] if counts else ["", ""]
    evidence = (short(period.get("log_evidence")), short(period.get("log_certificate")))
    return (*cells, *evidence, text(period.get("verdict")).replace("_", " "))
