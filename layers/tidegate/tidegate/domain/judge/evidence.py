"""How one more period changes the evidence on one metric."""

from dataclasses import replace

from .certificate import log_certificates
from .late import log_total, with_next_test
from .likelihood import log_mixture, log_ratios
from .live import Scale, live_noise, watched
from .metric_state import NO_COUNTS, GroupNoise, MetricState, Totals, rounded, shortened
from .period import Period
from .settings import JudgeSettings, Metric
from .weighting import WINDOW_MINUTES, error_growth, weighted_dispersion


def step_ended(state: MetricState, settings: JudgeSettings) -> MetricState:
    """Return the evidence with its open block closed: a block never spans two canary steps."""
    return _close_block(state, _with_block(state), settings) if state.block_periods else state


def absorbed(
    before: MetricState, period: Period, settings: JudgeSettings, metric: Metric, *, judged: bool = True
) -> MetricState:
    """Return the evidence on ``metric`` after one more period.

    Args:
        before: The evidence so far.
        period: What both groups did.
        settings: What is judged.
        metric: The metric that the period counts.
        judged: False for a period that only tells about the stable side's noise.
    """
    state = _observed_noise(before, period, settings.periods_per_minute)
    if not judged:
        return state
    state = _counted(state, period)
    phi = _dispersion(state, period)
    certificates = log_certificates(period, settings.harm_of(metric), phi)
    state = replace(
        state,
        dispersion=shortened(phi),
        block=_grown(state.block, period, phi),
        block_periods=state.block_periods + 1,
        certificates=tuple(round(a + b, 5) for a, b in zip(state.certificates, certificates, strict=True)),
    )
    evidence = _with_block(state)
    closed_minutes = state.closed_periods / settings.periods_per_minute
    total = log_total(log_mixture(evidence), settings.late_harm, closed_minutes)
    state = replace(state, log_evidence=round(total, 8))
    full = state.rules.block_minutes * settings.periods_per_minute
    return _close_block(state, evidence, settings) if state.block_periods >= full else state


def _grown(block: Totals, period: Period, phi: float) -> Totals:
    """Return the open block with one more period; one without a request on either side compares nothing."""
    if not period.comparable:
        return block
    a, b, c, d = block
    return (
        shortened(a + period.canary_requests),
        shortened(b + period.canary_errors / phi),
        shortened(c + period.stable_requests),
        shortened(d + period.stable_errors / phi),
    )


def _with_block(state: MetricState) -> tuple[float, ...]:
    """Return the log evidence with that of the open block, which is a likelihood ratio at every moment."""
    return rounded(
        tuple(a + b for a, b in zip(state.closed, log_ratios(state.rules, *state.block), strict=True))
    )


def _close_block(state: MetricState, evidence: tuple[float, ...], settings: JudgeSettings) -> MetricState:
    periods = state.closed_periods + state.block_periods
    minutes = (count / settings.periods_per_minute for count in (state.closed_periods, periods))
    closed = rounded(with_next_test(evidence, settings.late_harm, *minutes))
    return replace(state, closed=closed, block=NO_COUNTS, block_periods=0, closed_periods=periods)


def _counted(state: MetricState, period: Period) -> MetricState:
    a, b, c, d = state.totals
    return replace(
        state,
        totals=(
            shortened(a + period.canary_requests, 10),
            shortened(b + period.canary_errors, 10),
            shortened(c + period.stable_requests, 10),
            shortened(d + period.stable_errors, 10),
        ),
        silent=0 if period.comparable else state.silent + 1,
    )


def _observed_noise(state: MetricState, period: Period, periods_per_minute: int) -> MetricState:
    """Return the state with what the period says about noise on the stable side."""
    if state.noise is None:
        return state
    live = watched(state.live, period.stable_groups, state.noise.group_rates, periods_per_minute)
    return replace(_with_recent(state, period, periods_per_minute), live=tuple(map(_short, live)))


def _short(scale: Scale) -> Scale:
    return Scale(
        shortened(scale.numerator, 7),
        shortened(scale.denominator, 7),
        scale.blocks,
        scale.periods,
        tuple((shortened(r, 6), shortened(e, 6)) for r, e in scale.open),
    )


def _with_recent(state: MetricState, period: Period, periods_per_minute: int) -> MetricState:
    newest = (period.stable_errors, period.stable_requests, period.canary_requests + period.stable_requests)
    recent, count = state.recent, state.recent_periods + 1
    if recent and count <= periods_per_minute:
        newest = (newest[0] + recent[-1][0], newest[1] + recent[-1][1], newest[2] + recent[-1][2])
        recent = recent[:-1]
    else:
        count = 1
    short = (shortened(newest[0], 5), shortened(newest[1], 5), shortened(newest[2], 5))
    return replace(state, recent=(*recent, short)[-WINDOW_MINUTES:], recent_periods=count)


def _dispersion(state: MetricState, period: Period) -> float:
    """Return the dispersion of a period's errors: the calibration's, or more if there is more noise now."""
    noise = state.noise
    if noise is None or not period.comparable:
        return state.dispersion
    growth = error_growth(state.recent, noise.errors_per_minute)
    tasks = (period.canary_tasks, period.stable_tasks)
    known = weighted_dispersion(noise, period.canary_share, growth, *tasks)
    at_one_minute, largest = live_noise(state.live, len(period.stable_groups), noise.group_rates)
    if largest <= 1.0:
        return known
    now = GroupNoise(at_one_minute, largest, noise.geometry, noise.errors_per_minute, noise.group_tasks)
    return max(known, weighted_dispersion(now, period.canary_share, 1.0, *tasks))
