"""The figures that the published description of the method gives for its own formulas."""

import math
from collections.abc import Iterator

import pytest

from tidegate.domain.judge import (
    PROFILES,
    Calibration,
    JudgeSettings,
    Period,
    calibrate,
    estimate_dispersion,
    observe,
    start,
)
from tidegate.domain.judge.blocks import block_dispersion
from tidegate.domain.judge.likelihood import log_ratios
from tidegate.domain.judge.weighting import error_growth

PERIODS = [(150, 3, 2850, 2), (1500, 12, 28500, 30), (1500, 7, 28500, 28)]
INCREMENTS = [
    [1.408406, 2.267407, 3.029907, 3.94915, 4.770106, 4.652581, 3.190512],
    [2.701271, 4.09207, 5.056069, 5.626678, 4.106636, -0.237316, -2.68466],
    [1.681266, 2.387219, 2.717752, 2.449003, -0.151833, -4.526793, -5.708242],
]
EVIDENCE = [3.694318, 8.201084, 10.447834]


@pytest.mark.parametrize(("period", "expected"), list(zip(PERIODS, INCREMENTS, strict=True)))
def test_one_block_gives_the_published_evidence_for_every_alternative(period, expected):
    # When the fast profile judges the counts of one minute
    increments = log_ratios(PROFILES["fast"], *period)

    # Then each alternative gets the published log evidence
    assert increments == pytest.approx(expected, abs=1e-6)


def test_successive_periods_give_the_published_combined_evidence():
    # Given a fast judge
    state = start(JudgeSettings(profile="fast"))

    # When the three periods enter one after another, then the combined evidence is the published one
    for period, expected in zip(PERIODS, EVIDENCE, strict=True):
        state = observe(state, Period(*period))
        assert state.log_evidence == pytest.approx(expected, abs=1e-6)


# --- calibration ---


def uniforms(seed: int) -> Iterator[float]:
    x = seed
    while True:
        x = (1103515245 * x + 12345) % 2**31
        yield (x >> 8) / 2**23


def poisson(mean: float, u: float) -> int:
    count, term = 0, math.exp(-mean)
    cumulated = term
    while u > cumulated and count < 500:
        count += 1
        term *= mean / count
        cumulated += term
    return count


def history(name: str) -> list[list[tuple[int, int] | None]]:
    draw = uniforms(int(name[1]))
    groups: list[list[tuple[int, int] | None]] = [[], [], []]
    factors = [1.0, 1.0, 1.0]
    for minute in range(1440):
        for zone in range(3):
            if name == "G2" and minute % 5 == 0:
                factors[zone] = 2.0 if next(draw) < 0.5 else 0.5
            u = next(draw)
            mean = 2.0 * factors[zone] * (2.0 if name == "G4" and zone == 0 else 1.0)
            errors = 5 * poisson(mean / 5, u) if name == "G3" else poisson(mean, u)
            groups[zone].append((1000, errors))
    if name == "G4":
        for minute in range(7, 1440, 100):
            groups[1][minute] = None
    return groups


