"""The bake of a blue/green deployment: green has all traffic, blue still runs, and green is judged.

The pulse of a canary calls `pulse` for a record of strategy ``blue_green``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from tidegate.domain import losses
from tidegate.domain.assembly import Assembled, Series, assemble
from tidegate.domain.bake import figures_of_group
from tidegate.domain.blue_green import UNDER_WAY, is_switched
from tidegate.domain.canary import LEAVING, Canary, JudgedPeriod, tells
from tidegate.domain.figures import MINUTE
from tidegate.ports import Ports
from tidegate.steps.await_deployment import subject
from tidegate.steps.bake_record import bake_of, end, remove_pulse
from tidegate.steps.blue_green import move_of, settings_of
from tidegate.steps.canaries import change
from tidegate.steps.pulsing import Attempts, seen
from tidegate.steps.read_deployment import read
from tidegate.steps.resume import wake
from tidegate.steps.scope import Scope
from tidegate.steps.withdrawing import is_abandoned

MOST_LOST = 1
"""One task may be lost, as in every fleet; a second one is held against the image."""
CLOSING = timedelta(minutes=2)
"""So long before the bake is over it is decided what happens to a green of which nothing is known."""
WHOLE = 100.0


def pulse(ports: Ports, scope: Scope, canary: Canary) -> dict[str, Any]:
    """Judge green while it bakes, and wake the machine when there is something for it to do.

    Idempotent, like every pulse. The service deployment itself is stopped by the machine; only when nobody
    is left to do that, the pulse does.

    Returns:
        ``outcome``: the decision that stands, or else the phase; with its reason.

    Raises:
        Transient: something could not be read for now; everything else has been looked at and stored.
    """
    if canary.phase == "ended":
        remove_pulse(ports, canary)
        return {"outcome": "ended", "reason": canary.reason[:2000]}
    if is_abandoned(ports, canary):
        return take_back(ports, scope, canary)
    rollout = read(ports, scope, canary.task_definition, canary.opened_at)
    canary = change(ports, canary, partial(seen, ports))
    attempts = Attempts()
    if rollout.outcome == "in_progress" and is_switched(rollout.deployment):
        for look in (_alarms, _tasks, _figures):
            if canary.decision not in LEAVING:
                canary = attempts.ask(partial(look, ports, scope, canary), canary)
    if canary.decision in LEAVING:
        _note(ports, canary)
    if move_of(scope, canary, rollout).outcome != "in_progress":
        attempts.ask(partial(_wake, ports, scope, canary), 0)
    attempts.finish()
    outcome = canary.decision if canary.decision != "none" else canary.phase
    return {"outcome": outcome, "reason": canary.reason[:2000]}


def take_back(ports: Ports, scope: Scope, canary: Canary) -> dict[str, Any]:
    """Nobody is left: the execution has stopped, and no other one has the lock. ECS is told to go back.

    Past a point of no return nothing is taken back; people have been called.
    """
    reason = "Its execution stopped before the deployment had come to an end."
    canary = change(ports, canary, lambda each: tells(each, "fail", reason))
    _note(ports, canary)
    deployment = read(ports, scope, canary.task_definition, canary.opened_at).deployment
    if deployment is not None and deployment.in_flight and not scope.past_no_return:
        if deployment.status in UNDER_WAY:
            ports.services.stop(scope.environment.target, deployment.arn)
        return {"outcome": "returning", "reason": reason}
    end(ports, canary)
    return {"outcome": "ended", "reason": reason}


def judge_rest(ports: Ports, scope: Scope, canary: Canary) -> Canary:
    """Judge what is left when the deployment has ended: what CloudWatch has now is final then.

    The last minutes may still be incomplete. Requests and bad ones are missing alike, which accuses nobody.
    """
    if canary.shifted_at is None or canary.phase == "ended" or canary.decision in LEAVING:
        return canary
    return _judged(ports, scope, canary, ports.clock.now() + timedelta(days=1))


def _wake(ports: Ports, scope: Scope, canary: Canary) -> int:
    environment = scope.environment
    state = ports.services.describe(environment.target, environment.cluster, environment.service)
    return 0 if state is None else wake(ports, subject(state.arn), canary.decision)


def _note(ports: Ports, canary: Canary) -> None:
    """Write a decision into the journal, once."""
    entry = {
        "environment": canary.environment,
        "decision": canary.decision,
        "evidence": canary.evidence,
        "reason": canary.reason,
    }
    key = f"bake/{canary.id}/{canary.decision}"
    ports.journal.append(canary.release, "bake.decision", entry, at=ports.clock.now(), key=key)


# --- what is looked at --------------------------------------------------------------------------------------


def _alarms(ports: Ports, scope: Scope, canary: Canary) -> Canary:
    """ECS looks at the alarms too; it may miss one when its calls are throttled."""
    settings = settings_of(scope).alarms
    if not settings.names or settings.when_already_in_alarm == "accept":
        return canary
    states = ports.alarms.states(scope.environment.target, settings.names)
    red = [name for name in settings.names if states.get(name) == "ALARM"]
    if not red:
        return canary
    reason = f"Alarm {', '.join(red)} went off after the switch."
    return change(ports, canary, lambda each: tells(each, "roll_back", reason, "alarm"))


def _tasks(ports: Ports, scope: Scope, canary: Canary) -> Canary:
    """No healthy target at all, or a second lost task, returns green; the scheduler mends the rest."""
    environment = scope.environment
    targets = ports.target_groups.health(environment.target, bake_of(canary).green)
    healthy = sum(each.state == "healthy" for each in targets)
    place = (environment.target, environment.cluster, environment.service)
    since = canary.shifted_at or canary.opened_at
    gone = losses.lost(ports.services.tasks(*place, stopped=True), canary.task_definition, since)
    if (healthy > 0 or not targets) and len(gone) <= MOST_LOST:
        return canary
    lost = f" It lost {len(gone)} since the switch." if gone else ""
    reason = f"{healthy} of {len(targets)} targets of green are healthy.{lost}{losses.words(gone)}"
    return change(ports, canary, lambda each: tells(each, "roll_back", reason, "health"))


def _figures(ports: Ports, scope: Scope, canary: Canary) -> Canary:
    if canary.shifted_at is None:
        return canary
    canary = _judged(ports, scope, canary, ports.clock.now())
    state = bake_of(canary).state
    if state.known or not _is_closing(ports, scope, canary):
        return canary
    reason = f"The bake is almost over. {state.sentence}"
    return change(ports, canary, lambda each: tells(each, "roll_back", reason))


def _is_closing(ports: Ports, scope: Scope, canary: Canary) -> bool:
    """Whether a green of which nothing is known must go back now, while ECS still can in an instant."""
    settings, length = settings_of(scope), timedelta(minutes=settings_of(scope).bake_minutes)
    if settings.bake.when_inconclusive == "accept" or length <= 2 * CLOSING or canary.shifted_at is None:
        return False
    return ports.clock.now() >= canary.shifted_at + length - CLOSING


def _judged(ports: Ports, scope: Scope, canary: Canary, now: datetime) -> Canary:
    """The record after what became final by `now`; the periods are kept before it says that they were judged.

    Raises:
        Transient: CloudWatch could not be read.
    """
    bake, assembled = bake_of(canary), _read(ports, scope, canary, now)
    periods: list[JudgedPeriod] = []
    for measured in assembled.final:
        bake = bake.after(measured)
        state, figures = bake.state, dict(measured.figures)
        periods.append(JudgedPeriod(measured.at, 0, WHOLE, figures, state.log_evidence, 0.0, state.verdict))
    if periods:
        ports.canaries.add_periods(canary.id, periods)
    until, readings = canary.judged_until, dict(assembled.readings)

    def judged(each: Canary) -> Canary:
        if each.judged_until != until or each.phase == "ended":
            return each  # Another pulse was faster: it has judged these periods.
        each = replace(each, readings=readings)
        if periods:
            each = replace(each, judge=bake.to_json(), judged_until=periods[-1].at)
        guilty = bake.state.verdict == "roll_back"
        return tells(each, "roll_back", bake.state.sentence, "judge") if guilty else each

    return change(ports, canary, judged)


def _read(ports: Ports, scope: Scope, canary: Canary, now: datetime) -> Assembled:
    shifted = canary.shifted_at or now
    figures = figures_of_group(settings_of(scope), bake_of(canary).green)
    since = max(shifted, canary.judged_until or shifted)
    series: Series = ports.metrics.read(
        scope.environment.target, figures.queries, since=since, until=ports.clock.now()
    )
    return assemble(
        figures,
        series,
        since=shifted,
        judged_until=canary.judged_until,
        earlier=canary.readings,
        now=now,
        period_seconds=MINUTE,
    )
