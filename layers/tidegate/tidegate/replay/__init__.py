"""Judges recorded periods again: a past deployment with other settings, or settings before they are trusted.

    python -m tidegate.replay periods.csv [--history minutes.csv] [--settings settings.json] [--plot out.svg]
    python -m tidegate.replay --evidence canary.json [--settings settings.json] [--csv out.csv] [--plot out.svg]

``periods.csv`` has the columns minute, canary_requests, canary_errors, stable_requests and stable_errors,
and may have step, canary_tasks and stable_tasks. ``minutes.csv`` has either minute, group, requests and
errors (an A/A history of the stable groups) or minute and errors (of the whole service). Minutes are whole
numbers or ISO 8601 times. ``settings.json`` holds any of the judge's settings, and ``exclude``: minutes of
the history to leave out; what it does not hold is as deployments have it.

``canary.json`` is the evidence that is stored of every canary. Without settings it is judged as it was; with
settings the judge is the same but for these. ``--csv`` writes its periods in the form of ``periods.csv``.

Prints one JSON line a period and a last one with the verdict.
"""  # noqa: E501 - the lines are those of a shell

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO, TypeAlias

from tidegate.domain.judge import Calibration, JudgeState, Period, observe, start
from tidegate.domain.judge.plot import Point, draw

from .evidence import Recorded, read_evidence, write_periods
from .recording import Background, RecordingError, read_history, read_periods, read_settings

__all__ = [
    "Background",
    "Recorded",
    "RecordingError",
    "main",
    "read_evidence",
    "read_history",
    "read_periods",
    "read_settings",
    "replay",
    "run",
]


Periods: TypeAlias = Period | Mapping[str, Period]
"""One period, of one metric or of several by name."""


def replay(state: JudgeState, periods: Iterable[Periods]) -> Iterator[tuple[JudgeState, Periods]]:
    """Judge the periods one after another and yield the state after each."""
    for period in periods:
        state = observe(state, period)
        yield state, period


def line(state: JudgeState, period: Periods) -> dict[str, Any]:
    """Return what is printed for one period."""
    lead = period if isinstance(period, Period) else next(iter(period.values()))
    return {
        "minute": state.last_index,
        "step": lead.step,
        "canary_share": round(lead.canary_share, 4),
        "dispersion": round(state.metrics[0].dispersion, 4),
        "log_evidence": round(state.log_evidence, 4),
        "log_certificate": round(state.log_certificate, 4),
        "verdict": state.verdict,
        "reason": state.reason,
    }


def conclusion(
    states: Sequence[JudgeState], first: JudgeState, calibration: Calibration | None = None
) -> dict[str, Any]:
    """Return what is printed last: the verdict, as it stood when it became final."""
    last = states[-1] if states else first
    state = next((state for state in states if state.verdict == "roll_back"), last)
    found: dict[str, Any] = {
        "verdict": state.verdict,
        "reason": state.reason,
        "rolled_back_at": state.last_index if state.verdict == "roll_back" else None,
        "periods": last.periods,
        "profile": state.metrics[0].profile,
        "sentence": state.sentence,
    }
    if calibration:
        found |= {"calibration": calibration.to_dict(), "warning": calibration.warning}
    return found


def run(arguments: Sequence[str], output: TextIO) -> None:
    """Read the files named on the command line and print the lines.

    Raises:
        RecordingError: If a file cannot be read.
    """
    given = _parser().parse_args(arguments)
    if (given.periods is None) == (given.evidence is None):
        raise RecordingError("name either a file of periods or, with --evidence, that of a canary")
    recorded = read_evidence(given.evidence, given.settings) if given.evidence else _from_csv(given)
    judged = list(replay(recorded.start, recorded.periods))
    end = conclusion([state for state, _ in judged], recorded.start, recorded.calibration)
    items = [*(line(state, period) for state, period in judged), end]
    output.writelines(json.dumps(item) + "\n" for item in items)
    if given.csv:
        write_periods(given.csv, recorded)
    if given.plot:
        points = recorded.points([Point.of(state, period) for state, period in judged])
        plot = draw(points, recorded.start.settings, end["sentence"])
        given.plot.write_text(plot, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tidegate.replay", description=__doc__.split("\n", 1)[0])
    parser.add_argument("periods", type=Path, nargs="?")
    for name in ("--evidence", "--history", "--settings", "--csv", "--plot"):
        parser.add_argument(name, type=Path)
    return parser


def _from_csv(given: argparse.Namespace) -> Recorded:
    settings, exclude = read_settings(given.settings)
    background = read_history(given.history, exclude) if given.history else Background()
    periods = read_periods(given.periods, settings.period_seconds)
    first = start(settings, background.dispersion, background.calibration)
    name = settings.metrics[0].name
    return Recorded([{name: period} for period in periods], first, background.calibration)


def main() -> int:
    """Run the command line and return its exit status."""
    try:
        run(sys.argv[1:], sys.stdout)
    except (OSError, RecordingError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0
