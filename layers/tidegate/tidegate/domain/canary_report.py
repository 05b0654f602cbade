"""What is kept of a canary: all that its verdict rests on, so that it can be read, drawn and judged again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.canary import Canary, JudgedPeriod
from tidegate.domain.judge import JudgeState
from tidegate.domain.judge.metric_state import MetricState
from tidegate.domain.judge.plot import Point, draw, rate
from tidegate.domain.judging import ERRORS, warnings
from tidegate.domain.plain import to_plain
from tidegate.domain.strategy import CanarySettings

FORMAT = 1


def unjudged(state: JudgeState) -> JudgeState:
    """The judge as it was before its first period: the same settings, profiles and noise."""
    metrics = (
        MetricState(each.profile, 1.0 if each.noise else each.dispersion, each.noise, note=each.note)
        for each in state.metrics
    )
    return JudgeState(state.settings, tuple(metrics))


def document(
    canary: Canary,
    settings: CanarySettings,
    state: JudgeState,
    periods: Sequence[JudgedPeriod],
    stored: StoredCalibration | None,
) -> dict[str, Any]:
    """The evidence of a canary as plain JSON values.

    `periods` holds the weight given, the counts of each metric (requests and bad responses of the canary,
    then of the stable side), and the judge's evidence in nats after each; `start` is the judge before the
    first one, with which they give the same verdicts again.
    """
    found: dict[str, Any] = to_plain(
        {
            "format": FORMAT,
            "release": canary.release,
            "service": canary.service,
            "environment": canary.environment,
            "attempt": canary.attempt,
            "task_definition": canary.task_definition,
            "stable_task_definition": canary.stable_task_definition,
            "opened_at": canary.opened_at,
            "decision": canary.decision,
            "evidence": canary.evidence,
            "promoted": canary.promoted,
            "reason": canary.reason,
            "verdict": state.verdict,
            "sentence": state.sentence,
            "note": canary.note,
            "settings": settings,
            "judged": _judged(state),
            "calibration": _calibration(stored),
            "weights": _weights(periods),
            "start": unjudged(state).to_json(),
            "periods": periods,
        }
    )
    return found


def _judged(state: JudgeState) -> dict[str, Any]:
    """What was in force for each metric, and what it came to."""
    return {
        metric.name: {
            "profile": of.profile,
            "dispersion": of.dispersion,
            "note": of.note,
            "log_evidence": of.log_evidence,
            "log_certificate": of.log_certificate,
            "totals": of.totals,
        }
        for metric, of in zip(state.settings.metrics, state.metrics, strict=True)
    }


def _calibration(stored: StoredCalibration | None) -> dict[str, Any] | None:
    if stored is None:
        return None
    return {
        "measured_at": stored.at,
        "since": stored.since,
        "metrics": stored.metrics,
        "dispersion": stored.dispersion,
        "note": stored.note,
        "warnings": warnings(stored),
    }


def _weights(periods: Sequence[JudgedPeriod]) -> list[dict[str, Any]]:
    """From which judged period on the canary had which share."""
    found: list[dict[str, Any]] = []
    for period in periods:
        if not found or found[-1]["step"] != period.step:
            found.append({"from": period.at, "step": period.step, "weight": period.weight})
    return found


def picture(canary: Canary, state: JudgeState, periods: Sequence[JudgedPeriod]) -> str:
    """The plot of a canary, as SVG."""
    title = f"{canary.service} in {canary.environment}: {canary.release}"
    points = [point(number, period) for number, period in enumerate(periods)]
    return draw(points, state.settings, canary.reason or state.sentence, title)


def point(number: int, period: JudgedPeriod) -> Point:
    """One judged period in the plot."""
    counts = period.figures.get(ERRORS) or next(iter(period.figures.values()))
    total = counts[0] + counts[2]
    return Point(
        number,
        100.0 * counts[0] / total if total > 0 else 0.0,
        {name: (rate(bad, n), rate(worse, m)) for name, (n, bad, m, worse) in period.figures.items()},
        period.log_evidence,
        period.log_certificate,
        period.verdict,
        period.step,
        period.weight,
        period.at,
    )
