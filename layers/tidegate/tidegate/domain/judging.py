"""What the judge is told of a canary: settings from the manifest's rules, and what is known of its noise."""

from __future__ import annotations

from datetime import datetime, timedelta

from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.judge import Calibration, JudgeSettings, JudgeState, Metric, start
from tidegate.domain.strategy import CanarySettings, JudgeRules

ERRORS = "errors"
"""The metric that every canary is judged by; slow responses are named in the manifest."""
LATE_HARM = 0.05
"""Share of the test that looks for harm that begins late.

The largest round share of those tried (0.05, 0.1, 0.2) with which `bench/judge.py` still finds harm that is
there from the beginning within its limit. Late harm is found hardly later than with 0.2 where blocks last a
minute, and up to four minutes later where they last five.
"""
OLDEST_CALIBRATION = timedelta(days=7)
"""What was measured longer ago says nothing of today: the schedule has not run, or cannot read."""


def judge_settings(rules: JudgeRules, period_seconds: int = 60) -> JudgeSettings:
    """The judge's settings; errors have weight 1 beside the weights of the slow responses.

    Raises:
        ValueError: a value lies outside its range.
    """
    return JudgeSettings(
        alpha=rules.alpha,
        profile=rules.profile,
        harm=rules.harm,
        beta=rules.beta,
        late_harm=LATE_HARM,
        metrics=(Metric(ERRORS), *(Metric(slow.name, slow.weight) for slow in rules.slow)),
        period_seconds=period_seconds,
        minimum_requests=rules.minimum_requests,
        warm_up_minutes=rules.warm_up_minutes,
    )


def first_state(settings: CanarySettings, stored: StoredCalibration | None, now: datetime) -> JudgeState:
    """The judge before the first period.

    `robust` gives way to `calibrated` for each metric whose history allows it; the other profiles are what
    the manifest says, and `calibrated` and `guarded` fall back to `robust` where they cannot be.
    """
    known = usable(stored, now)
    return start(
        judge_settings(settings.judge, settings.metrics.period_seconds),
        {name: max(1.0, value) for name, value in known.dispersion.items()} if known else {},
        {name: Calibration.from_dict(plain) for name, plain in known.metrics.items()} if known else {},
    )


def usable(stored: StoredCalibration | None, now: datetime) -> StoredCalibration | None:
    """A calibration that is not too old to be believed."""
    return stored if stored is not None and now - stored.at <= OLDEST_CALIBRATION else None


def outlook(settings: CanarySettings, stored: StoredCalibration | None, now: datetime) -> str:
    """What people should know before a canary begins: profiles in force and why, dispersion, warnings."""
    state = first_state(settings, stored, now)
    sentences = [_profile(state, index) for index in range(len(state.metrics))]
    if stored is None:
        sentences.append("The service's own noise has not been measured yet.")
    elif usable(stored, now) is None:
        sentences.append(f"What was measured on {stored.at:%Y-%m-%d} is too old to be used.")
    else:
        sentences.append(f"Measured {stored.at:%Y-%m-%d %H:%M} UTC.")
        sentences += [stored.note] if stored.note else []
        sentences += warnings(stored)
    return " ".join(sentences)


def warnings(stored: StoredCalibration) -> list[str]:
    """What each metric's calibration warns of, each sentence once."""
    found = (Calibration.from_dict(plain).warning for plain in stored.metrics.values())
    return list(dict.fromkeys(warning for warning in found if warning))


def _profile(state: JudgeState, index: int) -> str:
    metric, name = state.metrics[index], state.settings.metrics[index].name
    text = f"{name}: profile {metric.profile}"
    if metric.noise is not None:
        figures = f"{metric.noise.at_one_minute:.3g} over one minute, {metric.noise.largest:.3g} at most"
        text += f", dispersion between stable groups {figures}"
    elif metric.dispersion > 1.0:
        text += f", dispersion {metric.dispersion:.3g}"
    return f"{text} ({metric.note})." if metric.note else f"{text}."
