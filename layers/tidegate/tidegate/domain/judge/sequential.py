"""The sequential test: one period after another, with the verdict after each.

Per-period evidence is multiplied and never pooled over periods: pooled counts mistake a change of weight
during a common incident for harm. Every number of looks is covered by one alpha.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from .calibration import Calibration
from .evidence import absorbed, step_ended
from .metric_state import GroupNoise, MetricState, shortened
from .period import Period
from .settings import PROFILES, JudgeSettings, ProfileName
from .state import JudgeState
from .verdict import decided


def start(
    settings: JudgeSettings | None = None,
    dispersion: float | Mapping[str, float] = 1.0,
    calibration: Calibration | Mapping[str, Calibration] | None = None,
) -> JudgeState:
    """Return the state before the first period.

    Args:
        settings: What is judged; the defaults if None.
        dispersion: From `estimate_dispersion`, for all metrics or by metric name; used by the profiles
            without calibration.
        calibration: From `calibrate`, for all metrics or by metric name. A usable one turns ``robust`` into
            ``calibrated`` unless the settings forbid it; without a usable one the calibrated profiles fall
            back to ``robust``, and the sentence says so.

    Raises:
        ValueError: If a dispersion lies below 1.
    """
    settings = settings or JudgeSettings()
    metrics = []
    for metric in settings.metrics:
        phi = dispersion.get(metric.name, 1.0) if isinstance(dispersion, Mapping) else dispersion
        found = calibration.get(metric.name) if isinstance(calibration, Mapping) else calibration
        if not (math.isfinite(phi) and phi >= 1.0):
            raise ValueError(f"a dispersion is at least 1, not {phi!r}")
        metrics.append(_first(settings, phi, found))
    return JudgeState(settings, tuple(metrics))


def _first(settings: JudgeSettings, phi: float, calibration: Calibration | None) -> MetricState:
    profile, note = _choose(settings, calibration)
    if calibration is None or not PROFILES[profile].calibrated:
        fixed = max(phi, calibration.total_dispersion) if calibration else phi
        return MetricState(profile, fixed, note=note)
    noise = GroupNoise(
        shortened(calibration.at_one_minute, 8),
        shortened(calibration.largest, 8),
        shortened(calibration.geometry, 8),
        shortened(calibration.errors_per_minute, 6),
        calibration.group_tasks and shortened(calibration.group_tasks, 4),
        tuple(shortened(rate, 5) for rate in calibration.group_rates),
    )
    return MetricState(profile, 1.0, noise, note=note)


def _choose(settings: JudgeSettings, calibration: Calibration | None) -> tuple[ProfileName, str]:
    """Return the profile in force and a remark on why it is that one."""
    asked = settings.profile
    usable = calibration is not None and calibration.usable
    if asked == "robust" and usable and settings.prefer_calibrated:
        asked = "calibrated"
    if not PROFILES[asked].calibrated:
        refused = calibration.reason if calibration is not None and not usable else ""
        return asked, f"no calibration ({refused})" if refused else ""
    if calibration is None:
        return "robust", "no calibration (no history)"
    if not calibration.usable:
        return "robust", f"no calibration ({calibration.reason})"
    short = "history shorter than 20 h" if calibration.status == "ok-short" else ""
    noisy = "too noisy to see moderate harm" if calibration.warning else ""
    return asked, ", ".join(filter(None, (short, noisy)))


def observe(state: JudgeState, period: Period | Mapping[str, Period]) -> JudgeState:
    """Return the state after one more closed period.

    A period whose index is not above the last one's is ignored: a retry, a late arrival or a revision never
    adds to the evidence. After ``roll_back`` the evidence goes on, the verdict stays.

    Args:
        state: What is known so far.
        period: The period, or one for each metric by name; a metric without one had no data.

    Raises:
        ValueError: If the mapping is empty or names a metric that the settings do not.
    """
    periods = _by_metric(state, period)
    lead = next(iter(periods.values()))
    index = (
        lead.index if lead.index is not None else (0 if state.last_index is None else state.last_index + 1)
    )
    if state.last_index is not None and index <= state.last_index:
        return state
    new_step = state.periods > 0 and lead.step != state.step
    state = replace(
        state,
        last_index=index,
        periods=state.periods + 1,
        step=lead.step,
        step_periods=1 if new_step else state.step_periods + 1,
    )
    metrics = tuple(
        absorbed(
            step_ended(before, state.settings) if new_step else before,
            periods.get(metric.name, _NOTHING),
            state.settings,
            metric,
            judged=not state.warming_up,
        )
        for before, metric in zip(state.metrics, state.settings.metrics, strict=True)
    )
    return decided(replace(state, metrics=metrics))


_NOTHING = Period(0, 0, 0, 0)


def _by_metric(state: JudgeState, period: Period | Mapping[str, Period]) -> Mapping[str, Period]:
    names = [metric.name for metric in state.settings.metrics]
    periods = {names[0]: period} if isinstance(period, Period) else period
    unknown = set(periods) - set(names)
    if unknown or not periods:
        raise ValueError(
            f"periods are wanted for {', '.join(names)}, not for {', '.join(sorted(unknown)) or 'none'}"
        )
    return periods
