"""Recorded deployments are judged again from files."""

import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tidegate import replay

PERIODS = "minute,canary_requests,canary_errors,stable_requests,stable_errors"


def write(path: Path, header: str, rows: list[str]) -> str:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(path)


def recording(path: Path, canary_errors: int, minutes: int = 10) -> str:
    return write(path, PERIODS, [f"{t},1500,{canary_errors},28500,28" for t in range(minutes)])


def replayed(*arguments: str) -> list[dict]:
    output = io.StringIO()
    replay.run(arguments, output)
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_recording_gives_a_line_a_period_and_a_verdict(tmp_path):
    # Given a clean and a bad canary
    clean, bad = recording(tmp_path / "clean.csv", 1), recording(tmp_path / "bad.csv", 75)

    # When they are judged again
    good = replayed(clean)
    ill = replayed(bad)

    # Then each period has a line, and the last line says the verdict and when
    assert len(good) == len(ill) == 11
    assert [line["minute"] for line in good[:-1]] == list(range(10))
    assert (good[-1]["verdict"], good[-1]["rolled_back_at"]) == ("promote", None)
    assert (ill[-1]["verdict"], ill[-1]["rolled_back_at"]) == ("roll_back", 0)
    assert "75 of 1,500 requests" in ill[-1]["sentence"]
    assert all(line["verdict"] == "roll_back" for line in ill)


def test_other_settings_can_change_the_verdict(tmp_path):
    # Given a canary that is three times as bad as stable
    periods = recording(tmp_path / "p.csv", 4, minutes=25)

    # When it is judged with the defaults and with the fast profile
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"profile": "fast", "alpha": 0.05, "metrics": [{"name": "errors"}]}))

    # Then only the second returns it
    assert replayed(periods)[-1]["verdict"] != "roll_back"
    assert replayed(periods, "--settings", str(settings))[-1]["verdict"] == "roll_back"


def test_a_history_of_groups_calibrates(tmp_path):
    # Given a day of two zones of which one is bad in one excluded hour
    rows = [
        f"{t},{zone},1000,{200 if 100 <= t < 130 and zone == 'a' else (t + 2 * (zone == 'b')) % 5}"
        for t in range(1440)
        for zone in "ab"
    ]
    history = write(tmp_path / "h.csv", "minute,group,requests,errors", rows)
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"exclude": list(range(60, 180))}))
    periods = recording(tmp_path / "p.csv", 1)

    # When a deployment is judged with it
    noisy = replayed(periods, "--history", history)[-1]
    calm = replayed(periods, "--history", history, "--settings", str(settings))[-1]

    # Then the calibration is in force and its figures are shown
    assert noisy["profile"] == calm["profile"] == "calibrated"
    assert noisy["calibration"]["largest"] > 10 * calm["calibration"]["largest"]
    assert noisy["warning"]
    assert calm["calibration"]["minutes"] == 1320


def test_a_history_of_the_whole_service_gives_the_dispersion(tmp_path):
    history = write(
        tmp_path / "h.csv", "minute,errors", [f"{t},{20 * (t % 2)}" for t in range(720) if t != 9]
    )
    lines = replayed(recording(tmp_path / "p.csv", 1), "--history", history)
    assert lines[0]["dispersion"] == pytest.approx(20.0, rel=0.01)
    assert lines[-1]["profile"] == "robust"


def test_times_and_steps_are_understood(tmp_path):
    # Given minutes as times, out of order, and a canary whose share grows
    rows = [
        "2026-03-01T10:02:00Z,7500,7,22500,22",
        "2026-03-01T10:00,1500,1,28500,28",
        "2026-03-01T10:01,1450,1,28500,28",
    ]
    lines = replayed(write(tmp_path / "p.csv", PERIODS, rows))

    # Then they are judged in order and the new share begins a step
    assert [line["minute"] - lines[0]["minute"] for line in lines[:-1]] == [0, 1, 2]
    assert [line["step"] for line in lines[:-1]] == [0, 0, 1]

    # And steps that the recording says are taken from it
    rows = ["0,10,0,10,0,3", "1,10,0,10,0,4"]
    assert [line["step"] for line in replayed(write(tmp_path / "q.csv", PERIODS + ",step", rows))[:-1]] == [
        3,
        4,
    ]


def test_the_same_minute_twice_enters_once(tmp_path):
    rows = ["5,1500,2,28500,28"] * 3
    assert replayed(write(tmp_path / "p.csv", PERIODS, rows))[-1]["periods"] == 1


def test_an_empty_recording_is_a_hold(tmp_path):
    lines = replayed(write(tmp_path / "p.csv", PERIODS, []))
    assert [line["verdict"] for line in lines] == ["hold"]


def test_the_plot_is_an_image_with_the_verdict(tmp_path):
    # When a bad recording with a silent minute is plotted
    rows = [f"{t},{0 if t == 2 else 1500},{0 if t < 4 else 75},28500,28" for t in range(6)]
    plot = tmp_path / "out.svg"
    lines = replayed(write(tmp_path / "p.csv", PERIODS, rows), "--plot", str(plot))

    # Then it is well-formed, says the verdict, and interrupts the canary's rate where it had no request
    image = ET.fromstring(plot.read_text(encoding="utf-8"))
    texts = [element.text for element in image.iter("{http://www.w3.org/2000/svg}text")]
    assert image.findtext("{http://www.w3.org/2000/svg}title") == lines[-1]["sentence"]
    assert "rolled back" in texts
    paths = [element.get("d", "") for element in image.iter("{http://www.w3.org/2000/svg}path")]
    assert [path.count("M") for path in paths] == [1, 2, 1, 1, 1]


@pytest.mark.parametrize(
    ("header", "rows", "message"),
    [
        ("minute,canary_requests", [], "columns missing: canary_errors, stable_errors, stable_requests"),
        (PERIODS, ["0,10,0,10,0", "1,10,-3,10,0"], "line 3: a count must be"),
        (PERIODS, ["soon,10,0,10,0"], "line 2"),
    ],
)
def test_a_broken_recording_is_explained(tmp_path, header, rows, message):
    with pytest.raises(replay.RecordingError, match=message):
        replayed(write(tmp_path / "p.csv", header, rows))


@pytest.mark.parametrize("text", ['{"tempo": 3}', "[]", "nothing", '{"alpha": 7}', '{"exclude": ["x"]}'])
def test_broken_settings_are_explained(tmp_path, text):
    settings = tmp_path / "settings.json"
    settings.write_text(text)
    with pytest.raises(replay.RecordingError, match=r"settings\.json"):
        replayed(recording(tmp_path / "p.csv", 1), "--settings", str(settings))


def test_the_command_line_says_what_is_wrong_without_a_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["replay", str(tmp_path / "none.csv")])
    assert replay.main() == 2
    assert "none.csv" in capsys.readouterr().err
