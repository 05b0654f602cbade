"""The metrics of AWS/ApplicationELB, made from the requests that the simulated users send.

A metric minute lasts 60 seconds divided by the world's time scale: a datapoint that AWS would publish once
a minute appears once in ``60 / time_scale`` real seconds, with its real timestamp.
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from local.world.elb import wiring
from local.world.elb.targets import Targets
from local.world.metrics.store import Datapoint, Dimensions, Distribution, MetricStore, Place
from local.world.world import World

NAMESPACE = "AWS/ApplicationELB"
MINUTE = 60
LEAST_LAG, MOST_LAG = 60, 150
UNITS = {"TargetResponseTime": "Seconds"}

Key = tuple[Place, str, Dimensions]


def suffix(arn: str) -> str:
    """The part of an ARN that dimensions use: ``app/name/id`` or ``targetgroup/name/id``."""
    last = arn.rsplit(":", 1)[-1]
    return last.removeprefix("loadbalancer/")


def dimensions(route: wiring.Route, group: str | None, zone: str | None = None) -> list[Dimensions]:
    """The dimension sets under which something is reported.

    By load balancer, and by target group too; then both by Availability Zone, where one is known. That of the
    target is meant here. AWS does not say which it is: with cross-zone load balancing it may be that of the
    balancer's node, so the local world must not be taken as proof.
    """
    balancer = ("LoadBalancer", suffix(route.load_balancer.arn))
    sets = [frozenset({balancer})]
    if group is not None:
        sets.append(frozenset({balancer, ("TargetGroup", suffix(group))}))
    zoned = [each | {("AvailabilityZone", zone)} for each in sets] if zone is not None else []
    return [*sets, *zoned]


class BalancerMetrics:
    """Collects a metric minute at a time and publishes it when it is over.

    A count that would be 0 is not published: 5xx series have gaps. With the lag habit a datapoint becomes
    readable one to two and a half metric minutes after its minute.
    """

    def __init__(self, world: World, store: MetricStore, targets: Targets) -> None:
        self._world = world
        self._store = store
        self._targets = targets
        self._open: dict[Key, Counter[float]] = defaultdict(Counter)
        self._minute = self._begin()
        self._world.later(self._length, self._close)

    def answered(
        self,
        place: Place,
        route: wiring.Route,
        group: str,
        good: int,
        bad: int,
        times: Mapping[float, int],
        *,
        zone: str | None = None,
    ) -> None:
        """Note requests that a target answered, which is in a zone."""
        for where in dimensions(route, group, zone):
            self._count(place, "RequestCount", where, good + bad)
            self._count(place, "HTTPCode_Target_2XX_Count", where, good)
            self._count(place, "HTTPCode_Target_5XX_Count", where, bad)
            self._open[place, "TargetResponseTime", where].update(times)

    def unanswered(self, place: Place, route: wiring.Route, group: str | None, number: int) -> None:
        """Note requests that no target answered: a 502 from a broken one, a 503 for want of any."""
        code = "503" if group is None else "502"
        where = dimensions(route, None)[0]
        self._count(place, "RequestCount", where, number)
        self._count(place, "HTTPCode_ELB_5XX_Count", where, number)
        self._count(place, f"HTTPCode_ELB_{code}_Count", where, number)
        if group is not None:
            for each in dimensions(route, group):
                self._count(place, "TargetConnectionErrorCount", each, number)

    @property
    def _length(self) -> float:
        return self._world.scaled(MINUTE)

    def _begin(self) -> float:
        return self._world.now() // self._length * self._length

    def _count(self, place: Place, name: str, where: Dimensions, number: int) -> None:
        if number:
            self._open[place, name, where][1.0] += number

    def _close(self) -> None:
        finished, self._open = self._open, defaultdict(Counter)
        at, self._minute = self._minute, self._begin()
        self._world.later(self._minute + self._length - self._world.now(), self._close)
        lag = 0.0
        if self._world.settings.habits.metric_lag:
            lag = self._world.scaled(self._world.random.uniform(LEAST_LAG, MOST_LAG))
        visible = self._world.now() + lag
        self._hosts(finished)
        for (place, name, where), values in finished.items():
            found = Distribution()
            found.add(values)
            unit = UNITS.get(name, "Count")
            self._store.put((place, NAMESPACE, name, where), Datapoint(at, visible, found, unit))

    def _hosts(self, finished: dict[Key, Counter[float]]) -> None:
        for group in self._targets.groups():
            registered = [each for each in self._targets.of_group(group) if each.state != "draining"]
            if not registered:
                continue
            place = registered[0].place
            healthy = sum(each.state == "healthy" for each in registered)
            for route in wiring.routes_to(place, group)[:1]:
                where = dimensions(route, group)[1]
                finished[place, "HealthyHostCount", where][float(healthy)] += 1
                finished[place, "UnHealthyHostCount", where][float(len(registered) - healthy)] += 1
