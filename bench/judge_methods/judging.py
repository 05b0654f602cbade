"""The product's judge for many deployments at once, over numpy arrays; a test compares both."""

from dataclasses import dataclass, field

import numpy as np

from bench.judge_scenarios.families import STEP_MINUTES
from bench.judge_scenarios.noise import Array, Flags, Indexes
from bench.judge_scenarios.world import Deployment
from tidegate.domain.judge.certificate import FACTORS
from tidegate.domain.judge.late import HORIZON
from tidegate.domain.judge.likelihood import INFORMATION_CAP, PRIOR, REACH, SHIFTS, SPACING, noise_weights
from tidegate.domain.judge.settings import PROFILES, JudgeSettings, Profile, ProfileName
from tidegate.domain.judge.weighting import LARGEST_DISPERSION, WINDOW_MINUTES
from tidegate.domain.judging import LATE_HARM

from .calibrating import Calibrations

NODES = SPACING * np.arange(-REACH, REACH + SHIFTS[-1] + 1)
TINY = 5e-324


def log_ratios(profile: Profile, nc: Array, kc: Array, nb: Array, kb: Array) -> Array:
    """Return the log evidence of one block in each run, of shape ``(runs, alternatives)``."""
    result = np.zeros((len(nc), len(SHIFTS)))
    some = (kc + kb > 0) & (nc > 0) & (nb > 0)
    if not some.any():
        return result
    nc, kc, nb, kb = nc[some], kc[some], nb[some], kb[some]
    information = kc * kb / (kc + kb)
    scale = INFORMATION_CAP / np.maximum(information, INFORMATION_CAP)
    logits = np.log(nc / nb)[:, None] + NODES
    logs = -((kc + kb) * scale)[:, None] * np.log1p(np.exp(-logits)) - (kb * scale)[:, None] * logits
    likelihoods = np.exp(logs - logs.max(axis=1, keepdims=True))
    weights = np.array(noise_weights(profile.kappa, profile.epsilon))
    width = len(weights)
    shifts = (profile.tolerated_step, *SHIFTS)
    sums = np.stack([likelihoods[:, m : m + width] @ weights for m in shifts], axis=1)
    marginals = np.log(np.maximum(sums, TINY))
    result[some] = marginals[:, 1:] - marginals[:, :1] + np.log1p(-profile.epsilon)
    return result


def log_mixture(evidence: Array) -> Array:
    """Return the log of the evidence averaged over the alternatives."""
    terms = evidence + np.log(PRIOR)
    largest = terms.max(axis=1)
    result: Array = largest + np.log(np.exp(terms - largest[:, None]).sum(axis=1))
    return result


def growth(errors: Array, requests: Array, totals: Array, per_minute: Array) -> Array:
    """Return the growth of expected errors since the history, from columns of recent minutes."""
    result = np.ones(len(errors))
    for window in (slice(-WINDOW_MINUTES, None), slice(-1, None)):
        seen = requests[:, window].sum(axis=1)
        rate = errors[:, window].sum(axis=1) / np.maximum(seen, 1.0)
        now = rate * totals[:, window].mean(axis=1) / np.maximum(per_minute, TINY)
        result = np.where((seen > 0) & (per_minute > 0), np.maximum(result, now), result)
    return result


@dataclass
class Evidence:
    """Evidence on many runs, minute by minute, as the product's state holds it for one."""

    profile: Profile
    runs: int
    late_harm: float = 0.0
    closed: Array = field(init=False)
    block: Array = field(init=False)
    certificates: Array = field(init=False)
    raw_errors: Array = field(init=False)
    in_block: Indexes = field(init=False)
    closed_minutes: Indexes = field(init=False)

    def __post_init__(self) -> None:
        """Begin without evidence."""
        self.closed = np.zeros((self.runs, len(SHIFTS)))
        self.block = np.zeros((4, self.runs))
        self.certificates = np.zeros((self.runs, len(FACTORS)))
        self.raw_errors = np.zeros(self.runs)
        self.in_block = np.zeros(self.runs, dtype=int)
        self.closed_minutes = np.zeros(self.runs, dtype=int)

    def add(self, counts: Array, phi: Array, new_step: Flags, among: Indexes) -> Array:
        """Take one minute of the runs in ``among`` and return their log evidence.

        Args:
            counts: Canary requests, canary errors, stable requests and stable errors, by run.
            phi: Dispersion by run.
            new_step: Runs whose step begins with this minute.
            among: Positions of the runs that go on.
        """
        ends = among[new_step[among] & (self.in_block[among] > 0)]
        self._close(ends, self.closed[ends] + log_ratios(self.profile, *self.block[:, ends]))
        self.raw_errors[among] += counts[1, among]
        self.block[:, among] += counts[:, among] / np.stack([np.ones(self.runs), phi] * 2)[:, among]
        self.in_block[among] += 1
        evidence = self.closed[among] + log_ratios(self.profile, *self.block[:, among])
        full = self.in_block[among] >= self.profile.block_minutes
        result = self._total(log_mixture(evidence), among)
        self._close(among[full], evidence[full])
        return result

    def _total(self, begun: Array, among: Indexes) -> Array:
        if self.late_harm <= 0.0:
            return begun
        result: Array = np.logaddexp(begun + np.log1p(-self.late_harm), np.log(self._waiting(among)))
        return result

    def _waiting(self, which: Indexes | slice) -> Array:
        minutes = self.closed_minutes[which].astype(np.float64)
        result: Array = self.late_harm * HORIZON / (HORIZON + minutes)
        return result

    def mounting(self, log_evidence: Array) -> Array:
        """Return the evidence of all runs without the tests that have not begun, not as a logarithm."""
        odds: Array = np.exp(np.minimum(log_evidence, 50.0))
        return odds - self._waiting(slice(None))

    def _close(self, which: Indexes, evidence: Array) -> None:
        before = self._waiting(which)
        self.closed_minutes[which] += self.in_block[which]
        if self.late_harm > 0.0:
            begins = np.log(before - self._waiting(which))
            evidence = np.logaddexp(evidence, (begins - np.log1p(-self.late_harm))[:, None])
        self.closed[which] = evidence
        self.block[:, which] = 0.0
        self.in_block[which] = 0

    def certify(self, counts: Array, phi: Array, harm: float) -> Array:
        """Take one minute of all runs and return their log certificate."""
        nc, kc, nb, kb = (row[:, None] for row in counts)
        a = np.array(FACTORS)
        both = (nc > 0) & (nb > 0)
        odds = np.where(both, nc / np.maximum(nb, TINY), 0.0)
        increments = (kc * np.log(a) + kb * np.log1p(odds * (1 - a)) + nc * harm * (1 - a)) / phi[:, None]
        self.certificates += np.where(both, increments, 0.0)
        largest = self.certificates.max(axis=1)
        result: Array = largest + np.log(np.exp(self.certificates - largest[:, None]).mean(axis=1))
        return result


