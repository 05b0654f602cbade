"""What must never happen to the traffic of production, whoever changes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from tests.schedules.canary_ecs import SUFFIX
from tests.schedules.machine_run import Execution
from tests.schedules.production import PROD
from tests.schedules.strategies import groups_of, rules_of
from tests.schedules.watchman import Violation
from tidegate.domain.canary import Canary
from tidegate.steps.withdrawing import SETTLING

if TYPE_CHECKING:
    from tests.schedules.world import Place, World

ENOUGH = 2
"""One pulse may have looked before; the next one does what nobody else is left to do."""


class TrafficWatch:
    """Looks at every change of weights and of a canary's tasks before it is made."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._taken_at: dict[str, datetime] = {}
        self._ignored: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.canaries: dict[str, Canary] = {}

    def before_weights(self, rule: str, weights: Mapping[str, int]) -> None:
        """A listener rule is about to be changed."""
        self._world.ports.metrics._fill()
        (service,) = (name for name in self._world.names if rule in rules_of(name))
        canary_group = groups_of(service)[1]
        share, before = weights.get(canary_group, 0), self._world.ports.listener_rules.rules[rule]
        if not share:
            if before.share(canary_group):
                self._taken_at[service] = self._world.clock.at
            return
        self._owned(service, f"gives {share} of its traffic to the canary")
        canary = self._world.production.canary(service)
        if canary is None or not canary.running:
            raise Violation(f"{service} gives {share} of its traffic to a canary without tasks: {canary}")
        stable = self._world.ports.services.described[PROD, service]
        if not stable.settled:
            raise Violation(f"{service} gives {share} to a canary during {stable.deployments}")
        digests = self._world.digests_of(canary.task_definition)
        if (digests, stable.task_definition) not in self._world.watchman.consent[service]:
            raise Violation(f"nobody approved that {service} gives traffic to {sorted(digests)}")

    def before_resize(self, place: Place, desired: int, task_definition: str) -> None:
        """The canary service of a place is about to want more tasks, or fewer, or others."""
        cluster, name = place
        service, state = name.removesuffix(SUFFIX), self._world.ports.services.described[place]
        share = self._world.production.share(service)
        if share and (desired < state.desired or task_definition != state.task_definition):
            raise Violation(f"{name} in {cluster} loses tasks while it has {share} % of the traffic")
        taken = self._taken_at.get(service)
        if desired < state.desired and taken is not None and self._world.clock.at < taken + SETTLING:
            raise Violation(f"{name} in {cluster} loses tasks as soon as its traffic: {taken}")
        if desired:
            self._owned(service, f"gives the canary {desired} tasks")

    def before_deploy(self, service: str, task_definition: str) -> None:
        """The stable service is about to be deployed."""
        share, canary = self._world.production.share(service), self._world.production.canary(service)
        if share and (canary is None or canary.task_definition != task_definition):
            raise Violation(
                f"{service} is deployed as {task_definition} while {share} % go to the canary {canary}"
            )

    def before_answer(self, place: Place, go_on: bool) -> None:
        """A pause is about to be answered: only what passed its checks gets the traffic, and is approved."""
        cluster, service = place
        self.answers["continued" if go_on else "given up"] += 1
        self._owned(service, f"answers the pause ({go_on})")
        if not go_on:
            return
        green, *others = self._world.ports.services.described[place].deployments
        digests = self._world.digests_of(green.task_definition)
        if any(self._world.images[digest].nature in ("failing", "unfit") for digest in digests):
            raise Violation(f"{service} in {cluster} gets its traffic, though its checks fail: {digests}")
        blue = {each.task_definition for each in others}
        if not {(digests, each) for each in blue} & self._world.watchman.consent[service]:
            raise Violation(f"nobody approved that {service} is switched to {sorted(digests)}")

    def before_release(self, service: str, task_definition: str, release: str) -> None:
        """The stable service is about to get a new version: one that is harmful only if nobody judged it."""
        if self._world.production.harmful_in(task_definition) is None:
            return
        runs = self._world.ports.services.described[PROD, service].task_definition
        done = self._world.watchman.disturbed[service]
        if self._world.production.strategies[service] == "blue_green":
            return  # It is judged when it has the traffic.
        if not self._world.is_judged(self._world.ports.releases.stored[release]):
            self._world.watchman.disturb(service, "unjudged")
        elif "unmeasured" in done or self._world.production.harmful_in(runs):
            self._world.watchman.disturb(service, "accepted")
        else:
            raise Violation(f"{service} gets {task_definition}, of which was measured that it is harmful")

    def pulsed(self, service: str) -> None:
        """A pulse has ended well: if nobody else is left to take a canary back, it has begun to do so."""
        if self._is_left(service) and self.is_forgotten(service):
            self._ignored[service] += 1
        else:
            self._ignored[service] = 0
        if self._ignored[service] >= ENOUGH:
            raise Violation(
                f"{ENOUGH} pulses left what is judged of {service} alone, though nobody works on it"
            )

    def _is_left(self, service: str) -> bool:
        """Whether a canary has traffic, or ECS goes on with a deployment that is judged."""
        newest = self._world.ports.services._newest((PROD, service))
        canary = self._world.ports.canaries.stored.get((service, PROD))
        switches = canary is not None and canary.strategy == "blue_green" and canary.phase != "ended"
        goes_on = newest is not None and newest.status in ("PENDING", "IN_PROGRESS")
        return self._world.production.share(service) > 0 or (switches and goes_on)

    def is_forgotten(self, service: str) -> bool:
        """Whether nobody is left to take back what is being judged."""
        canary = self._world.ports.canaries.stored.get((service, PROD))
        lock = self._world.ports.locks.held.get((service, PROD))
        runs = self._world.runs.executions
        works = [runs[each] for each in (canary and canary.root, lock and lock.owner) if each]
        return not any(each.running for each in works)

    def restored(self, execution: Execution) -> None:
        """A restore has ended: when it says that production is what it was, nobody else has traffic."""
        service, output = str(execution.input.get("service")), execution.output or {}
        if execution.input.get("environment") != PROD or output.get("outcome") != "rolled_back":
            return
        if self._world.production.share(service):
            raise Violation(f"{execution.arn} has restored {service}, whose canary still has traffic")

    def check(self) -> None:
        """Note every canary that there is."""
        for canary in self._world.ports.canaries.stored.values():
            self.canaries[canary.id] = canary

    def _owned(self, service: str, what: str) -> None:
        call = self._world.workers.current
        if call is None:
            raise Violation(f"nobody {what} of {service}")
        canary = self._world.ports.canaries.stored.get((service, PROD))
        lock = self._world.ports.locks.held.get((service, PROD))
        root = call.payload.get("root") or (canary.root if canary else None)
        if lock is None or lock.owner != root:
            raise Violation(f"{call.function} of {root} {what} of {service}, whose lock has {lock}")
