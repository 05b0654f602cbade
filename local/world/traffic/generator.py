"""The simulated users of a service."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.world.ecs.engine import Ecs
from local.world.ecs.model import Service
from local.world.ecs.task_model import Task
from local.world.elb import routing, wiring
from local.world.elb.targets import Targets
from local.world.metrics.balancers import BalancerMetrics
from local.world.traffic.clients import VISIT, Clients, Sticky
from local.world.traffic.latency import MEDIAN_SECONDS, response_times
from local.world.traffic.sampling import binomial, poisson, spread
from local.world.world import World

TICK = 0.1


@dataclass
class Tally:
    """Requests and what became of them."""

    requests: int = 0
    bad_requests: int = 0
    slow_requests: int = 0

    def shown(self) -> dict[str, int]:
        """As JSON."""
        return dict(vars(self))


@dataclass(eq=False)
class Users:
    """The users of one service, and what they have seen so far.

    `sticky_share` is the share of the requests that come from `clients`, who keep the cookies they are given.
    """

    service: Service
    rate: float
    clients: Clients
    sticky_share: float = 1.0
    versions: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    lost: int = 0
    running: bool = True
    recent: dict[Task, float] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """What GET tells: a lost request got no answer from any version."""
        answered = sum(each.requests for each in self.versions.values())
        bad = sum(each.bad_requests for each in self.versions.values())
        return {
            "service": f"{self.service.cluster_name}/{self.service.name}",
            "requests_per_second": self.rate if self.running else 0,
            "requests": answered + self.lost,
            "bad_requests": bad,
            "lost_requests": self.lost,
            "failed_requests": bad + self.lost,
            "sticky_clients": dict(self.clients.bound),
            "versions": {digest: tally.shown() for digest, tally in self.versions.items()},
        }


class Traffic:
    """Generates the requests of all users, a tenth of a second at a time."""

    def __init__(self, world: World, ecs: Ecs, targets: Targets, metrics: BalancerMetrics) -> None:
        self._world = world
        self._ecs = ecs
        self._targets = targets
        self._metrics = metrics
        self._users: dict[Service, Users] = {}
        self._ticked_at: float | None = None
        ecs.runner.on_change(self._task_changed)

    def put(
        self,
        service: Service,
        rate: float,
        *,
        sticky_share: float | None = None,
        clients: int | None = None,
        visit_seconds: float | None = None,
    ) -> Users:
        """Set how many requests a second a service gets, and from whom; the counts go on."""
        crowd = Clients(visit_seconds=self._world.scaled(VISIT))
        users = self._users.setdefault(service, Users(service, rate, crowd))
        users.rate, users.running = rate, rate > 0
        users.sticky_share = users.sticky_share if sticky_share is None else sticky_share
        users.clients.number = clients or users.clients.number
        users.clients.visit_seconds = visit_seconds or users.clients.visit_seconds
        if self._ticked_at is None:
            self._ticked_at = self._world.now()
            self._world.later(TICK, self._tick)
        return users

    def get(self, service: Service) -> Users | None:
        """The users of a service, None where there never were any."""
        return self._users.get(service)

    def delete(self, service: Service) -> None:
        """Send the users of a service away and forget their counts."""
        self._users.pop(service, None)

    def _tick(self) -> None:
        active = [users for users in self._users.values() if users.running]
        now = self._world.now()
        passed = now - (self._ticked_at or now)
        for users in active:
            self._requests(users, poisson(self._world.random, users.rate * passed), passed)
        self._ticked_at = now if active else None
        if active:
            self._world.later(TICK, self._tick)

    def _requests(self, users: Users, number: int, passed: float) -> None:
        users.recent = {}
        if not users.service.load_balancers:
            tasks = [task for task in users.service.tasks if task.wanted and task.alive]
            self._to_tasks(users, tasks, number, None)
            return
        route = production_route(users.service)
        if route is None or not sum(route.weights.values()):
            users.lost += number
            return
        for group, share in self._by_group(users, number, route, passed).items():
            targets = routing.serving(self._targets, group)
            place = (route, group)
            self._to_tasks(users, [target.task for target in targets], share, place)

    def _by_group(self, users: Users, number: int, route: wiring.Route, passed: float) -> dict[str, int]:
        """Share requests out: by the weights, or by the cookies that clients have of a sticky rule."""
        chance, seconds, now = self._world.random, route.sticky_seconds, self._world.now()
        if not seconds:
            users.clients.wait(now)
            return spread(chance, number, route.weights)
        theirs = binomial(chance, number, users.sticky_share)
        pace = users.rate * users.sticky_share / users.clients.number
        sticky = Sticky(seconds, now, passed, pace)
        found = users.clients.requests(chance, theirs, route.weights, sticky)
        others = spread(chance, number - theirs, route.weights)
        return {group: found[group] + others[group] for group in route.weights}

    def _to_tasks(
        self, users: Users, tasks: list[Task], number: int, place: tuple[wiring.Route, str] | None
    ) -> None:
        if not tasks:
            users.lost += number
            if place and number:
                self._metrics.unanswered(users.service.place, place[0], None, number)
            return
        by_id = {task.id: task for task in tasks}
        for name, share in spread(self._world.random, number, dict.fromkeys(by_id, 1)).items():
            self._to_task(users, by_id[name], share, place)

    def _to_task(self, users: Users, task: Task, number: int, place: tuple[wiring.Route, str] | None) -> None:
        users.recent[task] = number / TICK
        if not routing.ready(task, self._world.now()):
            users.lost += number
            if place and number:
                self._metrics.unanswered(users.service.place, *place, number)
            return
        behaviour = task.main_container.behaviour
        bad = binomial(self._world.random, number, behaviour.error_rate)
        slow = binomial(self._world.random, number, behaviour.slow_share)
        tally = users.versions[task.main_container.digest or "unknown"]
        tally.requests += number
        tally.bad_requests += bad
        tally.slow_requests += slow
        if place and number:
            times = response_times(self._world.random, number - slow, slow)
            zone = task.availability_zone
            self._metrics.answered(users.service.place, *place, number - bad, bad, times, zone=zone)

    def _task_changed(self, task: Task) -> None:
        """Requests in flight are lost where a task gets SIGTERM at once and does not finish them."""
        if task.last_status != "STOPPING" or task.main_container.behaviour.stops_gracefully:
            return
        for users in self._users.values():
            rate = users.recent.pop(task, 0.0)
            users.lost += poisson(self._world.random, rate * MEDIAN_SECONDS)


def production_route(service: Service) -> wiring.Route | None:
    """The rule through which the users of a service come: the production rule, else the first."""
    for balancer in service.load_balancers:
        arn = balancer.get("targetGroupArn")
        if not arn:
            continue
        advanced: Mapping[str, Any] = balancer.get("advancedConfiguration") or {}
        production = advanced.get("productionListenerRule")
        found = wiring.routes(service.place) if production else iter(wiring.routes_to(service.place, arn))
        for route in found:
            if production in {None, route.rule.arn, route.listener.arn}:
                return route
    return None
