"""The sequential test: one period after another, with the verdict after each.

Per-period evidence is multiplied and never pooled over periods: pooled counts mistake a change of weight
during a common incident for harm. Every number of looks is covered by one alpha.
"""

import math
from collections.abc import Mapping
from dataclasses import replace

from .calibration import Calibration
from .certificate import log_certificates
from .likelihood import log_mixture, log_ratios
from .period import Period
from .settings import PROFILES, JudgeSettings, Metric, ProfileName
from .state import GroupNoise, JudgeState, MetricState, rounded, shortened
from .verdict import decided
from .weighting import WINDOW_MINUTES, error_growth, weighted_dispersion


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
        calibration.at_one_minute,
        calibration.largest,
        calibration.geometry,
        calibration.errors_per_minute,
        calibration.group_tasks,
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
    metrics = tuple(
        _absorbed(before, periods.get(metric.name, _NOTHING), state.settings, metric, new_step=new_step)
        for before, metric in zip(state.metrics, state.settings.metrics, strict=True)
    )
    return decided(
        replace(
            state,
            metrics=metrics,
            last_index=index,
            periods=state.periods + 1,
            step=lead.step,
            step_periods=1 if new_step else state.step_periods + 1,
        )
    )


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


def _absorbed(
    before: MetricState, period: Period, settings: JudgeSettings, metric: Metric, *, new_step: bool
) -> MetricState:
    """Return the evidence on one metric after one more period."""
    if new_step and before.block_periods:
        before = _close_block(before, _with_block(before))
    state = _noted(before, period, settings.periods_per_minute)
    phi = _dispersion(state, period)
    counts = (period.canary_requests, period.canary_errors, period.stable_requests, period.stable_errors)
    scale = (1.0, phi, 1.0, phi)
    block = tuple(b + c / s for b, c, s in zip(state.block, counts, scale, strict=True))
    certificates = log_certificates(period, settings.harm_of(metric), phi)
    state = replace(
        state,
        dispersion=phi,
        block=(block[0], block[1], block[2], block[3]),
        block_periods=state.block_periods + 1,
        certificates=rounded(tuple(a + b for a, b in zip(state.certificates, certificates, strict=True))),
    )
    evidence = _with_block(state)
    state = replace(state, log_evidence=round(log_mixture(evidence), 9))
    full = state.rules.block_minutes * settings.periods_per_minute
    return _close_block(state, evidence) if state.block_periods >= full else state


def _with_block(state: MetricState) -> tuple[float, ...]:
    """Return the log evidence with that of the open block, which is a likelihood ratio at every moment."""
    return rounded(
        tuple(a + b for a, b in zip(state.closed, log_ratios(state.rules, *state.block), strict=True))
    )


def _close_block(state: MetricState, evidence: tuple[float, ...]) -> MetricState:
    return replace(state, closed=evidence, block=(0.0, 0.0, 0.0, 0.0), block_periods=0)


def _noted(state: MetricState, period: Period, periods_per_minute: int) -> MetricState:
    """Return the state with the period in its totals and in the window of recent minutes."""
    a, b, c, d = state.totals
    totals = (
        a + period.canary_requests,
        b + period.canary_errors,
        c + period.stable_requests,
        d + period.stable_errors,
    )
    silent = 0 if period.comparable else state.silent + 1
    if state.noise is None:
        return replace(state, totals=totals, silent=silent)
    newest = (period.stable_errors, period.stable_requests, period.canary_requests + period.stable_requests)
    recent, count = state.recent, state.recent_periods + 1
    if recent and count <= periods_per_minute:
        newest = (newest[0] + recent[-1][0], newest[1] + recent[-1][1], newest[2] + recent[-1][2])
        recent = recent[:-1]
    else:
        count = 1
    short = (shortened(newest[0]), shortened(newest[1]), shortened(newest[2]))
    window = (*recent, short)[-WINDOW_MINUTES:]
    return replace(state, totals=totals, silent=silent, recent=window, recent_periods=count)


def _dispersion(state: MetricState, period: Period) -> float:
    if state.noise is None or not period.comparable:
        return state.dispersion
    growth = error_growth(state.recent, state.noise.errors_per_minute)
    tasks = (period.canary_tasks, period.stable_tasks)
    return weighted_dispersion(state.noise, period.canary_share, growth, *tasks)