GOLDEN = {
    "G1": {
        "totals": (1440, 8639),
        "D": [0.978001, 0.971694, 0.9542, 0.914373, 0.87544, 0.968737],
        "peak": 1.0,
        "d1": 1.0,
        "dmax": 1.0,
        "phi": [1.0, 1.0, 1.0, 1.0],
        "tasks": 1.0,
        "rho": 1.0,
    },
    "G2": {
        "totals": (1440, 11120),
        "D": [1.884373, 2.604479, 4.088774, 4.959272, 5.067051, 4.326667],
        "peak": 7.463632,
        "d1": 1.92243,
        "dmax": 7.463632,
        "phi": [3.501673, 8.156283, 10.234233, 3.501673],
        "tasks": 5.344123,
        "rho": 28.702700,
    },
    "G3": {
        "totals": (1440, 8590),
        "D": [5.055608, 5.224087, 5.618103, 5.847922, 6.349046, 6.315568],
        "peak": 9.225066,
        "d1": 5.230133,
        "dmax": 9.225066,
        "phi": [6.368689, 9.724433, 11.222533, 6.368689],
        "tasks": 7.697005,
        "rho": 31.667599,
    },
    "G4": {
        "totals": (1366, 10704),
        "D": [0.984861, 0.974099, 0.932581, 0.928711, 0.958954, 0.956639],
        "peak": 1.0,
        "d1": 1.0,
        "dmax": 1.0,
        "phi": [1.0, 1.0, 1.0, 1.0],
        "tasks": 1.0,
        "rho": 1.0,
    },
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_generated_history_calibrates_to_the_published_figures(name):
    # Given a day of three zones, in G4 with missing minutes and an excluded hour
    expected = GOLDEN[name]
    excluded = range(300, 360) if name == "G4" else ()

    # When it is calibrated, with four tasks a zone
    found = calibrate(history(name), excluded, group_tasks=4)

    # Then every intermediate figure and the dispersion at four weights is the published one
    assert (found.status, found.groups) == ("ok", 3)
    assert (found.minutes, round(found.errors_per_minute * found.minutes)) == expected["totals"]
    assert found.by_scale == pytest.approx(expected["D"], abs=1e-6)
    assert found.peak == pytest.approx(expected["peak"], abs=1e-6)
    assert found.at_one_minute == pytest.approx(expected["d1"], abs=1e-5)
    assert found.largest == pytest.approx(expected["dmax"], abs=1e-6)
    assert found.geometry == pytest.approx(3.0)
    assert [found.dispersion(w) for w in (0.05, 0.25, 0.5, 0.95)] == pytest.approx(expected["phi"], abs=1e-5)
    assert found.dispersion(0.05, 1.0, 1, 12) == pytest.approx(expected["tasks"], abs=1e-5)
    assert found.dispersion(0.5, growth=3) == pytest.approx(expected["rho"], abs=1e-5)


@pytest.mark.parametrize(
    ("minutes", "errors", "reason"),
    [(1440, 0, "under 30 errors in history"), (300, 2, "under 6 h of usable history")],
)
def test_a_history_with_too_little_in_it_is_a_fallback(minutes, errors, reason):
    # When three zones have no error, or five hours only
    found = calibrate([[(1000, errors)] * minutes] * 3)

    # Then the calibration says so and why
    assert (found.status, found.reason) == ("fallback", reason)


def test_dispersion_by_hand():
    # Given two zones of 100 requests a minute with equal rates
    segment = [[(100, a), (100, b)] for a, b in [(3, 1), (0, 2), (4, 0), (1, 1)]]

    # Then the statistic is what pen and paper give
    assert block_dispersion([segment], [0.01, 0.01], 1) == pytest.approx(2.0)
    assert block_dispersion([segment], [0.01, 0.01], 2) == pytest.approx(20 / 18)


def test_noise_that_alternates_every_five_minutes():
    # Given two zones of which one is bad for five minutes, then the other
    groups = [[(1000, 3 if (t // 5 + i) % 2 else 1) for t in range(1440)] for i in range(2)]

    # When they are calibrated
    found = calibrate(groups)

    # Then the scale of five minutes shows it most and ten minutes cancel it
    assert found.by_scale == pytest.approx([1, 1.601112, 1.802228, 0, 0, 0], abs=1e-6)
    assert (found.peak, found.at_one_minute) == (1.0, 1.0)
    assert found.largest == pytest.approx(1.911398, abs=1e-6)
    assert found.geometry == pytest.approx(2.0)
    assert [found.dispersion(0.05), found.dispersion(0.5)] == pytest.approx([1.173166, 1.911398], abs=1e-6)


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ([(2, 2850, 3000)] * 9 + [(30, 2850, 3000)], 10.526315789473683),
        ([(3, 2850, 3000)] * 10, 1.0526315789473684),
        ([(6, 5700, 6000)] * 3, 2.105263157894737),
    ],
)
def test_growth_of_the_errors_since_the_history(minutes, expected):
    assert error_growth(minutes, errors_per_minute=3.0) == pytest.approx(expected)


def test_the_calibrated_judge_gives_the_published_evidence():
    # Given the figures of G2 and a stable error rate that has not grown
    noise = Calibration(
        "ok", at_one_minute=1.9224302138, largest=7.4636323294, geometry=3.0, errors_per_minute=1e9
    )
    state = start(JudgeSettings(profile="calibrated"), calibration=noise)

    # When the first two golden periods enter
    first = observe(state, Period(*PERIODS[0]))
    second = observe(first, Period(*PERIODS[1]))

    # Then evidence and dispersion are the published ones
    assert first.metrics[0].dispersion == pytest.approx(3.501673, abs=1e-6)
    assert first.log_evidence == pytest.approx(1.042533, abs=1e-6)
    assert first.metrics[0].closed == pytest.approx(
        [0.438254, 0.707615, 0.949842, 1.247295, 1.518477, 1.481289, 1.024861], abs=1e-6
    )
    assert second.log_evidence == pytest.approx(2.957403, abs=1e-6)


def test_dispersion_of_total_counts_uses_successive_differences():
    # Given counts that alternate, and counts that only drift
    # Then the first scatter (three squares of 64 over three sums of 12) and the second do not
    assert estimate_dispersion([2, 10, 2, 10]) == pytest.approx(64 / 12)
    assert estimate_dispersion([5, 6, 7, 8, 9]) == 1.0
    assert estimate_dispersion([0, 1000] * 10) == 40.0
    assert estimate_dispersion([]) == estimate_dispersion([7]) == estimate_dispersion([0, 0]) == 1.0
    assert estimate_dispersion([0, None, 1000]) == 1.0
