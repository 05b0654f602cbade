"""The benchmark judges thousands of runs at once; what it runs must be what the product does."""

import numpy as np
import pytest

from bench.judge_methods.calibrating import calibrate_runs
from bench.judge_methods.judging import Evidence, detections, log_ratios
from bench.judge_methods.live import live_dispersions
from bench.judge_scenarios.families import HELD_OUT, REFERENCE, STEP_MINUTES, STUDY, Family
from bench.judge_scenarios.noise import Array
from bench.judge_scenarios.world import World, draw_deployment, draw_history
from tidegate.domain.judge import PROFILES, JudgeSettings, Period, calibrate, observe, start
from tidegate.domain.judge import likelihood as product

RUNS = 4
NOISY = STUDY[4]


def histories(family: Family, rate: float = 50.0) -> tuple[Array, Array]:
    return draw_history(np.random.default_rng(3), family, rate, RUNS, hours=8)


@pytest.mark.parametrize("family", [REFERENCE[4], NOISY, HELD_OUT[2]], ids=lambda f: f.name)
def test_histories_calibrate_alike(family):
    # Given histories of three zones
    requests, errors = histories(family)

    # When the benchmark calibrates all, and the product each
    together = calibrate_runs(requests, errors)

    # Then the figures are the same
    for run in range(RUNS):
        groups = [list(zip(r, e, strict=True)) for r, e in zip(requests[run], errors[run], strict=True)]
        alone = calibrate(groups)
        assert alone.at_one_minute == pytest.approx(together.at_one_minute[run])
        assert alone.largest == pytest.approx(together.largest[run])
        assert alone.geometry == pytest.approx(together.geometry[run])
        assert alone.errors_per_minute == pytest.approx(together.errors_per_minute[run])
        assert alone.total_dispersion == pytest.approx(together.total_dispersion[run])
        assert alone.group_rates == pytest.approx(together.group_rates[run])


@pytest.mark.parametrize("live", [False, True], ids=["history", "history and live groups"])
@pytest.mark.parametrize("late_harm", [0.0, 0.2])
@pytest.mark.parametrize("profile", ["fast", "robust", "calibrated", "guarded"])
def test_deployments_are_judged_alike(profile, late_harm, live):
    # Given deployments of a canary that is slightly worse on a noisy service
    requests, errors = histories(NOISY)
    found = calibrate_runs(requests, errors)
    data = draw_deployment(World(np.random.default_rng(4), NOISY, 50.0, RUNS, canary_rate=0.005, zones=3))

    # When the benchmark judges all of them
    groups_live = live_dispersions(data, found) if live else None
    minutes = detections(data, found, profile, groups_live, late_harm=late_harm)

    # Then the product returns each canary in the same minute
    for run in range(RUNS):
        groups = [list(zip(r, e, strict=True)) for r, e in zip(requests[run], errors[run], strict=True)]
        calibration = calibrate(groups)
        settings = JudgeSettings(profile=profile, late_harm=late_harm, prefer_calibrated=False)
        calibrated = PROFILES[profile].calibrated
        if calibrated:
            state = start(settings, calibration=calibration)
        else:
            state = start(settings, dispersion=calibration.total_dispersion)
        returned = 0
        for t in range(data.canary_errors.shape[1]):
            zones = zip(data.zone_requests[run, :, t], data.zone_errors[run, :, t], strict=True)
            period = Period(
                data.canary_requests[run, t],
                data.canary_errors[run, t],
                data.stable_requests[run, t],
                data.stable_errors[run, t],
                step=t // STEP_MINUTES,
                stable_groups=tuple(zones) if live and calibrated else (),
            )
            state = observe(state, period)
            if state.verdict == "roll_back":
                returned = t + 1
                break
        if not live or calibrated:
            assert returned == minutes[run]


def test_blocks_give_the_same_evidence():
    rng = np.random.default_rng(5)
    nc, nb = rng.integers(1, 10**6, 50).astype(float), rng.integers(1, 10**6, 50).astype(float)
    kc, kb = rng.gamma(0.5, 30, 50), rng.gamma(0.5, 30, 50)
    for profile in PROFILES.values():
        together = log_ratios(profile, nc, kc, nb, kb)
        for i in range(50):
            alone = product.log_ratios(profile, nc[i], kc[i], nb[i], kb[i])
            assert together[i] == pytest.approx(alone, abs=1e-8)


def test_certificates_are_the_same():
    evidence = Evidence(PROFILES["fast"], 1)
    state = start(JudgeSettings(profile="fast"))
    for counts in [(1500, 2, 28500, 30), (7500, 9, 22500, 20), (0, 0, 10, 0)]:
        log = evidence.certify(np.array(counts, dtype=float)[:, None], np.ones(1), 0.005)
        state = observe(state, Period(*counts))
        assert state.log_certificate == pytest.approx(log[0], abs=1e-4)
