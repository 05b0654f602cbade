"""Draws histories and deployments of a family, many runs at once."""

from dataclasses import dataclass

import numpy as np

from .families import BASE_RATE, HISTORY_HOURS, STEP_MINUTES, STEPS, ZONES, Clusters, Family, RetryStorm
from .noise import Array, Episodes, Flags

MINUTES = STEP_MINUTES * len(STEPS)
HIGHEST_RATE = 0.95


def _pareto_sizes(rng: np.random.Generator, clusters: Clusters, count: int) -> Array:
    sizes: Array = np.floor((1.0 - rng.random(count)) ** (-1.0 / clusters.tail))
    capped: Array = np.clip(sizes, 1.0, float(clusters.largest))
    return capped


def _pareto_mean(clusters: Clusters) -> float:
    sizes = np.arange(1, clusters.largest + 1)
    return float(np.sum(sizes ** (-clusters.tail)))


def _clustered(rng: np.random.Generator, clusters: Clusters, mean_errors: Array) -> Array:
    """Draw bunches of errors with the given mean number of errors."""
    if not clusters.tail:
        bunches = rng.poisson(mean_errors / clusters.mean)
        more = rng.negative_binomial(np.maximum(bunches, 1), 1.0 / clusters.mean)
        return np.where(bunches > 0, bunches + more, 0).astype(float)
    counts = rng.poisson(np.ravel(mean_errors / _pareto_mean(clusters)))
    sizes = _pareto_sizes(rng, clusters, int(counts.sum()))
    owner = np.repeat(np.arange(counts.size), counts)
    totals: Array = np.bincount(owner, weights=sizes, minlength=counts.size).astype(np.float64)
    return np.reshape(totals, mean_errors.shape)


def draw_errors(rng: np.random.Generator, family: Family, requests: Array, rates: Array) -> Array:
    """Draw the errors among ``requests`` that fail at ``rates``, bunched where the family says so."""
    rates = np.minimum(rates, HIGHEST_RATE)
    if family.clusters is None:
        return rng.binomial(requests.astype(np.int64), rates).astype(float)
    return np.minimum(_clustered(rng, family.clusters, requests * rates), requests)


def _day(family: Family, minutes: Array) -> tuple[Array, Array]:
    """Return the swing of traffic and of the error rate at minutes after the deployment's beginning."""
    if family.diurnal is None:
        return np.ones_like(minutes), np.ones_like(minutes)
    angle = 2.0 * np.pi * (family.diurnal.start_hour + minutes / 60.0) / 24.0
    return 1.0 + family.diurnal.traffic * np.sin(angle), 1.0 + family.diurnal.errors * np.sin(angle)


def _storms(rng: np.random.Generator, storm: RetryStorm, shape: tuple[int, int, int]) -> tuple[Flags, Array]:
    """Return whether a storm rages (common) and its factor for each group."""
    runs, groups, minutes = shape
    rages: Flags = Episodes(storm.every_minutes, 2.0, storm.minutes).draw(rng, (runs, 1, minutes)) > 1.0
    own = np.exp(rng.normal(0.0, storm.own_spread, (runs, groups, 1)))
    return rages, np.where(rages, storm.factor * own, 1.0)


def _factors(rng: np.random.Generator, family: Family, shape: tuple[int, int, int]) -> tuple[Array, Flags]:
    """Return the factors on the error rate of each group, and where a retry storm rages."""
    runs, groups, minutes = shape
    factors = np.ones(shape)
    for noise in family.own:
        factors = factors * noise.draw(rng, (runs, groups, minutes))
    for noise in family.common:
        factors = factors * noise.draw(rng, (runs, 1, minutes))
    if family.storm is None:
        return factors, np.zeros((runs, 1, minutes), dtype=bool)
    rages, strength = _storms(rng, family.storm, shape)
    return factors * strength, rages


def _retried(
    rng: np.random.Generator, family: Family, requests: Array, errors: Array, rages: Flags
) -> tuple[Array, Array]:
    """Add the retries of a storm: half of them fail again."""
    if family.storm is None:
        return requests, errors
    retries = np.where(rages, family.storm.retries * errors, 0.0)
    return requests + retries, errors + rng.binomial(retries.astype(np.int64), 0.5)


