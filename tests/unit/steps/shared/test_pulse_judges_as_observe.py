"""Whatever comes late or twice: the pulse judges the minutes of a scenario as `observe` does the raw ones."""

import random
from collections.abc import Iterator

import numpy as np
import pytest

from bench.judge_scenarios.families import CLUSTER9, INDEPENDENT, STEP_MINUTES, STEPS, Family
from bench.judge_scenarios.world import Deployment, World, draw_deployment, draw_history
from tests.unit.canary_world import CanaryWorld, analysing
from tests.unit.examples import at
from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.figures import figures_of
from tidegate.domain.judge import JudgeState, Period, calibrate, observe
from tidegate.domain.judging import first_state
from tidegate.domain.strategy import CanaryStep, ZoneHistory

ZONES = ZoneHistory(("a", "b", "c"))
PAUSE = 5  # minutes in which the last figures of a step arrive
RATE = 50.0


def scenario(family: Family, canary_rate: float, zones: int) -> Deployment:
    rng = np.random.default_rng(11)
    return draw_deployment(World(rng, family, RATE, 1, canary_rate, zones))


def calibrated(world: CanaryWorld, family: Family) -> None:
    requests, errors = draw_history(np.random.default_rng(12), family, RATE, 1)
    groups = [list(zip(r, e, strict=True)) for r, e in zip(requests[0], errors[0], strict=True)]
    stored = StoredCalibration(at(0), at(-86_400), {"errors": calibrate(groups).to_dict()})
    world.ports.calibrations.put("checkout", "dev", stored)


def raw(data: Deployment, minute: int, *, live: bool) -> Period:
    zones = zip(data.zone_requests[0, :, minute], data.zone_errors[0, :, minute], strict=True)
    return Period(
        float(data.canary_requests[0, minute]),
        float(data.canary_errors[0, minute]),
        float(data.stable_requests[0, minute]),
        float(data.stable_errors[0, minute]),
        step=minute // STEP_MINUTES,
        stable_groups=tuple((float(r), float(e)) for r, e in zones) if live else (),
    )


def observed(state: JudgeState, data: Deployment, *, live: bool) -> Iterator[JudgeState]:
    for minute in range(data.canary_errors.shape[1]):
        state = observe(state, raw(data, minute, live=live))
        yield state


def publish(world: CanaryWorld, minute: int, period: Period) -> None:
    """Let CloudWatch have a minute; what is 0 has no datapoint."""
    values = {
        "canary_requests": period.canary_requests,
        "canary_bad_0": period.canary_errors,
        "stable_requests": period.stable_requests,
        "stable_bad_0": period.stable_errors,
    }
    for number, (requests, errors) in enumerate(period.stable_groups):
        values |= {f"group_{number}_requests": requests, f"group_{number}_errors": errors}
    for query in figures_of(world.strategy, live=True).queries:
        if values.get(query.id):
            world.ports.metrics.record(query, at(60 * minute), values[query.id])


def pulsed(world: CanaryWorld, data: Deployment, *, live: bool) -> None:
    """Run the scenario; each minute's figures come up to two minutes late, and some are wrong at first."""
    chance = random.Random(13)
    waiting: list[tuple[float, int, Period]] = []
    for step in range(len(STEPS)):
        begin = step * (STEP_MINUTES + PAUSE)
        world.at_minute(begin)
        world.shift(step, begin)
        world.has_tasks(20)
        for minute in range(begin, begin + STEP_MINUTES + PAUSE):
            number = step * STEP_MINUTES + minute - begin
            if minute < begin + STEP_MINUTES:
                period = raw(data, number, live=live)
                waiting.append((minute + 1 + chance.choice([0, 1]), minute, period))
            world.at_minute(minute + 1)
            for each in [each for each in waiting if each[0] <= minute + 1]:
                waiting.remove(each)
                publish(world, *each[1:])
            for _ in range(chance.choice([0, 1, 1, 2])):
                if world.outcome() == "roll_back":
                    return


@pytest.mark.parametrize("history", [False, True])
@pytest.mark.parametrize(
    ("family", "canary_rate"),
    [(INDEPENDENT, 0.001), (INDEPENDENT, 0.01), (CLUSTER9, 0.001), (CLUSTER9, 0.05)],
)
def test_the_pulse_comes_to_the_verdicts_of_observe(family: Family, canary_rate: float, history: bool):
    # Given a scenario of the benchmark, with a schedule so long that no step ends by itself
    data = scenario(family, canary_rate, 3 if history else 1)
    steps = tuple(CanaryStep(100.0 * share, 36_000, 72_000) for share in STEPS)
    world = analysing(steps=steps, history=ZONES if history else None)
    if history:
        calibrated(world, family)
    state = first_state(world.strategy, world.ports.calibrations.get("checkout", "dev"), at(0))

    # When
    expected = list(observed(state, data, live=history))
    pulsed(world, data, live=history)

    # Then
    periods = world.ports.canaries.periods(world.record.id)
    known = expected[: len(periods)]
    assert [each.verdict for each in periods] == [each.verdict for each in known]
    assert [each.log_evidence for each in periods] == [each.log_evidence for each in known]
    assert JudgeState.from_json(world.record.judge) == known[-1]
    assert len(world.record.judge) < 1024
    assert len(periods) == len(expected) or world.record.decision == "roll_back"
    assert (world.record.decision == "roll_back") == ("roll_back" in {each.verdict for each in expected})
