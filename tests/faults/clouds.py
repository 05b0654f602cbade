"""The local clouds of the matrix: one process each, with several stories at once and a sweep now and then."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from local import server
from local.sample import Place
from tests.faults.cases import Case, Plan, kind_of
from tests.faults.matrix import OF_A_CALL, Chunk, Group, Result, halves, verdict
from tests.faults.reached import Reached, reached
from tests.faults.scenarios import BY_NAME
from tests.faults.slot import Played, Slot
from tests.support.permissions import recording

AT_ONCE = 6
SWEEP_EVERY = 8.0
SWEEP_GRACE = 6
"""Seconds: five minutes of both on AWS, as short as the rest of what AWS imposes there."""
SWEEP = "tidegate-sweep"


@dataclass(frozen=True)
class Switches:
    """What is switched off to see whether the matrix notices: it never is otherwise."""

    no_sweep: bool = False
    no_safety_net: bool = False
    template: str | None = None
    """Another template than the product's: one whose code forgets what it has done already."""


class Cloud:
    """One local cloud and the sweep in it, which the matrix itself invokes."""

    def __init__(self, switches: Switches, sweeping: Any) -> None:
        options = {} if switches.template is None else {"template": switches.template}
        self._running = server.start(port=0, seed=False, **options)
        self._sweeping = sweeping
        self.place = Place(self._running.endpoint)
        self._stop = threading.Event()
        topic = self.place.resource("NotificationsTopic")
        self.place.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint="team@example.com")
        self.place.world("POST", "/mailbox/confirm", {"address": "team@example.com"})
        self._disable_rules_of("sweep")
        if switches.no_safety_net:
            self._disable_rules_of("receive_failed_execution")
        self._sweeper = threading.Thread(target=self._sweep, daemon=True)
        if not switches.no_sweep:
            self._sweeper.start()

    def stop(self) -> None:
        """End it."""
        self._stop.set()
        self._running.stop()

    def _disable_rules_of(self, step: str) -> None:
        events = self.place.client("events")
        found = self.place.client("lambda").get_function(FunctionName=f"tidegate-{step}")
        names = events.list_rule_names_by_target(TargetArn=found["Configuration"]["FunctionArn"])["RuleNames"]
        assert names, step
        for name in names:
            events.disable_rule(Name=name)

    def _sweep(self) -> None:
        while not self._stop.wait(SWEEP_EVERY):
            if not self._sweeping.is_set():
                continue
            with contextlib.suppress(Exception):
                self.place.client("lambda").invoke(
                    FunctionName=SWEEP, Payload=json.dumps({"grace_seconds": SWEEP_GRACE})
                )


@contextlib.contextmanager
def cloud(switches: Switches, sweeping: Any) -> Iterator[Cloud]:
    """A cloud that is stopped in the end.

    Args:
        switches: What is switched off.
        sweeping: An event; the sweep is at work while it is set.
    """
    made = Cloud(switches, sweeping)
    try:
        yield made
    finally:
        made.stop()


