"""The judge's reasons, in words that a reader of the evidence understands."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from .metric_state import MetricState
    from .state import JudgeState

Reason = Literal[
    "no_period",
    "no_canary_requests",
    "no_stable_requests",
    "silence",
    "few_requests",
    "warming_up",
    "harm_proven",
    "evidence_mounting",
    "harm_refuted",
    "few_errors",
    "undecided",
]

MOST_ODDS = 1e9


def _count(value: float, noun: str) -> str:
    text = f"{value:,.0f}" if value == int(value) or value >= 1000 else f"{value:,.1f}"
    return f"{text} {noun}" if text == "1" else f"{text} {noun}s"


def _rate(errors: float, requests: float) -> str:
    return f"{100.0 * errors / requests:.3g} %" if requests > 0 else "no rate"


def _odds(log_evidence: float) -> str:
    odds = min(MOST_ODDS, 2.718281828459045 ** min(log_evidence, 30.0))
    return f"more than {MOST_ODDS:,.0f}" if odds >= MOST_ODDS else f"{odds:,.3g}"


def comparison(metric: "MetricState", name: str) -> str:
    """Say what both groups did on one metric."""
    canary_requests, canary_errors, stable_requests, stable_errors = metric.totals
    bad = "errors" if name == "errors" else f"bad responses ({name})"
    text = (
        f"{bad} on the canary: {canary_errors:,.10g} of {_count(canary_requests, 'request')} "
        f"({_rate(canary_errors, canary_requests)}), on stable: {stable_errors:,.10g} of "
        f"{_count(stable_requests, 'request')} ({_rate(stable_errors, stable_requests)})"
    )
    return f"{text}; stable had none to compare with" if canary_errors and not stable_errors else text


def _no_period(_: "JudgeState") -> str:
    return "No period has been judged yet, so nothing is known about the canary"


def _no_canary_requests(state: "JudgeState") -> str:
    return f"The canary has had no request in {_count(state.periods, 'period')}: there is nothing to judge"


def _no_stable_requests(state: "JudgeState") -> str:
    return (
        f"The stable tasks have had no request in {_count(state.periods, 'period')}: "
        "there is nothing to compare the canary with"
    )


def _silence(state: "JudgeState") -> str:
    silent = state.metrics[state.subject].silent
    return f"One side has had no request in the last {_count(silent, 'period')}: the comparison has stopped"


def _few_requests(state: "JudgeState") -> str:
    canary, _, stable, _ = state.metrics[state.subject].totals
    return (
        f"Too little data: {_count(canary, 'request')} on the canary and {stable:,.0f} on stable, of at "
        f"least {state.settings.minimum_requests:,.0f} each"
    )


def _warming_up(state: "JudgeState") -> str:
    minutes = state.settings.warm_up_minutes
    return (
        f"The first {_count(minutes, 'minute')} of a step are not judged, because fresh tasks fail more often"
    )


def _harm_proven(state: "JudgeState") -> str:
    return (
        f"The canary is worse than stable: the evidence of harm passed the limit of "
        f"{1.0 / state.settings.alpha:,.4g} to 1 and is {_odds(state.log_evidence)} to 1"
    )


def _few_errors(state: "JudgeState") -> str:
    return (
        f"The evidence of harm is {_odds(state.log_evidence)} to 1, but rests on fewer than "
        f"{state.settings.minimum_errors:,.3g} bad responses of the canary"
    )


def _evidence_mounting(state: "JudgeState") -> str:
    return f"Evidence of harm is mounting: {_odds(state.log_evidence)} to 1"


def _harm_refuted(state: "JudgeState") -> str:
    settings = state.settings
    harm = settings.harm_of(settings.metrics[state.subject])
    return (
        f"The canary is not worse than stable by {100.0 * harm:.3g} percentage points or more, "
        f"with an error probability of at most {100.0 * settings.beta:.3g} %"
    )


def _undecided(state: "JudgeState") -> str:
    return f"Neither harm nor its absence is proven; the evidence of harm is {_odds(state.log_evidence)} to 1"


_CLAUSES: dict[str, Callable[["JudgeState"], str]] = {
    "no_period": _no_period,
    "no_canary_requests": _no_canary_requests,
    "no_stable_requests": _no_stable_requests,
    "silence": _silence,
    "few_requests": _few_requests,
    "warming_up": _warming_up,
    "harm_proven": _harm_proven,
    "few_errors": _few_errors,
    "evidence_mounting": _evidence_mounting,
    "harm_refuted": _harm_refuted,
    "undecided": _undecided,
}


def describe(state: "JudgeState") -> str:
    """Return the verdict's reason, the counts it rests on, and remarks on the calibration."""
    subject = state.metrics[state.subject]
    parts = [_CLAUSES[state.reason](state)]
    if state.periods:
        parts[0] += f" ({comparison(subject, state.settings.metrics[state.subject].name)})"
    profile = f"Profile {subject.profile}"
    if subject.dispersion > 1.0:
        profile += f", dispersion {subject.dispersion:.3g}"
    parts.append(f"{profile}: {subject.note}" if subject.note else profile)
    return ". ".join(parts) + "."
