"""Cells of the benchmark: one family, one traffic, one canary; every method on the same deployments."""

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.judge_methods import peers
from bench.judge_methods.advancing import advance
from bench.judge_methods.bound import information_bound
from bench.judge_methods.calibrating import Calibrations, calibrate_runs
from bench.judge_methods.judging import detections
from bench.judge_methods.live import live_dispersions
from bench.judge_scenarios.families import BASE_RATE, STEP_MINUTES, Family
from bench.judge_scenarios.noise import Array, Indexes
from bench.judge_scenarios.world import MINUTES, Deployment, World, draw_deployment, draw_history
from tidegate.domain.judge import JudgeSettings, ProfileName

OURS: tuple[ProfileName, ...] = ("calibrated", "guarded", "robust", "fast")
BATCH = 250
KAYENTA_STEPPED = tuple(range(STEP_MINUTES, MINUTES + 1, STEP_MINUTES))
PEERS: dict[str, Callable[[Deployment], Indexes]] = {
    "Argo 99 %, limit 3": peers.argo,
    "ECS alarm 1 of 1": lambda data: peers.ecs_alarm(data, 1),
    "ECS alarm 3 of 3": lambda data: peers.ecs_alarm(data, 3),
    "Kayenta, each step": lambda data: peers.kayenta(data, KAYENTA_STEPPED),
    "Kayenta, at the end": lambda data: peers.kayenta(data, (MINUTES,)),
    "z-test, each minute": peers.peeking_z_test,
    "Lindon-Malek, k = 100": peers.sequential_multinomial,
}
FLAGGER = {"Flagger, threshold 5": 5, "Flagger, threshold 10": 10}


@dataclass(frozen=True)
class Outcome:
    """What one method did in one cell; minutes count 80 where nothing was found.

    Attributes:
        runs: Deployments.
        returned: Those rolled back.
        median: Median minute of the roll-back, infinite if in less than half.
        p95: Its 95 % point.
        mean: Mean minute.
        bad_requests: Mean additional bad responses until then.
    """

    runs: int
    returned: int
    median: float
    p95: float
    mean: float
    bad_requests: float

    @property
    def share(self) -> float:
        """Share of the deployments that were rolled back."""
        return self.returned / self.runs

    @property
    def upper_limit(self) -> float:
        """Upper 95 % limit of the share."""
        return upper_limit(self.returned, self.runs)


def upper_limit(count: int, runs: int, confidence: float = 0.95) -> float:
    """Return the exact one-sided upper limit of a share of which ``count`` in ``runs`` were seen."""
    low, high = count / runs, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        terms = [
            math.lgamma(runs + 1) - math.lgamma(k + 1) - math.lgamma(runs - k + 1)
            + k * math.log(middle) + (runs - k) * math.log1p(-middle)
            for k in range(count + 1)
        ] if middle < 1.0 else [-math.inf]  # fmt: skip
        low, high = (middle, high) if sum(map(math.exp, terms)) > 1.0 - confidence else (low, middle)
    return high


def generator(*words: object) -> np.random.Generator:
    """Return a generator seeded by the cell's name, so that cells do not depend on their order."""
    return np.random.default_rng(zlib.crc32(repr(words).encode()))


def calibrations(rng: np.random.Generator, family: Family, rate: float, runs: int) -> Calibrations:
    """Return a calibration from a history of its own for every run."""
    parts = [
        calibrate_runs(*draw_history(rng, family, rate, min(BATCH, runs - begin)))
        for begin in range(0, runs, BATCH)
    ]
    names = Calibrations.__dataclass_fields__
    return Calibrations(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def outcome(minutes: Indexes, harm: Array) -> Outcome:
    """Summarise the minutes of roll-backs, given the harm of every minute or that done in all."""
    seen = np.where(minutes == 0, np.inf, minutes)
    until = np.where(minutes == 0, MINUTES, minutes)
    if harm.ndim == 2:
        harm = np.cumsum(harm, axis=1)[np.arange(len(until)), until - 1]
    median, p95 = (float(np.quantile(seen, q, method="inverted_cdf")) for q in (0.5, 0.95))
    returned = int((minutes > 0).sum())
    return Outcome(len(minutes), returned, median, p95, float(until.mean()), float(harm.mean()))


def judged(
    name: str, family: Family, rate: float, runs: int, canary_rate: float = BASE_RATE, *, rivals: bool = True
) -> dict[str, Outcome]:
    """Return what every method did with a canary of some error rate."""
    rng = generator(name, family.name, rate, canary_rate)
    found = calibrations(rng, family, rate, runs)
    data = draw_deployment(World(rng, family, rate, runs, canary_rate))
    results: dict[str, Outcome] = {}
    for profile in OURS:
        results[profile] = outcome(detections(data, found, profile), data.harm)
    if family.cold_start:
        late = detections(data, found, "calibrated", warm_up=5)
        results["calibrated, 5 min warm-up"] = outcome(late, data.harm)
    if rivals:
        results |= {peer: outcome(decide(data), data.harm) for peer, decide in PEERS.items()}
        for peer, threshold in FLAGGER.items():
            minutes, harm = peers.flagger(World(rng, family, rate, runs, canary_rate), threshold)
            results[peer] = outcome(minutes, harm)
    return results


def with_live_groups(
    family: Family, rate: float, runs: int, canary_rate: float = BASE_RATE
) -> dict[str, Outcome]:
    """Return what the calibrated profiles do without and with the stable zones' figures in each period.

    The stable side consists of zones with noise of their own here, so it is calmer than the canary.
    """
    rng = generator("live", family.name, rate, canary_rate)
    found = calibrations(rng, family, rate, runs)
    data = draw_deployment(World(rng, family, rate, runs, canary_rate, zones=3))
    live = live_dispersions(data, found)
    results: dict[str, Outcome] = {}
    profiles: tuple[ProfileName, ...] = ("calibrated", "guarded")
    for profile in profiles:
        results[profile] = outcome(detections(data, found, profile), data.harm)
        results[f"{profile}, live groups"] = outcome(detections(data, found, profile, live), data.harm)
    return results


def ending(
    family: Family, rate: float, runs: int, canary_rate: float, profile: ProfileName
) -> dict[str, float]:
    """Return how a deployment ends whose steps the certificate may shorten."""
    rng = generator("ending", family.name, rate, canary_rate, profile)
    found = calibrations(rng, family, rate, runs)
    done = advance(World(rng, family, rate, runs, canary_rate, minutes=MINUTES * 3 // 2), found, profile)
    minutes = np.where(done.completed > 0, done.completed, np.inf)
    return {
        "completed": float((done.completed > 0).mean()),
        "returned": float((done.returned > 0).mean()),
        "held": float(done.held.mean()),
        "median": float(np.quantile(minutes, 0.5, method="inverted_cdf")),
        "p95": float(np.quantile(minutes, 0.95, method="inverted_cdf")),
    }


def bound(rate: float, canary_rate: float) -> dict[str, float]:
    """Return the information bound of a cell, for independent errors."""
    found = information_bound(rate, canary_rate, JudgeSettings().alpha)
    return {
        "minutes": found.minutes,
        "whole_minutes": found.whole_minutes,
        "bad_requests": found.bad_requests,
    }
