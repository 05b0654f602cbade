"""Look after a canary once a minute: judge it, decide what the machine is to do next, clean up after it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from tidegate.domain.canary import LEAVING, Canary, JudgedPeriod, next_weight, schedule_name
from tidegate.domain.judge import JudgeState
from tidegate.ports import Ports
from tidegate.steps import bake
from tidegate.steps.canaries import settings_of
from tidegate.steps.canary_capacity import prepare
from tidegate.steps.notices import tell
from tidegate.steps.pulsing import Attempts, Looked, look, seen
from tidegate.steps.resume import resume
from tidegate.steps.scope import scope_of
from tidegate.steps.withdrawing import finish, is_abandoned, rescue

MOST_TRIES = 3
"""How often one pulse looks again because somebody changed the record meanwhile; then the next one does."""
ASKING = "/Request approval"
"""How the name of a wait ends in which people are asked about the canary."""
TOLD_EVERY = 15
"""After so many periods whoever watches is told how the canary stands, though nothing has changed."""

ENDED = {"outcome": "ended", "reason": "There is no canary to look after any more."}


class Command(BaseModel):
    """Whose canary it is."""

    service: str
    environment: str


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Look at the canary, decide, and wake the machine that waits for the decision.

    It may be invoked twice at once, late, or after the end: all that it finds is stored in one conditional
    write, and a decision that stands is told again to whoever still waits for it.

    Returns:
        ``outcome``: the decision that stands, or else the phase; with its reason.

    Raises:
        Transient: something could not be read for now; everything else has been looked at and stored.
        Terminal: something could not be read at all; the same holds.
    """
    for _ in range(MOST_TRIES):
        canary = ports.canaries.get(command.service, command.environment)
        if canary is None or canary.phase == "ended":
            ports.schedules.remove(schedule_name(ports.stack, command.service, command.environment))
            return ENDED
        if canary.strategy == "blue_green":
            return bake.pulse(ports, scope_of(ports, canary.release, canary.environment), canary)
        result = _look_after(ports, canary)
        if result is not None:
            return result
    return {"outcome": "overtaken", "reason": "Others kept changing the record; the next pulse looks again."}


def _look_after(ports: Ports, canary: Canary) -> dict[str, Any] | None:
    """What became of one look; None when somebody changed the record meanwhile.

    While the stable service is updated, or the canary is being taken back, only an execution that stopped is
    looked for: the rest is the machine's.
    """
    attempts = Attempts()
    if canary.phase != "withdrawn" and attempts.ask(lambda: is_abandoned(ports, canary), otherwise=False):
        return _take_back(ports, canary)
    is_left_alone = canary.over or canary.phase == "promoting"
    if is_left_alone or canary.decision in LEAVING or canary.decision == "promote":
        looked = Looked(seen(ports, canary))
    else:
        looked = look(ports, scope_of(ports, canary.release, canary.environment), canary, attempts)
    saved = _save(ports, canary, looked)
    if saved is None:
        return None
    if saved.phase == "withdrawn":
        return ENDED if finish(ports, saved) else _result(saved)
    _tell_progress(ports, canary, saved, looked.periods)
    if not is_left_alone:
        attempts.ask(lambda: _make_room(ports, saved), otherwise=None)
        attempts.ask(lambda: _announce(ports, canary, saved), otherwise=None)
    attempts.finish()
    return _result(saved)


def _take_back(ports: Ports, canary: Canary) -> dict[str, Any]:
    """Nobody is left to do it: the execution has stopped, and no other one has the lock."""
    entry = {"environment": canary.environment, "step": canary.step, "weight": canary.weight}
    key = f"canary/{canary.id}/abandoned"
    ports.journal.append(canary.release, "canary.abandoned", entry, at=ports.clock.now(), key=key)
    taken = rescue(ports, canary)
    if taken.outcome == "blocked":
        _call_people(ports, taken.canary, taken.reason)
    return _result(taken.canary, taken.outcome)


def _call_people(ports: Ports, canary: Canary, reason: str) -> None:
    """Only people can take back what somebody else has changed, and no machine is left to tell them."""
    tell(
        ports,
        key=f"canary/{canary.id}/blocked",
        kind="failed",
        what=f"{canary.service}: the canary in {canary.environment} still has traffic and needs people",
        details={"Release": canary.release, "Environment": canary.environment, "Reason": reason},
        service=scope_of(ports, canary.release, canary.environment).service,
        execution=canary.root,
    )


def _save(ports: Ports, before: Canary, looked: Looked) -> Canary | None:
    """Store what was found, periods first: the record says that they were judged."""
    if looked.canary == before:
        return before
    if looked.periods:
        ports.canaries.add_periods(before.id, looked.periods)
    return ports.canaries.save(looked.canary)


def _make_room(ports: Ports, canary: Canary) -> None:
    """Let the next step have its tasks, and the present one as many more as the stable service has by now.

    Those of the first step are made by the machine.
    """
    if canary.step < 0 or canary.decision not in ("none", "ask"):
        return
    scope = scope_of(ports, canary.release, canary.environment)
    is_next = canary.phase == "preparing"
    prepare(ports, scope, canary, next_weight(canary, settings_of(scope).steps) if is_next else canary.weight)


def _announce(ports: Ports, before: Canary, canary: Canary) -> None:
    """Write the decision that stands into the journal, and wake the machine if it still waits for it.

    Who waits for an answer of people waits for another decision than that they be asked.
    """
    if canary.decision == "none":
        return
    waits = [
        wait
        for wait in ports.waits.on(canary.subject)
        if canary.decision != "ask" or not wait.name.endswith(ASKING)
    ]
    if not waits and canary.decision == before.decision:
        return
    entry: dict[str, Any] = {
        "environment": canary.environment,
        "decision": canary.decision,
        "step": canary.step,
        "weight": canary.weight,
        "evidence": canary.evidence,
        "reason": canary.reason,
    }
    kind = "canary.decision"
    if canary.decision == "advance":
        steps = settings_of(scope_of(ports, canary.release, canary.environment)).steps
        kind, entry["to"] = "canary.step", next_weight(canary, steps)
    key = f"canary/{canary.id}/{canary.step}/{canary.decision}"
    ports.journal.append(canary.release, kind, entry, at=ports.clock.now(), key=key)
    resume(ports, waits, canary.decision)


def _tell_progress(ports: Ports, before: Canary, canary: Canary, periods: tuple[JudgedPeriod, ...]) -> None:
    """Tell whoever watches how the canary stands: now and then, and when the verdict changes."""
    if not periods:
        return
    state = JudgeState.from_json(canary.judge)
    known = JudgeState.from_json(before.judge) if before.judge else None
    count, earlier = state.periods, known.periods if known else 0
    if known and state.verdict == known.verdict and count // TOLD_EVERY == earlier // TOLD_EVERY:
        return
    entry = {
        "environment": canary.environment,
        "step": canary.step,
        "weight": canary.weight,
        "periods": count,
        "verdict": state.verdict,
        "log_evidence": state.log_evidence,
        "reason": state.sentence,
    }
    key = f"canary/{canary.id}/period/{count}"
    ports.journal.append(canary.release, "canary.progress", entry, at=ports.clock.now(), key=key)


def _result(canary: Canary, outcome: str | None = None) -> dict[str, Any]:
    found = outcome or (canary.decision if canary.decision != "none" else canary.phase)
    return {"outcome": found, "reason": canary.reason[:2000]}
