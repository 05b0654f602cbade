"""Reads the stored evidence of a canary, so that it can be judged again."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from tidegate.domain.judge import Calibration, JudgeSettings, JudgeState, Period, start
from tidegate.domain.judge.plot import Point

from .recording import COUNTS, RecordingError


@dataclass(frozen=True)
class Recorded:
    """A recorded deployment.

    Attributes:
        periods: Periods by metric, oldest first.
        start: The judge before the first of them.
        calibration: That of the first metric, where one is known.
        times: When each period began, where known.
        weights: The share that the canary was given in each, where known.
    """

    periods: Sequence[Mapping[str, Period]]
    start: JudgeState
    calibration: Calibration | None = None
    times: Sequence[datetime] = ()
    weights: Sequence[float] = ()

    def points(self, judged: Sequence[Point]) -> list[Point]:
        """Return the points with what the recording knows beyond the counts."""
        if not self.times:
            return list(judged)
        known = zip(judged, self.times, self.weights, strict=True)
        return [replace(point, at=at, weight=weight) for point, at, weight in known]


def read_evidence(path: Path, settings: Path | None = None) -> Recorded:
    """Read `canary.json`; with settings, the judge is the one that they make of the recorded one.

    Raises:
        RecordingError: If it is no such file, or the settings do not fit it.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        recorded = JudgeState.from_json(document["start"])
        changed = json.loads(settings.read_text(encoding="utf-8")) if settings else {}
        first = _changed(recorded, changed, document["calibration"] or {}) if changed else recorded
        names = [metric.name for metric in first.settings.metrics]
        rows = document["periods"]
        return Recorded(
            [_period(row, names, number) for number, row in enumerate(rows)],
            first,
            _calibrations(document["calibration"] or {}).get(names[0]),
            [datetime.fromisoformat(row["at"]) for row in rows],
            [float(row["weight"]) for row in rows],
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise RecordingError(f"{path} cannot be judged again: {error!r}") from error


def _changed(recorded: JudgeState, changed: Mapping[str, Any], calibration: Mapping[str, Any]) -> JudgeState:
    """The judge by other settings; dispersion and calibration are those that the evidence holds."""
    plain = {key: value for key, value in changed.items() if key != "exclude"}
    settings = JudgeSettings.from_dict({**recorded.settings.to_dict(), **plain})
    return start(settings, calibration.get("dispersion", {}), _calibrations(calibration))


def _calibrations(calibration: Mapping[str, Any]) -> dict[str, Calibration]:
    found = calibration.get("metrics", {})
    return {name: Calibration.from_dict(plain) for name, plain in found.items()}


def _period(row: Mapping[str, Any], names: Sequence[str], number: int) -> dict[str, Period]:
    """One period by metric; the groups of stable tasks tell of the first metric."""
    groups = tuple((float(requests), float(bad)) for requests, bad in row.get("groups", ()))
    found = {}
    for name in names:
        canary, canary_bad, stable, stable_bad = map(float, row["figures"][name])
        of_first = groups if name == names[0] else ()
        found[name] = Period(
            canary, canary_bad, stable, stable_bad, number, int(row["step"]), stable_groups=of_first
        )
    return found


def write_periods(path: Path, recorded: Recorded) -> None:
    """Write the periods as CSV that can be replayed: the first metric, and the bad counts of the others."""
    first, *others = (metric.name for metric in recorded.start.settings.metrics)
    more = [f"{side}_{name}" for name in others for side in ("canary", "stable")]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("minute", *COUNTS, "step", *more))
        for number, period in enumerate(recorded.periods):
            lead = period[first]
            bad = [
                count for name in others for count in (period[name].canary_errors, period[name].stable_errors)
            ]
            minute = number if lead.index is None else lead.index
            writer.writerow((minute, *(getattr(lead, count) for count in COUNTS), lead.step, *bad))
