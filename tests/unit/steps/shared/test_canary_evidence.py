"""What is kept of a canary: it can be read, looked at, and judged again."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.unit.canary_world import CLEAN, SLOW, CanaryWorld, analysing
from tests.unit.examples import at
from tidegate import replay
from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.judge import Calibration
from tidegate.domain.strategy import CanaryStep, JudgeRules, ZoneHistory
from tidegate.steps.canary_evidence import store
from tidegate.steps.scope import scope_of

SVG = "{http://www.w3.org/2000/svg}"
STEPS = (CanaryStep(5.0, 120, 900), CanaryStep(25.0, 120, 900), CanaryStep(50.0, 120, 900))
NOISY = Calibration("ok", at_one_minute=1.5, largest=3.0, errors_per_minute=30.0, minutes=1400, groups=2)


def judged(*, calibrated: bool = False, **more: Any) -> CanaryWorld:
    """A canary that was fine with 5 % of the traffic, and bad with 25 %."""
    world = analysing(steps=STEPS, judge=JudgeRules(slow=(SLOW,)), **more)
    if calibrated:
        metrics = {"errors": NOISY.to_dict()}
        stored = StoredCalibration(at(0), at(-86_400), metrics, {"errors": 2.0, "slow_p99": 1.2}, "Measured.")
        world.ports.calibrations.put("checkout", "dev", stored)
    flow(world, 0, 6, CLEAN)
    world.shift(1, 6)
    flow(world, 6, 20, (7500, 750, 22500, 22))
    assert world.record.decision == "roll_back"
    return world


def flow(world: CanaryWorld, first: int, last: int, counts: Any) -> None:
    world.has_tasks(10)
    for minute in range(first, last):
        world.at_minute(minute + 1)
        world.measure(minute, counts, (15, 285))
        world.pulse()


def evidence(world: CanaryWorld) -> tuple[str, dict[str, Any], str]:
    """The address, the document and the picture."""
    address = store(world.ports, scope_of(world.ports, world.record.release, "dev"), world.record)
    contents = world.ports.evidence.contents
    (document,) = [json.loads(text) for key, text in contents.items() if key.endswith("/canary.json")]
    (picture,) = [text.decode() for key, text in contents.items() if key.endswith("/canary.svg")]
    return address, document, picture


def replayed(*arguments: str) -> list[dict[str, Any]]:
    output = io.StringIO()
    replay.run(arguments, output)
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_the_evidence_holds_what_the_verdict_rests_on():
    # Given
    world = judged(calibrated=True)

    # When
    address, found, _ = evidence(world)

    # Then
    assert address == f"s3://evidence/checkout/{world.record.release}/dev/1/canary.json"
    assert found["plot"] == address.replace(".json", ".svg")
    assert (found["decision"], found["evidence"], found["verdict"]) == ("roll_back", "judge", "roll_back")
    assert found["sentence"] == found["reason"] == world.record.reason
    assert [(each["step"], each["weight"]) for each in found["weights"]] == [(0, 5), (1, 25)]
    assert found["judged"]["errors"]["profile"] == "calibrated"
    assert (found["calibration"]["note"], found["calibration"]["metrics"]["errors"]["status"]) == (
        "Measured.",
        "ok",
    )
    assert found["settings"]["when_inconclusive"] == "return"
    first, *_, last = found["periods"]
    assert first["figures"] == {"errors": list(map(float, CLEAN)), "slow_p99": [1500.0, 15.0, 28500.0, 285.0]}
    assert last["log_evidence"] > first["log_evidence"]
    assert len(found["periods"]) == len(world.ports.canaries.periods(world.record.id))


@pytest.mark.parametrize("calibrated", [False, True])
def test_judged_again_it_comes_to_the_same(tmp_path: Path, calibrated: bool):
    # Given
    _, found, _ = evidence(judged(calibrated=calibrated))
    path = tmp_path / "canary.json"
    path.write_text(json.dumps(found))

    # When
    *lines, end = replayed("--evidence", str(path))

    # Then
    assert [line["verdict"] for line in lines] == [period["verdict"] for period in found["periods"]]
    assert [line["log_evidence"] for line in lines] == [
        round(period["log_evidence"], 4) for period in found["periods"]
    ]
    assert (end["verdict"], end["sentence"]) == ("roll_back", found["sentence"])


def test_judged_again_with_other_settings_it_may_come_to_something_else(tmp_path: Path):
    # Given
    _, found, _ = evidence(judged())
    path, settings = tmp_path / "canary.json", tmp_path / "settings.json"
    path.write_text(json.dumps(found))

    # When only the slow responses are judged, or errors by the fast profile
    settings.write_text(json.dumps({"metrics": [["slow_p99", 1.0, None]]}))
    slow = replayed("--evidence", str(path), "--settings", str(settings))[-1]
    settings.write_text(json.dumps({"profile": "fast"}))
    fast = replayed("--evidence", str(path), "--settings", str(settings))[-1]

    # Then
    assert (slow["verdict"], slow["rolled_back_at"]) != ("roll_back", fast["rolled_back_at"])
    assert (fast["verdict"], fast["profile"]) == ("roll_back", "fast")


def test_with_other_settings_the_calibration_of_the_evidence_counts(tmp_path: Path):
    _, found, _ = evidence(judged(calibrated=True))
    path, settings = tmp_path / "canary.json", tmp_path / "settings.json"
    path.write_text(json.dumps(found))
    settings.write_text(json.dumps({"profile": "guarded"}))
    end = replayed("--evidence", str(path), "--settings", str(settings))[-1]
    assert (end["profile"], end["calibration"]["largest"]) == ("guarded", 3.0)


def test_its_periods_can_be_written_as_a_recording(tmp_path: Path):
    # Given
    world = judged()
    _, found, _ = evidence(world)
    path, table = tmp_path / "canary.json", tmp_path / "periods.csv"
    path.write_text(json.dumps(found))

    # When
    replayed("--evidence", str(path), "--csv", str(table))

    # Then
    periods = replay.read_periods(table)
    assert [(each.canary_errors, each.step) for each in periods] == [
        (period["figures"]["errors"][1], period["step"]) for period in found["periods"]
    ]
    assert table.read_text().splitlines()[1].endswith(",0,15.0,285.0")


def test_zones_are_compared_again_as_they_were(tmp_path: Path):
    # Given a canary with a history by zone, of which one is bad during the deployment
    world = judged(calibrated=True, history=ZoneHistory(("use1-az1", "use1-az2")))
    assert all(len(period.groups) == 2 for period in world.ports.canaries.periods(world.record.id))
    _, found, _ = evidence(world)
    path = tmp_path / "canary.json"
    path.write_text(json.dumps(found))

    # Then
    assert [line["verdict"] for line in replayed("--evidence", str(path))[:-1]] == [
        period["verdict"] for period in found["periods"]
    ]


@pytest.mark.parametrize("text", ["[]", "{}", '{"start": "x"}', "no json"])
def test_another_file_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "canary.json"
    path.write_text(text)
    with pytest.raises(replay.RecordingError, match="cannot be judged again"):
        replayed("--evidence", str(path))


def test_periods_and_evidence_cannot_be_judged_at_once(tmp_path: Path):
    with pytest.raises(replay.RecordingError, match="name either"):
        replayed("periods.csv", "--evidence", "canary.json")
    with pytest.raises(replay.RecordingError, match="name either"):
        replayed()


def test_the_picture_shows_weights_rates_and_evidence_on_paper_of_its_own():
    # When
    _, found, picture = evidence(judged())

    # Then
    image = ET.fromstring(picture)
    texts = [element.text for element in image.iter(f"{SVG}text")]
    paper = next(image.iter(f"{SVG}rect"))
    assert (paper.get("fill"), paper.get("width")) == ("#ffffff", image.get("width"))
    assert {
        "given",
        "measured",
        "5 %",
        "25 %",
        "Errors, %",
        "Bad responses (slow_p99), %",
        "rolled back",
    } <= set(texts)
    assert "since 2026-11-23 12:00:00 UTC" in texts
    assert image.findtext(f"{SVG}title") == found["reason"]


def test_a_canary_that_never_had_a_period_has_evidence_too():
    world = analysing()
    _, found, picture = evidence(world)
    assert (found["periods"], found["weights"], found["verdict"]) == ([], [], "hold")
    assert ET.fromstring(picture).tag == f"{SVG}svg"


def test_a_long_canary_gives_a_picture_of_bounded_size():
    # Given a day of ten-second periods
    world = judged()
    period = world.ports.canaries.periods(world.record.id)[0]
    many = [replace(period, at=at(10 * number), verdict="continue") for number in range(8640)]
    world.ports.canaries.judged[world.record.id] = {each.at: each for each in many}

    # Then
    assert len(evidence(world)[2]) < 300_000


def test_storing_it_again_replaces_it():
    world = judged()
    first, again = evidence(world), evidence(world)
    assert first == again
