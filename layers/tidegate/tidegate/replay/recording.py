"""Reads recorded periods, histories and settings from files."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from tidegate.domain.judge import Calibration, JudgeSettings, Period, calibrate, estimate_dispersion
from tidegate.domain.judging import LATE_HARM

COUNTS = ("canary_requests", "canary_errors", "stable_requests", "stable_errors")
STEP_RATIO = 1.5  # the odds of the canary's share change by more than this between two steps


class RecordingError(ValueError):
    """A recording or its settings cannot be read."""


@dataclass(frozen=True)
class Background:
    """What was known before the deployment."""

    dispersion: float = 1.0
    calibration: Calibration | None = None


def _minute(text: str, seconds: int = 60) -> int:
    """Return the number of a period, from a number or an ISO 8601 time (UTC where no zone is given)."""
    try:
        return int(text)
    except ValueError:
        moment = datetime.fromisoformat(text)
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() // seconds)


def _rows(path: Path, needed: Sequence[str]) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = set(needed) - set(reader.fieldnames or ())
        if missing:
            raise RecordingError(f"{path}: columns missing: {', '.join(sorted(missing))}")
        return list(reader)


def read_periods(path: Path, period_seconds: int = 60) -> list[Period]:
    """Read recorded periods, oldest first.

    Raises:
        RecordingError: If a column is missing or a value is not a count.
    """
    periods = []
    for number, row in enumerate(_rows(path, ("minute", *COUNTS)), start=2):
        try:
            periods.append(_period(row, period_seconds))
        except ValueError as error:
            raise RecordingError(f"{path}, line {number}: {error}") from error
    periods.sort(key=lambda period: period.index or 0)
    return periods if all(period.step >= 0 for period in periods) else list(_with_steps(periods))


def _period(row: Mapping[str, str], period_seconds: int) -> Period:
    """Return the period of one row; its step is -1 where the recording does not say it."""
    canary_requests, canary_errors, stable_requests, stable_errors = (
        float(row[name] or 0.0) for name in COUNTS
    )
    return Period(
        canary_requests,
        canary_errors,
        stable_requests,
        stable_errors,
        index=_minute(row["minute"], period_seconds),
        step=int(row["step"]) if row.get("step") else -1,
        canary_tasks=float(row["canary_tasks"]) if row.get("canary_tasks") else None,
        stable_tasks=float(row["stable_tasks"]) if row.get("stable_tasks") else None,
    )


def _with_steps(periods: Sequence[Period]) -> Iterator[Period]:
    """Number the steps of a recording that does not say them: a new one where the canary's share changes.

    With few requests a change by chance begins a step too, which only makes blocks of evidence shorter.
    """
    step, odds = 0, 0.0
    for period in periods:
        if period.comparable:
            now = period.canary_requests / period.stable_requests
            changed = odds > 0.0 and not 1.0 / STEP_RATIO <= now / odds <= STEP_RATIO
            step, odds = step + changed, now if changed or odds == 0.0 else odds
        yield replace(period, step=step)


def read_history(path: Path, exclude: Sequence[int] = ()) -> Background:
    """Read a history: of groups, which calibrates, or of the whole service.

    Raises:
        RecordingError: If a column is missing or a value is not a count.
    """
    rows = _rows(path, ("minute", "errors"))
    try:
        minutes = [_minute(row["minute"]) for row in rows]
        if not rows or "group" not in rows[0]:
            return Background(estimate_dispersion(_filled(minutes, [float(row["errors"]) for row in rows])))
        return Background(calibration=_calibrated(rows, minutes, exclude))
    except (KeyError, ValueError) as error:
        raise RecordingError(f"{path}: {error}") from error


def _filled(minutes: Sequence[int], values: Sequence[float]) -> list[float | None]:
    known = dict(zip(minutes, values, strict=True))
    return [known.get(minute) for minute in range(min(known), max(known) + 1)] if known else []


def _calibrated(
    rows: Sequence[Mapping[str, str]], minutes: Sequence[int], exclude: Sequence[int]
) -> Calibration:
    first, last = min(minutes), max(minutes)
    cells: dict[str, dict[int, tuple[float, float]]] = {}
    for row, minute in zip(rows, minutes, strict=True):
        cells.setdefault(row["group"], {})[minute] = (float(row["requests"]), float(row["errors"]))
    groups = [[cells[name].get(minute) for minute in range(first, last + 1)] for name in sorted(cells)]
    return calibrate(groups, frozenset(minute - first for minute in exclude))


def read_settings(path: Path | None) -> tuple[JudgeSettings, list[int]]:
    """Read the judge's settings and the minutes of the history to leave out.

    What is not given is as deployments have it.

    Raises:
        RecordingError: If the file holds something else.
    """
    if path is None:
        return JudgeSettings(late_harm=LATE_HARM), []
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        exclude = [int(minute) for minute in plain.pop("exclude", [])]
        return JudgeSettings.from_dict({"late_harm": LATE_HARM, **plain}), exclude
    except (AttributeError, TypeError, ValueError) as error:
        raise RecordingError(f"{path}: {error}") from error
