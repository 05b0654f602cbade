"""A deployment that the certificate shortens: the schedule follows the verdicts, run by run."""

from dataclasses import dataclass

import numpy as np

from bench.judge_scenarios.families import STEP_MINUTES, STEPS
from bench.judge_scenarios.noise import Array, Flags, Indexes
from bench.judge_scenarios.world import World
from tidegate.domain.judge.settings import PROFILES, JudgeSettings, ProfileName
from tidegate.domain.judge.verdict import MOUNTING, SUSPICIOUS
from tidegate.domain.judge.weighting import WINDOW_MINUTES
from tidegate.domain.judging import LATE_HARM

from .calibrating import Calibrations
from .judging import Evidence, dispersions, growth


@dataclass(frozen=True)
class Advanced:
    """How deployments ended.

    Attributes:
        completed: Minute at which the last step was certified or over, 0 for never.
        returned: Minute of the roll-back, 0 for never.
        held: Whether the deployment neither ended nor was returned within the time simulated.
    """

    completed: Indexes
    returned: Indexes
    held: Flags


def advance(world: World, found: Calibrations, name: ProfileName, late_harm: float = LATE_HARM) -> Advanced:
    """Judge deployments whose steps end when certified, or when their time is over and nothing holds them."""
    settings, profile = JudgeSettings(), PROFILES[name]
    runs = world.runs
    evidence = Evidence(profile, runs, late_harm)
    shares = np.array([0.0, *STEPS])
    step, in_step = np.ones(runs, dtype=int), np.zeros(runs, dtype=int)
    completed, returned = np.zeros(runs, dtype=int), np.zeros(runs, dtype=int)
    totals = np.zeros((2, runs))
    recent: list[Array] = []
    for minute in range(world.minutes):
        requests, errors, _ = world.draw(minute, shares[step], shares[step - 1], in_step.astype(float))
        counts = np.stack([requests[:, 0], errors[:, 0], requests[:, 1:].sum(1), errors[:, 1:].sum(1)])
        totals += counts[[0, 2]]
        recent = [*recent, counts][-WINDOW_MINUTES:]
        phi = _phi(profile.calibrated, found, counts, np.stack(recent))
        going = (completed == 0) & (returned == 0)
        if not going.any():
            break
        log_evidence = evidence.add(counts, phi, in_step == 0, np.arange(runs))
        certificate = evidence.certify(counts, phi, settings.harm)
        in_step += 1
        bad = (log_evidence >= -np.log(settings.alpha)) & (evidence.raw_errors >= settings.minimum_errors)
        returned[going & bad] = minute + 1
        enough = totals.min(axis=0) >= settings.minimum_requests
        go = going & ~bad & enough & _may_advance(evidence.mounting(log_evidence), certificate, in_step)
        completed[go & (step == len(STEPS))] = minute + 1
        step = np.where(go, np.minimum(step + 1, len(STEPS)), step)
        in_step = np.where(go, 0, in_step)
    return Advanced(completed, returned, (completed == 0) & (returned == 0))


def _may_advance(mounting: Array, certificate: Array, in_step: Indexes) -> Flags:
    """Return the runs whose step is certified, or over with nothing that holds it."""
    settings = JudgeSettings()
    early = (certificate >= -np.log(settings.beta)) & (in_step >= settings.certificate_minutes)
    over = (in_step >= STEP_MINUTES) & (mounting < np.exp(MOUNTING))
    result: Flags = (early & (mounting < np.exp(SUSPICIOUS))) | over
    return result


def _phi(calibrated: bool, found: Calibrations, counts: Array, recent: Array) -> Array:  # noqa: FBT001
    if not calibrated:
        return found.total_dispersion
    errors, requests = recent[:, 3].T, recent[:, 2].T
    grown = growth(errors, requests, (recent[:, 0] + recent[:, 2]).T, found.errors_per_minute)
    return dispersions(found, counts[0] / np.maximum(counts[0] + counts[2], 1.0), grown)
