"""Judges recorded periods again: a past deployment with other settings, or settings before they are trusted.

    python -m tidegate.replay periods.csv [--history minutes.csv] [--settings settings.json] [--plot out.svg]

``periods.csv`` has the columns minute, canary_requests, canary_errors, stable_requests and stable_errors,
and may have step, canary_tasks and stable_tasks. ``minutes.csv`` has either minute, group, requests and
errors (an A/A history of the stable groups) or minute and errors (of the whole service). Minutes are whole
numbers or ISO 8601 times. ``settings.json`` holds any of the judge's settings, and ``exclude``: minutes of
the history to leave out. Prints one JSON line a period and a last one with the verdict.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from tidegate.domain.judge import JudgeSettings, JudgeState, Period, observe, start
from tidegate.domain.judge.plot import Point, draw

from .recording import Background, RecordingError, read_history, read_periods, read_settings

__all__ = [
    "Background",
    "RecordingError",
    "main",
    "read_history",
    "read_periods",
    "read_settings",
    "replay",
    "run",
]


def replay(
    periods: Sequence[Period], settings: JudgeSettings, background: Background
) -> Iterator[tuple[JudgeState, Period]]:
    """Judge the periods one after another and yield the state after each."""
    state = start(settings, background.dispersion, background.calibration)
    for period in periods:
        state = observe(state, period)
        yield state, period


def line(state: JudgeState, period: Period) -> dict[str, Any]:
    """Return what is printed for one period."""
    return {
        "minute": state.last_index,
        "step": period.step,
        "canary_share": round(period.canary_share, 4),
        "dispersion": round(state.metrics[0].dispersion, 4),
        "log_evidence": round(state.log_evidence, 4),
        "log_certificate": round(state.log_certificate, 4),
        "verdict": state.verdict,
        "reason": state.reason,
    }


def conclusion(
    states: Sequence[JudgeState], settings: JudgeSettings, background: Background
) -> dict[str, Any]:
    """Return what is printed last: the verdict, as it stood when it became final."""
    last = states[-1] if states else start(settings, background.dispersion, background.calibration)
    state = next((state for state in states if state.verdict == "roll_back"), last)
    found: dict[str, Any] = {
        "verdict": state.verdict,
        "reason": state.reason,
        "rolled_back_at": state.last_index if state.verdict == "roll_back" else None,
        "periods": last.periods,
        "profile": state.metrics[0].profile,
        "sentence": state.sentence,
    }
    if background.calibration:
        found |= {"calibration": background.calibration.to_dict(), "warning": background.calibration.warning}
    return found


def run(arguments: Sequence[str], output: TextIO) -> None:
    """Read the files named on the command line and print the lines.

    Raises:
        RecordingError: If a file cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m tidegate.replay", description=__doc__.split("\n", 1)[0])
    parser.add_argument("periods", type=Path)
    parser.add_argument("--history", type=Path)
    parser.add_argument("--settings", type=Path)
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args(arguments)
    settings, exclude = read_settings(given.settings)
    background = read_history(given.history, exclude) if given.history else Background()
    judged = list(replay(read_periods(given.periods, settings.period_seconds), settings, background))
    end = conclusion([state for state, _ in judged], settings, background)
    items = [*(line(state, period) for state, period in judged), end]
    output.writelines(json.dumps(item) + "\n" for item in items)
    if given.plot:
        points = [Point.of(state, period) for state, period in judged]
        given.plot.write_text(draw(points, settings, end["sentence"]), encoding="utf-8")


def main() -> int:
    """Run the command line and return its exit status."""
    try:
        run(sys.argv[1:], sys.stdout)
    except (OSError, RecordingError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0
