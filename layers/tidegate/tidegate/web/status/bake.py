"""The evidence of a bake, as blue/green keeps it: what green answered after the switch, and the verdicts."""

from __future__ import annotations

import math
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
from tidegate.web.status.plot import Sample, draw_bake
from tidegate.web.status.timeline import text

_SIDE = 2
"""Requests and bad responses of green."""


def evidence_of(deployment: Deployment, document: bytes, picture: str | None) -> JudgedEvidence:
    """Read the JSON."""
    found = read(document)
    periods, limits = periods_of(found), _limits(found)
    where = f"{deployment.release} in {deployment.environment}"
    lead = next(iter(limits), None)
    samples = [_sample(each, lead, limits, _alpha(found)) for each in periods]
    columns = ("Period", *limits, "Evidence of more than tolerated", "Verdict") if periods else ()
    return JudgedEvidence(
        deployment.environment,
        deployment.attempt,
        draw_bake(samples, where, lead or "bad responses"),
        text(found.get("reason")) or text(found.get("sentence")),
        picture,
        columns,
        tuple(_row(each, limits) for each in periods),
    )


def _limits(found: Mapping[str, Any]) -> dict[str, float]:
    """Kind of bad response to the share that is tolerated."""
    sent = found.get("limits")
    limits = sent if isinstance(sent, Mapping) else {}
    return {str(name): rate for name, sent in limits.items() if (rate := number(sent)) is not None}


def _alpha(found: Mapping[str, Any]) -> float | None:
    rules = found.get("rules")
    alpha = number(rules.get("alpha")) if isinstance(rules, Mapping) else None
    return alpha if alpha is not None and 0 < alpha < 1 else None


def _sample(
    period: Mapping[str, Any], lead: str | None, limits: Mapping[str, float], alpha: float | None
) -> Sample:
    counts = counts_of(period.get(lead), _SIDE) if lead else None
    return Sample(
        weight=None,
        canary=percent(counts[1], counts[0]) if counts else None,
        stable=100 * limits[lead] if lead else None,
        harm=number(period.get("log_evidence")),
        safe=-math.log(alpha) if alpha else None,
        verdict=text(period.get("verdict")),
    )


def _row(period: Mapping[str, Any], limits: Mapping[str, float]) -> tuple[str, ...]:
    cells = [text(period.get("at"))[:16].replace("T", " ")]
    for name in limits:
        counts = counts_of(period.get(name), _SIDE)
        cells.append(bad_of(counts[1], counts[0]) if counts else "")
    verdict = text(period.get("verdict")).replace("_", " ")
    return (*cells, short(period.get("log_evidence")), verdict)
