"""What is kept of a bake: all that its verdict rests on, and a picture of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from tidegate.domain.bake import ERRORS, Bake
from tidegate.domain.canary import Canary, JudgedPeriod
from tidegate.domain.judge import Limit
from tidegate.domain.judge.axis import Axis, heading
from tidegate.domain.judge.canvas import (
    BOTTOM,
    CANARY,
    EVIDENCE,
    FRAME,
    GAP,
    PANEL,
    TOP,
    Line,
    Panel,
    page,
)
from tidegate.domain.judge.plot import LOWEST_EVIDENCE, MOST_EVIDENCE, rate
from tidegate.domain.strategy import BakeRules


def document(canary: Canary, bake: Bake, rules: BakeRules, periods: Sequence[JudgedPeriod]) -> dict[str, Any]:
    """The evidence of a bake as plain JSON values; a period has the requests and bad responses of green."""
    state = bake.state
    return {
        "release": canary.release,
        "environment": canary.environment,
        "task_definition": canary.task_definition,
        "blue": bake.blue,
        "green": bake.green,
        "switched_at": canary.shifted_at.isoformat() if canary.shifted_at else None,
        "decision": canary.decision,
        "reason": canary.reason,
        "evidence": canary.evidence,
        "verdict": state.verdict,
        "known": state.known,
        "sentence": state.sentence,
        "dispersion": dict(state.dispersion),
        "rules": asdict(rules),
        "limits": {limit.name: limit.rate for limit in state.settings.limits},
        "periods": [
            {
                "at": period.at.isoformat(),
                "log_evidence": period.log_evidence,
                "verdict": period.verdict,
                **{name: list(counts[:2]) for name, counts in period.figures.items()},
            }
            for period in periods
        ],
    }


def picture(canary: Canary, bake: Bake, periods: Sequence[JudgedPeriod]) -> str:
    """The bad responses of green beside what is tolerated, and the evidence of more, as SVG."""
    axis = Axis([(number, period.at) for number, period in enumerate(periods)])
    limits = bake.state.settings.limits
    panels = [*(_rates(periods, limit) for limit in limits), _evidence(periods, bake.state.settings.alpha)]
    height = TOP + len(panels) * (PANEL + GAP) - GAP + BOTTOM
    sentence = canary.reason or bake.state.sentence
    parts = [panel.draw(TOP + number * (PANEL + GAP), axis.where) for number, panel in enumerate(panels)]
    title = f"{canary.service} in {canary.environment}: {canary.release}, bake after the switch"
    parts += [
        axis.ending([period.verdict for period in periods], height),
        axis.draw(height),
        heading(sentence, title),
    ]
    return page(height, sentence or title, parts)


def _rates(periods: Sequence[JudgedPeriod], limit: Limit) -> Panel:
    counts = [period.figures.get(limit.name, (0.0, 0.0, 0.0, 0.0)) for period in periods]
    rates = [rate(bad, requests) for requests, bad, *_ in counts]
    tolerated = 100.0 * limit.rate
    highest = max((each for each in (*rates, tolerated) if each is not None), default=tolerated)
    title = "Errors, %" if limit.name == ERRORS else f"Bad responses ({limit.name}), %"
    return Panel(title, 0, highest * 1.1, (Line("green", CANARY, rates),), ((tolerated, "tolerated", FRAME),))


def _evidence(periods: Sequence[JudgedPeriod], alpha: float) -> Panel:
    line = Line("of more", EVIDENCE, [period.log_evidence for period in periods])
    limits = ((-math.log(alpha), "roll back", EVIDENCE),)
    return Panel("Evidence of more than tolerated, nats", LOWEST_EVIDENCE, MOST_EVIDENCE, (line,), limits)