def dispersions(found: Calibrations, share: Array, growing: Array) -> Array:
    """Return the dispersion by run at the canary's share; task counts unknown."""
    factor = 2.0 * share * (1.0 - share) * found.geometry
    excess = (found.at_one_minute - 1.0) * np.maximum(1.0, factor / 1.5)
    excess += (found.largest - found.at_one_minute) * factor
    return np.minimum(LARGEST_DISPERSION, 1.0 + excess * growing)


def _profiles(name: ProfileName, found: Calibrations) -> list[tuple[Profile, Indexes]]:
    """Return the profiles in force and the runs under each: robust where a history is unusable."""
    if not PROFILES[name].calibrated:
        return [(PROFILES[name], np.arange(len(found.usable)))]
    usable = found.usable.astype(bool)
    return [(PROFILES[name], np.flatnonzero(usable)), (PROFILES["robust"], np.flatnonzero(~usable))]


def detections(
    data: Deployment,
    found: Calibrations,
    name: ProfileName,
    live: Array | None = None,
    warm_up: int = 0,
    late_harm: float = LATE_HARM,
) -> Indexes:
    """Return the minute (from 1) at which each run is rolled back, 0 for never.

    Args:
        data: The deployments.
        found: Calibrations by run.
        name: Profile asked for.
        live: Lower limits of the dispersion by run and minute, from the deployment's own stable zones.
        warm_up: Minutes at the beginning of each step that are left out.
        late_harm: Share of the test that looks for harm that begins late; the product's own if not given.
    """
    result = np.zeros(len(found.usable), dtype=int)
    for profile, runs in _profiles(name, found):
        if runs.size:
            evidence = Evidence(profile, len(runs), late_harm)
            result[runs] = _detect(data, found, evidence, runs, live, warm_up)
    return result


def _detect(
    data: Deployment, found: Calibrations, evidence: Evidence, runs: Indexes, live: Array | None, warm_up: int
) -> Indexes:
    settings = JudgeSettings()
    nc, kc = data.canary_requests[runs], data.canary_errors[runs]
    nb, kb = data.stable_requests[runs], data.stable_errors[runs]
    chosen = found.chosen(runs)
    result = np.zeros(len(runs), dtype=int)
    for t in range(nc.shape[1]):
        among = np.flatnonzero(result == 0)
        if t % STEP_MINUTES < warm_up or not among.size:
            continue
        counts = np.stack([nc[:, t], kc[:, t], nb[:, t], kb[:, t]])
        phi = chosen.total_dispersion
        if evidence.profile.calibrated:
            seen = slice(max(0, t - WINDOW_MINUTES + 1), t + 1)
            grown = growth(kb[:, seen], nb[:, seen], (nc + nb)[:, seen], chosen.errors_per_minute)
            phi = dispersions(chosen, nc[:, t] / np.maximum(nc[:, t] + nb[:, t], 1.0), grown)
        if live is not None:
            phi = np.maximum(phi, live[runs, t])
        new_step = np.full(len(runs), t % STEP_MINUTES == 0)
        log_evidence = evidence.add(counts, phi, new_step, among)
        over = (log_evidence >= -np.log(settings.alpha)) & (
            evidence.raw_errors[among] >= settings.minimum_errors
        )
        result[among[over]] = t + 1
    return result
