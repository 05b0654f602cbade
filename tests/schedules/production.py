"""What stands around the services in production: listener rules, targets, figures, scaling, the pulse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from tests.schedules.canary_ecs import SUFFIX
from tests.schedules.strategies import SCALING, groups_of, rules_of
from tests.schedules.traffic import HARMFUL, HARMLESS, Measured, Meter
from tests.schedules.workloads import Image
from tidegate.domain.bake import ERRORS, REQUESTS, figures_of_group
from tidegate.domain.figures import figures_of
from tidegate.domain.strategy import BlueGreenSettings, CanarySettings, Strategy
from tidegate.domain.traffic import ListenerRule, weights_for
from tidegate.domain.workload import ServiceState

if TYPE_CHECKING:
    from tests.schedules.world import World

PROD = "prod"
EVERY = timedelta(seconds=60)
"""The rate of the schedule that invokes the pulse."""
MANY = 5
"""So many lost pulses, others late, may be a silence in which nobody judges."""


class Production:
    """One for each world; ``lost`` counts a service's pulses that were lost, ``pulses`` all that came."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._due: dict[str, datetime] = {}
        self.silent_until: datetime | None = None
        self.strategies: dict[str, str] = {}
        self.lost: Counter[str] = Counter()
        self.pulses = 0

    def install(self, strategies: Mapping[str, Strategy]) -> None:
        """Let every service stand behind its rules, scale, and be measured as its strategy wants it."""
        ports = self._world.ports
        for service in strategies:
            for rule in rules_of(service):
                weights = weights_for(0, *groups_of(service))
                ports.listener_rules.rules.setdefault(rule, ListenerRule(rule, weights))
            ports.scaling.scaled.setdefault((PROD, service), SCALING)
        ports.metrics._connect(lambda: self._world.clock.at, self._meters(strategies))

    def _meters(self, strategies: Mapping[str, Strategy]) -> list[Meter]:
        found = []
        for service, strategy in sorted(strategies.items()):
            self.strategies[service] = strategy.name
            if isinstance(strategy, BlueGreenSettings):
                for index, group in enumerate(strategy.target_groups):
                    by_id = {query.id: query for query in figures_of_group(strategy, group).queries}
                    stands = partial(self._stands_in, service, index)
                    found.append(Meter(by_id[REQUESTS], by_id[ERRORS], stands))
            if isinstance(strategy, CanarySettings):
                queries = {query.id: query for query in figures_of(strategy).queries}
                for side in ("canary", "stable"):
                    requests, bad = queries[f"{side}_requests"], queries[f"{side}_bad_0"]
                    found.append(Meter(requests, bad, partial(self._stands, service, side)))
        return found

    def _stands(self, service: str, side: str) -> Measured:
        share = self.share(service) / 100
        if side == "stable":
            return Measured(1 - share, self._rate(self._world.ports.services.described[PROD, service]))
        canary = self.canary(service)
        if canary is None or not canary.running:
            return Measured(0, 0)
        return Measured(share, self._rate(canary))

    def _stands_in(self, service: str, index: int) -> Measured:
        """One of the two target groups of a blue/green deployment."""
        if not self.tasks(groups_of(service)[index]):
            return Measured(0, 0)
        rule = self._world.ports.listener_rules.rules[rules_of(service)[0]]
        return Measured(rule.share(groups_of(service)[index]) / 100, self._rate_in(service, index))

    def _rate_in(self, service: str, index: int) -> float:
        services, place = self._world.ports.services, (PROD, service)
        live = services._live.get(place, 0)
        here = [
            each
            for each in services.described[place].deployments
            if services._registered.get(each.id, live) == index
        ]
        return max((self._rate_of(each.task_definition) for each in here), default=0.0)

    def _rate(self, state: ServiceState) -> float:
        """The share of bad answers, over all tasks of a service."""
        tasks = {each.id: each.running for each in state.deployments}
        rates = {each.id: self._rate_of(each.task_definition) for each in state.deployments}
        return sum(tasks[name] * rates[name] for name in tasks) / max(1, sum(tasks.values()))

    def _rate_of(self, task_definition: str) -> float:
        return HARMFUL if self.harmful_in(task_definition) else HARMLESS

    # --- looking ------------------------------------------------------------------------------------------

    def canary(self, service: str) -> ServiceState | None:
        """The ECS service beside a stable one."""
        return self._world.ports.services.described.get((PROD, service + SUFFIX))

    def share(self, service: str) -> float:
        """The largest share that a listener rule gives to a canary, in percent."""
        if self.strategies[service] == "blue_green":
            return 0.0
        rules = self._world.ports.listener_rules.rules
        return max(rules[rule].share(groups_of(service)[1]) for rule in rules_of(service))

    def tasks(self, group: str) -> int:
        """How many tasks are registered in a target group."""
        for service in self._world.names:
            if group in groups_of(service):
                index = groups_of(service).index(group)
                beside = self.canary(service) if index else None
                own = self._world.ports.services._tasks_in((PROD, service), index)
                return own + (beside.running if beside else 0)
        raise AssertionError(f"there is no target group {group}")

    def harmful_in(self, task_definition: str) -> Image | None:
        """A harmful image of a task definition."""
        digests = sorted(self._world.digests_of(task_definition))
        images = [self._world.images[digest] for digest in digests]
        return next((image for image in images if image.nature == "harmful"), None)

    def lead(self, rule: str, index: int) -> None:
        """Let a rule give all of its traffic to one of the two groups of its service, as ECS does."""
        self._world.ports.metrics._fill()
        (service,) = (name for name in self._world.names if rule in rules_of(name))
        groups = groups_of(service)
        weights = {groups[index]: 100, groups[1 - index]: 0}
        self._world.ports.listener_rules.rules[rule] = ListenerRule(rule, weights)

    def is_before_switch(self, service: str) -> bool:
        """Whether what is being deployed has tasks, but no traffic yet."""
        newest = self._world.ports.services._newest((PROD, service))
        return newest is not None and newest.in_flight and newest.production_weight == 0.0

    def harmful_canary(self, service: str) -> Image | None:
        """A harmful image that gets requests as a canary."""
        canary = self.canary(service)
        if canary is None or not canary.running or self.share(service) == 0:
            return None
        return self.harmful_in(canary.task_definition)

    # --- the pulse ----------------------------------------------------------------------------------------

    def next_pulse(self) -> datetime | None:
        """When the next schedule invokes the pulse; None while there is none."""
        self._notice()
        return min(self._due.values(), default=None)

    def is_due(self) -> bool:
        """Whether a schedule is to invoke the pulse now."""
        due = self.next_pulse()
        return due is not None and due <= self._world.clock.at

    def beat(self) -> None:
        """Let every schedule that is due invoke the pulse: its events wait to be delivered."""
        self._notice()
        now = self._world.clock.at
        for name in sorted(name for name, due in self._due.items() if due <= now):
            self._due[name] = now + EVERY
            if self.silent_until is None or now >= self.silent_until:
                self._world.queue.pulse(self._world.ports.schedules.started[name], now)

    def fall_silent(self, seconds: float) -> None:
        """Let EventBridge Scheduler invoke nothing for a while."""
        self.silent_until = self._world.clock.at + timedelta(seconds=seconds)

    def _notice(self) -> None:
        started = self._world.ports.schedules.started
        for name in [name for name in self._due if name not in started]:
            del self._due[name]
        for name in started:
            self._due.setdefault(name, self._world.clock.at + EVERY)