class Player:
    """Plays chunks on one cloud, several at once."""

    def __init__(self, place: Place, states: Mapping[Case, Reached], say: Any) -> None:
        self._place = place
        self._states = states
        self._say = say

    def baseline(self, scenario: str) -> None:
        """Tell a scenario without faults, and what it reaches."""
        slot = Slot(self._place, BY_NAME[scenario])
        played = self._play(slot, ())
        found = reached(self._place, slot.story.name, self._place.resource("WaitsTable"))
        slot.close()
        self._say(("baseline", scenario, played, list(found.values())))

    def chunk(self, chunk: Chunk) -> None:
        """Play every group of a chunk; a service that is spoiled is replaced."""
        slot: Slot | None = None
        waiting = list(chunk.groups)
        while waiting:
            group = waiting.pop(0)
            slot = slot or self._slot(chunk.scenario)
            played = self._play(slot, group)
            if played.violations or played.unmet:
                slot.close()
                slot = None
            if (played.violations or played.unmet) and len(group) > 1:
                waiting[:0] = self._again(group, played)
                continue
            for case in group:
                word = verdict(played.unmet, played.violations, case)
                always = not case.fault.startswith(OF_A_CALL)
                found = Result(case, word, played.violations, played.seconds, len(group), always)
                self._say(("result", found))
        if slot is not None:
            slot.close()

    def _slot(self, scenario: str) -> Slot:
        return Slot(self._place, BY_NAME[scenario])

    def _again(self, group: Group, played: Played) -> list[Group]:
        """Who of a group is told again: those that were not met alone, the others in halves."""
        if played.violations:
            return list(halves(group))
        unmet = [case for case in group if case.name in played.unmet]
        for case in group:
            if case not in unmet:
                self._say(("result", Result(case, "held", (), played.seconds, len(group))))
        return [(case,) for case in unmet]

    def _play(self, slot: Slot, group: Group) -> Played:
        injected = [(case, kind_of(case, self._states[case])) for case in group]
        began = time.monotonic()
        try:
            return slot.play(injected)
        except Exception as error:  # noqa: BLE001 - a story that breaks is a violation, not the end of the run
            where = traceback.extract_tb(error.__traceback__)[-1]
            sentence = f"{type(error).__name__} in {where.name}: {error}"[:1000]
            return Played("broken", "", (sentence,), (), round(time.monotonic() - began, 1))


def work(jobs: Any, answers: Any, sweeping: Any, switches: Switches, at_once: int) -> None:
    """The process of one cloud: takes jobs until there is none, several at once."""
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    with cloud(switches, sweeping) as made:
        lock = threading.Lock()

        def loop() -> None:
            while True:
                with lock:
                    job = jobs.get()
                if job is None:
                    jobs.put(None)
                    return
                kind, content, given = job
                player = Player(made.place, given, answers.put)
                try:
                    player.baseline(content) if kind == "baseline" else player.chunk(content)
                except Exception:  # noqa: BLE001 - told to whoever waits
                    answers.put(("broken", str(content), traceback.format_exc()))
                answers.put(("done", kind))

        with ThreadPoolExecutor(at_once) as threads:
            for each in [threads.submit(loop) for _ in range(at_once)]:
                each.result()
        if switches == Switches():
            recording.write(made.place, "faults")


def _end_with_parent(parent: int) -> None:
    """Whoever is killed stops nobody; the local cloud in its turn ends with this process."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


class Clouds:
    """Several clouds that share their jobs."""

    def __init__(self, number: int, switches: Switches | None = None, at_once: int = AT_ONCE) -> None:
        context = get_context("spawn")
        self._jobs: Any = context.Queue()
        self._answers: Any = context.Queue()
        self.sweeping: Any = context.Event()
        arguments = (self._jobs, self._answers, self.sweeping, switches or Switches(), at_once)
        self._processes: Any = [context.Process(target=work, args=arguments) for _ in range(number)]
        for process in self._processes:
            process.start()

    def run(self, kind: str, contents: list[Any], plan: Plan | None = None) -> Iterator[Any]:
        """Hand out jobs; yields what is said of them, until all are done.

        Raises:
            RuntimeError: A cloud ended before its work was done.
        """
        for content in contents:
            self._jobs.put((kind, content, _states_of(plan, content) if plan else {}))
        left = len(contents)
        while left:
            try:
                answer = self._answers.get(timeout=5)
            except queue.Empty as error:
                if not all(process.is_alive() for process in self._processes):
                    raise RuntimeError("A local cloud of the matrix has ended.") from error
                continue
            if answer[0] == "done":
                left -= 1
            else:
                yield answer

    def stop(self) -> None:
        """End them."""
        self._jobs.put(None)
        for process in self._processes:
            process.join(90)
            if process.is_alive():
                process.terminate()


def _states_of(plan: Plan, chunk: Chunk) -> dict[Case, Reached]:
    return {case: plan.states[case] for group in chunk.groups for case in group}
