"""Read a canary's metrics, judge every period that became final, and know how fresh the verdict is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from tidegate.domain.assembly import SLACK, Assembled, Measured, assemble
from tidegate.domain.canary import Canary, JudgedPeriod
from tidegate.domain.figures import figures_of
from tidegate.domain.judge import JudgeState, observe
from tidegate.domain.judging import first_state
from tidegate.domain.pacing import Standing
from tidegate.ports import Ports
from tidegate.steps.canaries import settings_of
from tidegate.steps.scope import Scope

BLIND = timedelta(minutes=5)
"""Metrics that can not be read, or show nothing, for longer than this allow no conclusion."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The record after judging, and the periods that were judged just now."""

    canary: Canary
    periods: tuple[JudgedPeriod, ...] = ()


def state_of(ports: Ports, scope: Scope, canary: Canary) -> JudgeState:
    """The judge as it stands; before the first period as the manifest and the calibration have it."""
    if canary.judge:
        return JudgeState.from_json(canary.judge)
    stored = ports.calibrations.get(canary.service, canary.environment)
    return first_state(settings_of(scope), stored, ports.clock.now())


def judge(ports: Ports, scope: Scope, canary: Canary) -> Judged:
    """Judge what became final since the last time. Nothing is read while the weights are being changed.

    One read, from the oldest period that is not final, of 4 metrics and 2 for each threshold of slow
    responses; where a calibrated profile is in force, of 2 more for each group of stable tasks.
    """
    if canary.step < 0 or canary.shifted_at is None:
        return Judged(canary)
    state = state_of(ports, scope, canary)
    assembled = _read(ports, scope, canary, state)
    periods = []
    for measured in assembled.final:
        state = observe(state, measured.periods(canary.step))
        periods.append(_judged(canary, measured, state))
    canary = replace(
        canary,
        judge=state.to_json() if periods else canary.judge,
        readings=dict(assembled.readings),
        judged_until=periods[-1].at if periods else canary.judged_until,
    )
    return Judged(canary, tuple(periods))


def _read(ports: Ports, scope: Scope, canary: Canary, state: JudgeState) -> Assembled:
    settings, now = settings_of(scope), ports.clock.now()
    shifted = canary.shifted_at or now
    figures = figures_of(settings, live=any(metric.noise is not None for metric in state.metrics))
    since = max(shifted, canary.judged_until or shifted)
    series = ports.metrics.read(scope.environment.target, figures.queries, since=since, until=now)
    return assemble(
        figures,
        series,
        since=shifted,
        judged_until=canary.judged_until,
        earlier=canary.readings,
        now=now,
        period_seconds=settings.metrics.period_seconds,
    )


def _judged(canary: Canary, measured: Measured, state: JudgeState) -> JudgedPeriod:
    return JudgedPeriod(
        at=measured.at,
        step=canary.step,
        weight=canary.weight,
        figures=dict(measured.figures),
        log_evidence=state.log_evidence,
        log_certificate=state.log_certificate,
        verdict=state.verdict,
        groups=measured.groups,
    )


def standing(ports: Ports, scope: Scope, canary: Canary) -> Standing:
    """What the pace of a canary is decided by, at this moment."""
    settings, now = settings_of(scope), ports.clock.now()
    state = state_of(ports, scope, canary)
    shifted = canary.shifted_at or now
    newest = max(shifted, canary.judged_until or shifted)
    silence = now - newest - timedelta(seconds=2 * settings.metrics.period_seconds) - SLACK
    of_step = state.periods > 0 and state.step == canary.step and newest > shifted
    sentence = state.sentence
    if silence > BLIND:
        minutes = (now - newest).total_seconds() / 60
        sentence = f"The metrics have shown nothing for {minutes:.0f} minutes. {sentence}"
    elif not of_step:
        sentence = f"No period of this step could be judged yet. {sentence}"
    return Standing(
        step=canary.step,
        verdict=state.verdict,
        sentence=sentence,
        fresh=of_step and silence <= BLIND,
        in_step=(now - shifted).total_seconds(),
        in_all=(now - canary.opened_at).total_seconds(),
        can_ask=scope.environment.approval is not None,
        accepted=canary.accepted == canary.step,
    )
