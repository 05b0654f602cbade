"""One service of a scenario, on which the scenario is played again and again."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.demo import watch
from local.sample import Place
from tests.faults import invariants
from tests.faults.cases import Case
from tests.faults.kinds import Kind
from tests.support.story import Story

if TYPE_CHECKING:
    from tests.faults.scenarios import Scenario

QUIET_SECONDS = 1.5
LONGEST_EARLY = 8.0
"""How long an event may take that comes before anybody waits for it, and when no other one is expected."""
Injected = Sequence[tuple[Case, Kind]]


@dataclass(frozen=True)
class Patience:
    """How long something may take, in seconds.

    Attributes:
        end: A story, with all its retries.
        rest: Until it has come to rest: a rollback waits a minute for functions that may still run.
    """

    end: float = 420.0
    rest: float = 150.0


@dataclass(frozen=True)
class Played:
    """How a story went.

    Attributes:
        outcome: Of its execution.
        reason: The execution's own words.
        violations: Sentences on what does not hold.
        unmet: Names of the cases whose fault never happened.
        seconds: From beginning to rest.
    """

    outcome: str
    reason: str
    violations: tuple[str, ...]
    unmet: tuple[str, ...]
    seconds: float


class Slot:
    """A registered service, its people, and the faults that are to hit it.

    Attributes:
        new: The digest that the running story brings, if it brings one.
        allowed: The digests that may run afterwards, beside the old one; None for the new one.
        done: What people have done in the running story.
        release: Id of the release that the running story is about.
        behind: What ran before the last good release.
        twice: Whether people press every button twice.
    """

    def __init__(self, place: Place, scenario: Scenario, patience: Patience | None = None) -> None:
        self.place = place
        self.scenario = scenario
        self.patience = patience or Patience()
        self.story = Story(place, scenario.change).registered()
        self.new: str | None = None
        self.allowed: set[str] | None = None
        self.done: set[str] = set()
        self.release = ""
        self.behind = ""
        self.twice = False
        self._numbers = itertools.count(1)

    # --- what scenarios use -------------------------------------------------------------------------------

    def tag(self) -> str:
        """A tag that is newer than every one before."""
        return f"1.{self.number()}.0"

    def number(self) -> int:
        """A number that is greater than every one before."""
        return next(self._numbers)

    def released(self) -> str:
        """The execution of the release that has just been pushed, begun or about to."""

        def new() -> str | None:
            known = self.story.releases()
            return next((each for each in known if each not in self._known), None)

        self.release = self.story.until(new, "a release is minted")
        self._known.add(self.release)
        machine = self.place.machine("normal_deployment").replace(":stateMachine:", ":execution:")
        return f"{machine}:{self.release}"

    def ended(self, execution: str) -> watch.Ending:
        """The end of an execution, which may not have begun yet."""
        return self.story.until(lambda: _ending(self.place, execution), f"{execution} ends")

    def waits(self, subject: str) -> bool:
        """Whether the release waits for something of that kind."""
        return any(each.startswith(subject) for each in self.story.waiting(self.release))

    def answer(self, decision: str) -> None:
        """Answer what the approver is asked, if anything."""
        link = self.story.question()
        if link is not None:
            for _ in range(2 if self.twice else 1):
                self.story.approver.decide(link, decision, "Because.")
            self.done |= {decision, *(["twice"] if self.twice else [])}

    # --- one story ----------------------------------------------------------------------------------------

    def play(self, cases: Injected = ()) -> Played:
        """Tell the story once, with the faults of these cases, and look at what is left."""
        began = time.monotonic()
        self._known = set(self.story.releases())
        self.new, self.allowed, self.release, self.done = None, None, "", set()
        if self.scenario.given is not None:
            self.scenario.given(self)
        self.story.remember()
        before = invariants.Before.of(self.story)
        self.twice = any(kind.act == "answer twice" for _, kind in cases)
        faults = _Faults(self.place, self.story.name, cases, self.scenario.standing)
        try:
            root = self.scenario.begin(self)
            end = self._until_ended(root, faults)
        finally:
            faults.lift()
        expected = self.scenario.outcome if all(kind.recoverable for _, kind in cases) else None
        found = self._at_rest(before, root, end, expected)
        if self.scenario.after is not None:
            self.scenario.after(self)
        outcome, reason = (end.outcome, end.reason) if end else ("running", "")
        unmet = faults.unmet(also={"answer twice"} if "twice" in self.done else set())
        return Played(outcome, reason, tuple(found), unmet, round(time.monotonic() - began, 1))

    def close(self) -> None:
        """Nobody uses the service any more, and nothing of it runs."""
        self.story.users_leave()
        for environment in self.story.environments:
            self.story.service.delete(environment)

    def _until_ended(self, root: str, faults: _Faults) -> watch.Ending | None:
        deadline, pause = time.monotonic() + self.patience.end, 0.15
        while time.monotonic() < deadline:
            faults.act(root)
            if self.scenario.meanwhile is not None:
                self.scenario.meanwhile(self)
            end = _ending(self.place, root)
            if end is not None:
                return end
            time.sleep(pause)
            pause = min(1.2, pause * 1.2)  # looking has its price where many stories are told
        return None

    def _at_rest(
        self, before: invariants.Before, root: str, end: watch.Ending | None, expected: str | None
    ) -> list[str]:
        """What does not hold even after a while."""
        if end is None:
            return [f"{root} has not ended after {self.patience.end:.0f} s"]
        brought = {self.new} if self.new else set()
        bad = frozenset(brought if self.scenario.bad else ())
        allowed = {*before.digests.values(), *(self.allowed or brought - bad)}
        asked = "approve" in self.done
        now = invariants.Now(
            self.story, before, root, self.release, allowed, asked, bad, tasks=self.scenario.tasks
        )
        deadline, pause = time.monotonic() + self.patience.rest, 0.3
        while True:
            found = invariants.violations(now)
            if not found or time.monotonic() > deadline:
                break
            time.sleep(pause)
            pause = min(4.0, pause * 1.4)
        if expected is not None and end.outcome != expected:
            found.append(f"the outcome is {end.outcome} instead of {expected}: {end.reason[:600]}")
        return found


class _Faults:
    """The faults of one story, from their beginning to their end."""

    def __init__(self, place: Place, about: str, cases: Injected, standing: tuple[Any, ...]) -> None:
        self._place = place
        self._cases = cases
        self._ids: dict[int, list[str]] = {}
        self._acts: dict[int, Kind] = {}
        self._injected: set[int] = set()
        self._seen: dict[int, float] = {}
        self._standing: list[int] = []
        added: dict[str, int] = {}
        for case, kind in cases:
            for fault in kind.faults(about):
                number = added.setdefault(repr(fault), 0) or self._add(fault)
                added[repr(fault)] = number
                self._ids.setdefault(number, []).append(case.name)
                if kind.act in _ACTS:
                    self._acts[number] = kind
        for fault in standing:
            self._standing.append(self._add({**fault, "about": about}))

    def _add(self, fault: dict[str, Any]) -> int:
        return int(self._place.world("POST", "/faults", fault)["id"])

    def act(self, root: str) -> None:
        """Do what is to be done while something is stopped, and let it go on."""
        for number, kind in list(self._acts.items()):
            met = self._place.world("GET", f"/faults/{number}")
            if not met["injected"]:
                continue
            met["seen"] = self._seen.setdefault(number, time.time())
            if _ACTS[kind.act or ""](self._place, root, met):
                del self._acts[number]
                self._remove(number)

    def lift(self) -> None:
        """Let them happen no more."""
        for number in [*self._ids, *self._standing]:
            self._remove(number)

    def unmet(self, also: Collection[str]) -> tuple[str, ...]:
        """The cases of which no fault has happened, nor what people were to do."""
        met = {name for number in self._injected for name in self._ids.get(number, ())}
        return tuple(case.name for case, kind in self._cases if case.name not in met and kind.act not in also)

    def _remove(self, number: int) -> None:
        if self._place.world("DELETE", f"/faults/{number}")["injected"]:
            self._injected.add(number)


def _abort_root(place: Place, root: str, _: dict[str, Any]) -> bool:
    return _abort(place, root)


def _abort_nested(place: Place, _: str, met: dict[str, Any]) -> bool:
    return _abort(place, met["executions"][0])


def _abort(place: Place, execution: str) -> bool:
    place.client("stepfunctions").stop_execution(executionArn=execution, error="killed", cause="A test.")
    return True


def _event_came(place: Place, _: str, met: dict[str, Any]) -> bool:
    """Whether everybody has been told of what is waited for, while it was not waited for yet."""
    now = time.time()
    if now - met["seen"] > LONGEST_EARLY:
        return True
    calls = place.world("GET", f"/calls?about={met['about']}&since={met['seen']}")
    told = [call["time"] for call in calls if not call["state"] and call["caller"] != "user"]
    return bool(told) and now - max(told) > QUIET_SECONDS


_ACTS: dict[str, Callable[[Place, str, dict[str, Any]], bool]] = {
    "abort root": _abort_root,
    "abort nested": _abort_nested,
    "let the event come first": _event_came,
}


def _ending(place: Place, root: str) -> watch.Ending | None:
    states = place.client("stepfunctions")
    try:
        return watch.ending(place, root)
    except states.exceptions.ExecutionDoesNotExist:
        return None
