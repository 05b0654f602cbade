"""Harm that begins after clean minutes: how long it lasts, with and without the tests of late harm."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from bench.judge_methods.calibrating import Calibrations
from bench.judge_methods.judging import detections
from bench.judge_scenarios.families import BASE_RATE, INDEPENDENT
from bench.judge_scenarios.world import Deployment
from tidegate.domain.judge import ProfileName
from tidegate.domain.judging import LATE_HARM

from .cells import calibrations, generator
from .tables import table

FORMS = {"without": 0.0, "with": LATE_HARM}  # share of the tests of late harm
PROFILES: tuple[ProfileName, ...] = ("fast", "calibrated", "robust")
CLEAN_MINUTES = (0, 5, 20, 60)
CANARY_RATES = (0.01, 0.05, 0.5, 1.0)
SHARE = 0.05  # of the canary, in one long step
LONGEST = 60  # minutes of harm that are simulated


@dataclass(frozen=True)
class Delay:
    """What one form of the judge did with harm that began late.

    Attributes:
        mean: Mean minutes of harm until the canary was returned, `LONGEST` where it was not.
        median: Their median.
        found: Share of the canaries that were returned within `LONGEST` minutes of harm.
        early: Share that was returned while it was still clean; not counted above.
    """

    mean: float
    median: float
    found: float
    early: float


def deployment(
    rng: np.random.Generator, rate: float, runs: int, clean: int, canary_rate: float
) -> Deployment:
    """Draw deployments with independent errors whose canary turns bad after ``clean`` minutes."""
    minutes = clean + LONGEST
    requests = rng.poisson(rate * 60.0 * np.array([SHARE, 1.0 - SHARE])[:, None], (runs, 2, minutes))
    rates = np.full((2, minutes), BASE_RATE)
    rates[0, clean:] = canary_rate
    errors = rng.binomial(requests, rates).astype(float)
    counts = requests.astype(float)
    none = np.zeros((runs, minutes))
    return Deployment(counts[:, 0], errors[:, 0], counts[:, 1:], errors[:, 1:], none, rate)


def delay(data: Deployment, found: Calibrations, profile: ProfileName, clean: int, late_harm: float) -> Delay:
    """Return how long harm lasted in ``data``."""
    minutes = detections(data, found, profile, late_harm=late_harm)
    early = (minutes > 0) & (minutes <= clean)
    late = minutes[~early]
    lasted = np.where(late == 0, LONGEST, late - clean)
    return Delay(
        float(lasted.mean()), float(np.median(lasted)), float((late > 0).mean()), float(early.mean())
    )


@cache
def _calibrated(rate: float, runs: int) -> Calibrations:
    return calibrations(generator("late", rate, runs), INDEPENDENT, rate, runs)


def delays(rate: float, runs: int, canary_rate: float, clean: int) -> dict[str, Any]:
    """Return what every profile does with and without the tests of late harm, on the same deployments."""
    found = _calibrated(rate, runs)
    data = deployment(generator("late", rate, canary_rate, clean), rate, runs, clean, canary_rate)
    methods = {
        f"{profile}, {form}": asdict(delay(data, found, profile, clean, share))
        for profile in PROFILES
        for form, share in FORMS.items()
    }
    return {"methods": methods}


def _delay(found: Mapping[str, float]) -> str:
    text = f"{found['mean']:.1f}"
    return text if found["found"] == 1.0 else f"{text} ({100 * found['found']:.0f} %)"


def late(results: Mapping[str, Any]) -> str:
    """Return the mean minutes of harm; in brackets the share that was found where it is not all."""
    cells = results["late"]
    methods = list(cells[0]["methods"])
    rows = [
        [f"{cell['rate']:g}", f"{100 * cell['canary_rate']:g} %", f"{cell['clean']}"]
        + [_delay(cell["methods"][method]) for method in methods]
        for cell in cells
    ]
    header = ["req/s", "canary errors", "clean minutes before", *methods]
    title = f"### Harm that begins late, canary at {100 * SHARE:g} %: mean minutes until it is found"
    remark = f"with and without the tests of late harm, share {LATE_HARM:g}; {LONGEST} where it is not found"
    return f"{title} ({remark})\n\n" + table(header, rows)
