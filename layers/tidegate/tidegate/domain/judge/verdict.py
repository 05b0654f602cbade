"""From evidence to a verdict."""

import math
from dataclasses import replace

from .late import waiting
from .likelihood import log_sum_exp
from .state import JudgeState, Verdict
from .wording import Reason

MOUNTING = math.log(2.0)  # evidence from which no step is ended
SUSPICIOUS = math.log(3.0)  # evidence from which the certificate ends no step early
NEVER = -1e300

Finding = tuple[Verdict, Reason, int]


def decided(state: JudgeState) -> JudgeState:
    """Return the state with the verdict that its evidence supports."""
    combined = _combined(state, gated=False)
    state = replace(state, log_evidence=combined)
    if state.verdict == "roll_back":
        return state
    verdict, reason, subject = _harm(state) or _warm_up(state) or _lack_of_data(state) or _progress(state)
    return replace(state, verdict=verdict, reason=reason, subject=subject)


def _combined(state: JudgeState, *, gated: bool) -> float:
    """Return the log of the weighted average of the metrics' evidence.

    The average is valid whatever the dependence between the metrics; a product would not be. With ``gated``
    only metrics with enough bad canary responses count, which can only lower it.
    """
    total = sum(metric.weight for metric in state.settings.metrics)
    terms = [
        evidence.log_evidence + math.log(metric.weight / total)
        if not gated or evidence.totals[1] >= state.settings.minimum_errors
        else NEVER
        for evidence, metric in zip(state.metrics, state.settings.metrics, strict=True)
    ]
    return round(log_sum_exp(terms), 9)


def mounting_evidence(state: JudgeState) -> float:
    """Return the log of the combined evidence without the tests that have not begun: they saw nothing."""
    settings, odds = state.settings, math.exp(min(state.log_evidence, 50.0))
    total = sum(metric.weight for metric in settings.metrics)
    idle = sum(
        waiting(settings.late_harm, evidence.closed_periods / settings.periods_per_minute) * metric.weight
        for evidence, metric in zip(state.metrics, settings.metrics, strict=True)
    )
    return state.log_evidence if idle <= 0.0 else math.log(max(odds - idle / total, math.exp(-50.0)))


def _leading(state: JudgeState) -> int:
    """Return the position of the metric with the most evidence of harm."""
    metrics = state.settings.metrics
    return max(range(len(metrics)), key=lambda i: state.metrics[i].log_evidence + math.log(metrics[i].weight))


def _harm(state: JudgeState) -> Finding | None:
    limit = -math.log(state.settings.alpha)
    if _combined(state, gated=True) >= limit:
        return "roll_back", "harm_proven", _leading(state)
    return ("hold", "few_errors", _leading(state)) if state.log_evidence >= limit else None


def _warm_up(state: JudgeState) -> Finding | None:
    return ("hold", "warming_up", _leading(state)) if state.warming_up else None


def _lack_of_data(state: JudgeState) -> Finding | None:
    """Return a hold where one metric's data allow no conclusion: never a silent pass."""
    for position, metric in enumerate(state.metrics):
        canary, _, stable, _ = metric.totals
        if canary <= 0.0:
            return "hold", "no_canary_requests", position
        if stable <= 0.0:
            return "hold", "no_stable_requests", position
        if metric.silent >= state.settings.silent_periods:
            return "hold", "silence", position
        if min(canary, stable) < state.settings.minimum_requests:
            return "hold", "few_requests", position
    return None


def _progress(state: JudgeState) -> Finding:
    settings = state.settings
    weakest = min(range(len(state.metrics)), key=lambda i: state.metrics[i].log_certificate)
    mounting = mounting_evidence(state)
    certified = state.log_certificate >= -math.log(settings.beta)
    minutes = settings.warm_up_minutes + settings.certificate_minutes
    seen = state.step_periods >= minutes * settings.periods_per_minute
    if certified and seen and mounting < SUSPICIOUS:
        return "promote", "harm_refuted", weakest
    if mounting >= MOUNTING:
        return "hold", "evidence_mounting", _leading(state)
    return "continue", "undecided", _leading(state)