def draw_history(
    rng: np.random.Generator, family: Family, rate: float, runs: int, hours: int = HISTORY_HOURS
) -> tuple[Array, Array]:
    """Return requests and errors of the stable zones, of shape ``(runs, zones, minutes)``."""
    family = family.history or family
    minutes = hours * 60
    traffic, swing = _day(family, np.arange(-minutes, 0.0))
    factors, rages = _factors(rng, family, (runs, ZONES, minutes))
    more = 1.0 + (family.storm.more_requests if family.storm else 0.0) * rages
    requests = rng.poisson(rate * 60.0 / ZONES * traffic * more * np.ones(factors.shape)).astype(float)
    errors = draw_errors(rng, family, requests, BASE_RATE * swing * factors)
    return _retried(rng, family, requests, errors, rages)


@dataclass
class World:
    """The noise of many deployments, from which minutes are drawn at any weight.

    Attributes:
        canary_rate: Error rate of the canary before noise; `BASE_RATE` for an equally good one.
        zones: Stable zones with noise of their own; 1 where all stable tasks share theirs.
    """

    rng: np.random.Generator
    family: Family
    rate: float
    runs: int
    canary_rate: float = BASE_RATE
    zones: int = 1
    minutes: int = MINUTES

    def __post_init__(self) -> None:
        """Draw the noise of all minutes."""
        shape = (self.runs, 1 + self.zones, self.minutes)
        self.factors, self.rages = _factors(self.rng, self.family, shape)
        clock = np.arange(float(self.minutes))
        self.traffic, swing = _day(self.family, clock)
        ramp = 1.0 + (self.family.ramp - 1.0) * np.minimum(1.0, clock / 60.0)
        self.factors *= swing * ramp

    def _warmth(self, share: Array, before: Array, age: Array) -> Array:
        """Return the factor of cold tasks: those added when the share last grew, ``age`` minutes ago."""
        cold = self.family.cold_start
        if cold is None:
            return np.ones(self.runs)
        fresh = 1.0 - before / share
        return 1.0 + (cold.factor - 1.0) * fresh * 0.5 ** (age / cold.halving_minutes)

    def draw(self, minute: int, share: Array, before: Array, age: Array) -> tuple[Array, Array, Array]:
        """Return requests and errors ``(runs, 1 + zones)`` of canary and zones, and the expected harm.

        Args:
            minute: Minute of the deployment.
            share: Share of the canary in each run.
            before: Share in the step before.
            age: Minutes since the share last grew.
        """
        total = self.rate * 60.0 * self.family.traffic_growth * self.traffic[minute]
        storm = self.family.storm
        if storm is not None:
            total = total * (1.0 + storm.more_requests * self.rages[:, :, minute])
        shares = np.concatenate(
            [share[:, None], np.repeat((1.0 - share[:, None]) / self.zones, self.zones, axis=1)], axis=1
        )
        requests = self.rng.poisson(total * shares).astype(float)
        factors = self.factors[:, :, minute].copy()
        factors[:, 0] *= self._warmth(share, before, age)
        rates = np.full(1 + self.zones, BASE_RATE)
        rates[0] = self.canary_rate
        errors = draw_errors(self.rng, self.family, requests, rates * factors)
        harm = requests[:, 0] * (
            np.minimum(HIGHEST_RATE, self.canary_rate * factors[:, 0])
            - np.minimum(HIGHEST_RATE, BASE_RATE * factors[:, 0])
        )
        requests, errors = _retried(self.rng, self.family, requests, errors, self.rages[:, :, minute])
        return requests, errors, harm


@dataclass(frozen=True)
class Deployment:
    """Many runs of one fixed schedule; arrays ``(runs, minutes)``, of zones ``(runs, zones, minutes)``."""

    canary_requests: Array
    canary_errors: Array
    zone_requests: Array
    zone_errors: Array
    harm: Array
    rate: float

    @property
    def stable_requests(self) -> Array:
        """Requests of all zones."""
        total: Array = self.zone_requests.sum(axis=1)
        return total

    @property
    def stable_errors(self) -> Array:
        """Errors of all zones."""
        total: Array = self.zone_errors.sum(axis=1)
        return total


def draw_deployment(world: World) -> Deployment:
    """Return the deployments of a world in which every step lasts its whole time."""
    parts = []
    for minute in range(world.minutes):
        step = minute // STEP_MINUTES
        share = np.full(world.runs, STEPS[step])
        before = np.full(world.runs, STEPS[step - 1] if step else 0.0)
        parts.append(world.draw(minute, share, before, np.full(world.runs, float(minute % STEP_MINUTES))))
    requests, errors = (np.stack([part[i] for part in parts], axis=-1) for i in (0, 1))
    harm = np.stack([part[2] for part in parts], axis=-1)
    return Deployment(requests[:, 0], errors[:, 0], requests[:, 1:], errors[:, 1:], harm, world.rate)
