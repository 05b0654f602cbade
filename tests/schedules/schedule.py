"""A random schedule: what people, AWS and chance may do, in any order, until the world is left in peace.

Numbers choose among what is there at the moment, so that Hypothesis can shorten a schedule and not break it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.schedules.definitions import earlier, today
from tests.schedules.ending import settle
from tests.schedules.model import violations
from tests.schedules.watchman import Violation
from tests.schedules.workers import Trouble
from tests.schedules.workloads import PLACES, REPOSITORIES
from tests.schedules.world import World
from tidegate.domain.canary import LEAVING, Canary

STRATEGIES = ("rolling", "canary", "canary", "blue_green")
NATURES = (*["good"] * 8, "crashing", "failing", "unfit", "harmful", "stuck")
SCANS = (*["clean"] * 8, "critical", "broken")
MOST_PUSHES = 6
MOST_FLOW = 120

which = st.integers(0, 40)
troubles = st.one_of(
    st.none(),
    st.builds(Trouble, st.integers(0, 25), st.sampled_from(("pause", "kill", "lose", "throttle"))),
)


class Schedule(RuleBasedStateMachine):
    """One schedule over one world; `counted` counts what happened in all of them."""

    counted: ClassVar[Counter[str]] = Counter()

    @initialize(
        version=st.sampled_from(("today", *earlier())),
        commands=st.sampled_from((0, 0, 1, 3)),
        aborts=st.sampled_from((0, 0, 1, 2)),
        checkout=st.sampled_from(STRATEGIES),
        payments=st.sampled_from(STRATEGIES),
        judged=st.sampled_from((None, None, None, "good", "harmful", "unfit")),
        further=st.sampled_from((0, 8, 16, 24)),
    )
    def begin(
        self,
        version: str,
        commands: int,
        aborts: int,
        checkout: str = "rolling",
        payments: str = "rolling",
        judged: str | None = None,
        further: int = 0,
    ) -> None:
        """Let the world begin, with the machines of today or of an earlier version.

        Where nobody interferes, more is demanded: so there are schedules in which nobody does. How services
        get to production is in their manifests, with an upgrade in those that are registered after it. In
        some schedules an image is being judged already.
        """
        self.strategies = {"checkout": checkout, "payments": payments}
        if version == "today":
            self.world = World(today(), self.strategies)
        else:
            self.world = World(earlier()[version])
        self.upgraded = version == "today"
        self.troubles = 0
        self.commands, self.aborts = commands, aborts
        self._count("schedules")
        if judged is not None and self.upgraded:
            self.push("payments" if checkout == "rolling" else "checkout", judged, "clean")
            self.flow_to_canary(further)

    # --- the world ----------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.world.images) < MOST_PUSHES + len(REPOSITORIES))
    @rule(
        repository=st.sampled_from(REPOSITORIES),
        nature=st.sampled_from(NATURES),
        scan=st.sampled_from(SCANS),
    )
    def push(self, repository: str, nature: str, scan: str) -> None:
        """Somebody pushes an image."""
        self._count("pushes")
        self.world.push(repository, nature, scan)

    @precondition(lambda self: self.world.scanning())
    @rule(number=which)
    def finish_scan(self, number: int) -> None:
        """A scan ends."""
        self.world.finish_scan(self._pick(self.world.scanning(), number))

    @precondition(lambda self: self.world.ports.services._in_flight())
    @rule(number=which)
    def ecs(self, number: int) -> None:
        """ECS takes a step."""
        self.world.go_on(self._pick(self.world.ports.services._in_flight(), number))

    @precondition(lambda self: self.world.ports.tasks._going())
    @rule(number=which)
    def end_task(self, number: int) -> None:
        """A one-off task ends."""
        self.world.end_task(self._pick(self.world.ports.tasks._going(), number).arn)

    @precondition(lambda self: self.world.may_ring())
    @rule(number=which)
    def ring(self, number: int) -> None:
        """An alarm goes off."""
        self._count("alarms")
        self.world.ring(self._pick(self.world.may_ring(), number))

    @rule(seconds=st.sampled_from((1, 10, 40, 70, 200)))
    def pass_time(self, seconds: int) -> None:
        """Time passes; what was asked to run within a minute runs."""
        self.world.pass_time(seconds, work=False)

    @rule(seconds=st.sampled_from((400, 1000, 4000)))
    def pass_much_time(self, seconds: int) -> None:
        """Much time passes, in which every function works; in an hour the sweep comes at least once."""
        self.world.pass_time(seconds, work=True)
        if seconds > 3600:
            self.world.sweep()

    @precondition(lambda self: self.world.ports.schedules.started)
    @rule(seconds=st.sampled_from((60, 200, 900)))
    def measure_nothing(self, seconds: int) -> None:
        """CloudWatch loses what happens for a while."""
        self._count("gaps")
        self.world.ports.metrics._lose(seconds)
        self._disturb_canaries("unmeasured")

    @precondition(lambda self: self.world.ports.schedules.started)
    @rule(seconds=st.sampled_from((130, 300, 900)))
    def skip_pulses(self, seconds: int) -> None:
        """EventBridge Scheduler invokes nothing for a while."""
        self._count("silences")
        self.world.production.fall_silent(seconds)
        if seconds >= 300:
            self._disturb_canaries("silent")

    @precondition(lambda self: self.commands and self.world.ports.schedules.started)
    @rule(number=which)
    def remove_schedule(self, number: int) -> None:
        """Somebody removes the schedule of a pulse."""
        self._command()
        self._disturb_canaries("silent")
        del self.world.ports.schedules.started[self._pick(sorted(self.world.ports.schedules.started), number)]

    def _disturb_canaries(self, how: str) -> None:
        for service in self.world.names:  # Also one whose canary begins meanwhile.
            self.world.watchman.disturb(service, how)

    # --- functions and events -----------------------------------------------------------------------------

    @precondition(lambda self: self.world.runs.invocations)
    @rule(number=which, trouble=troubles)
    def perform(self, number: int, trouble: Trouble | None) -> None:
        """A function runs, pauses, or is killed."""
        trouble = self._trouble(trouble)
        self.world.perform(self._pick(self.world.runs.invocations, number), trouble)

    @precondition(lambda self: self.world.paused)
    @rule(number=which)
    def resume(self, number: int) -> None:
        """A function that stood still goes on."""
        self.world.resume(self._pick(self.world.paused, number))

    @precondition(lambda self: self.world.runs.due())
    @rule(number=which)
    def fire(self, number: int) -> None:
        """A timer goes off."""
        self.world.catch_up()
        if self.world.runs.due():
            self.world.runs.fire(self._pick(self.world.runs.due(), number))

    @precondition(lambda self: self.world.queue.waiting)
    @rule(number=which, trouble=troubles)
    def deliver(self, number: int, trouble: Trouble | None) -> None:
        """An event is delivered."""
        trouble = self._trouble(trouble)
        self.world.deliver(self._pick(self.world.queue.waiting, number), trouble)

    @precondition(lambda self: self.world.queue.waiting)
    @rule(number=which)
    def deliver_twice(self, number: int) -> None:
        """An event is delivered, and will be again."""
        self._count("doubled")
        self.world.deliver(self._pick(self.world.queue.waiting, number), keep=True)

    @precondition(lambda self: self.world.queue.waiting)
    @rule(number=which)
    def lose(self, number: int) -> None:
        """An event is lost."""
        self._count("lost")
        self.world.lose(self._pick(self.world.queue.waiting, number))

    @rule(steps=st.sampled_from((1, 3, 8, 15, 25, 40)))
    def flow(self, steps: int) -> None:
        """For a while everything goes its way, the oldest first; nobody approves anything."""
        self._flow(steps, approving=False)

    @rule(steps=st.sampled_from((10, 20, 40, 60)))
    def flow_approved(self, steps: int) -> None:
        """The same, and whoever is asked approves."""
        self._flow(steps, approving=True)

    @precondition(lambda self: not self.world.ports.canaries.active())
    @rule(more=st.sampled_from((0, 5, 15, 25)))
    def flow_to_canary(self, more: int) -> None:
        """The same until something is judged, and a little further."""
        self._flow(MOST_FLOW, approving=True, until=lambda: bool(self.world.ports.canaries.active()))
        self._flow(more, approving=True)

    def _flow(self, steps: int, *, approving: bool, until: Callable[[], bool] = lambda: False) -> None:
        for _ in range(steps):
            requests = self.world.open_requests() if approving else []
            if until() or (not self._flow_once() and not requests):
                return
            for link, approval in requests[:1]:
                self._count("decisions")
                self.world.decide(link, approval, yes=True)

    def _flow_once(self) -> bool:
        world = self.world
        if world.runs.invocations:
            world.perform(world.runs.invocations[0])
        elif world.queue.waiting:
            world.deliver(world.queue.waiting[0])
        elif world.ports.services._in_flight():
            world.go_on(world.ports.services._in_flight()[0])
        elif world.scanning():
            world.finish_scan(world.scanning()[0])
        elif world.ports.tasks._going():
            world.end_task(world.ports.tasks._going()[0].arn)
        else:
            return world.await_pulse()
        return True

    @rule(trouble=troubles)
    def sweep(self, trouble: Trouble | None) -> None:
        """The sweep runs."""
        self.world.sweep(self._trouble(trouble))

    # --- people -------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.open_requests())
    @rule(number=which, yes=st.sampled_from((True, True, True, False)), trouble=troubles)
    def decide(self, number: int, yes: bool, trouble: Trouble | None) -> None:
        """The approver decides."""
        self._count("decisions")
        link, approval = self._pick(self.world.open_requests(), number)
        self.world.decide(link, approval, yes=yes, trouble=self._trouble(trouble))

    @precondition(lambda self: self.aborts and self._roots())
    @rule(number=which)
    def abort(self, number: int) -> None:
        """Somebody stops an execution in the console."""
        self._count("aborted")
        self.aborts -= 1
        self.world.abort(self._pick(self._roots(), number))

    @precondition(lambda self: self.aborts and self._judged())
    @rule(told=st.booleans())
    def abort_canary(self, told: bool) -> None:
        """Somebody stops an execution while its image is being judged; the event of it may be lost."""
        self._count("aborted")
        self.aborts -= 1
        self.world.abort(self.world.runs.executions[self._judged()[0].root])
        if not told:
            self.world.lose(self.world.queue.waiting[-1])

    @precondition(lambda self: self.commands and self._judged())
    @rule()
    def roll_back_canary(self) -> None:
        """An operator rolls back where an image is being judged."""
        canary = self._judged()[0]
        self.roll_back((canary.service, canary.environment))

    @precondition(lambda self: self.commands and self._releases())
    @rule(number=which, action=st.sampled_from(("cancel", "retry", "promote")))
    def operate(self, number: int, action: str) -> None:
        """An operator asks for something of a release."""
        self._command()
        release = self._pick(self._releases(), number)
        self.world.watchman.disturb(release.service, f"cancel {release.id}" if action == "cancel" else action)
        reason = {"reason": "A test."} if action == "cancel" else {}
        self.world.command("operate", action=action, release=release.id, **reason)

    @precondition(lambda self: self.commands)
    @rule(place=st.sampled_from(PLACES), action=st.sampled_from(("freeze", "thaw")))
    def freeze(self, place: tuple[str, str], action: str) -> None:
        """An operator freezes an environment, or thaws it."""
        self._command()
        self.world.command("operate", action=action, service=place[0], environment=place[1], reason="A test.")

    @precondition(lambda self: self.commands)
    @rule(place=st.sampled_from(PLACES))
    def roll_back(self, place: tuple[str, str]) -> None:
        """An operator rolls back what runs."""
        self._command()
        self.world.watchman.disturb(place[0], "rollback")
        self.world.command("rollback", service=place[0], environment=place[1], reason="A test.")

    @precondition(lambda self: self.commands and self._releases())
    @rule(number=which, place=st.sampled_from(("dev", "prod")))
    def deploy(self, number: int, place: str) -> None:
        """An operator deploys a release to one environment by hand."""
        self._command()
        release = self._pick(self._releases(), number)
        self.world.watchman.disturb(release.service, "deploy")
        self.world.command("deploy", release=release.id, environment=place)

    @precondition(lambda self: self.commands and self.world.ports.quarantine.held)
    @rule(number=which)
    def lift(self, number: int) -> None:
        """An operator takes a digest out of quarantine."""
        self._command()
        service, digest = self._pick(sorted(self.world.ports.quarantine.held), number)
        named: dict[str, Any] = {"service": service, "digest": digest, "reason": "A test."}
        self.world.command("operate", action="lift_quarantine", **named)

    @precondition(lambda self: not self.upgraded)
    @rule()
    def upgrade(self) -> None:
        """Tidegate is upgraded: what has begun goes on as it was, what begins is new."""
        self._count("upgrades")
        self.upgraded = True
        self.world.runs.definitions = dict(today())
        self.world.adopt(self.strategies)

    # --- what must hold -----------------------------------------------------------------------------------

    @invariant()
    def watch(self) -> None:
        """Look at what must hold at every moment."""
        if hasattr(self, "world"):
            self._count("steps")
            self._count("steps beside canaries", bool(self.world.ports.canaries.active()))
            self.world.watchman.check()

    def teardown(self) -> None:
        """Leave the world in peace, and look whether it is as it must be."""
        if not hasattr(self, "world"):
            return
        try:
            if self.world.failed:
                return  # What comes after would only hide it.
            settle(self.world)
            wrong = list(violations(self.world))
        finally:
            for paused in self.world.paused:
                paused.call.kill()
        self._count("requests", len(self.world.ports.approvals.stored))
        for release in self.world.ports.releases.stored.values():
            self._count(f"{release.trigger} {release.outcome}")
        self._count("executions", len(self.world.runs.executions))
        self._count("changes of services", self.world.watchman.changes)
        self._count("pulses", self.world.production.pulses)
        self._count("pauses expired", self.world.ports.services._expired.total())
        for how, number in self.world.traffic_watch.answers.items():
            self._count(f"pauses {how}", number)
        for each in self.world.traffic_watch.canaries.values():
            if each.strategy == "canary":
                self._count("canaries")
                self._count("promoted" if each.promoted else "returned")
                self._count("returned for harm", each.evidence == "judge")
            else:
                self._count("bakes")
                self._count("bakes returned", each.decision in LEAVING)
                self._count("bakes returned for harm", each.evidence == "judge")
        if wrong:
            raise Violation("\n".join(wrong))

    # --- choosing -----------------------------------------------------------------------------------------

    def _trouble(self, trouble: Trouble | None) -> Trouble | None:
        """So much trouble that retries suffice, and no more."""
        if trouble is None or (trouble.what != "pause" and self.troubles >= 3):
            return None
        self.troubles += trouble.what != "pause"
        self._count({"pause": "paused", "throttle": "throttled"}.get(trouble.what, "killed"))
        return trouble

    def _command(self) -> None:
        self.commands -= 1
        self._count("commands")

    def _roots(self) -> list[Any]:
        every = self.world.runs.executions.values()
        return [each for each in every if each.running and each.machine in ("normal_deployment", "deploy")]

    def _judged(self) -> list[Canary]:
        """The canaries whose execution runs, those with traffic first."""
        found = [
            each
            for each in self.world.ports.canaries.active()
            if self.world.runs.executions[each.root].running and each.phase != "withdrawn"
        ]
        return sorted(found, key=lambda each: each.step, reverse=True)

    def _releases(self) -> list[Any]:
        stored = self.world.ports.releases.stored
        return [stored[name] for name in sorted(stored)]

    def _count(self, what: str, number: int = 1) -> None:
        type(self).counted[what] += number

    @staticmethod
    def _pick(items: Any, number: int) -> Any:
        return items[number % len(items)]
