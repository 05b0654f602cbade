"""Writes recorded deployments of some scenarios, for `python -m tidegate.replay`."""

import csv
from pathlib import Path

from bench.judge_scenarios.families import (
    BASE_RATE,
    HELD_OUT,
    INDEPENDENT,
    MISMATCH,
    STEP_MINUTES,
    STUDY,
    Family,
)
from bench.judge_scenarios.world import World, draw_deployment, draw_history

from .cells import generator

RATE = 50.0
RECORDED: dict[str, tuple[Family, float]] = {
    "clean": (INDEPENDENT, BASE_RATE),
    "bad": (INDEPENDENT, 0.01),
    "slightly_bad": (INDEPENDENT, 0.005),
    "noisy_clean": (STUDY[4], BASE_RATE),
    "noisy_bad": (STUDY[4], 0.01),
    "cold_start": (HELD_OUT[6], BASE_RATE),
    "noisier_than_history": (MISMATCH[1], BASE_RATE),
}


def _write(path: Path, header: list[str], rows: list[list[int]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_recordings(folder: Path) -> list[Path]:
    """Write ``<name>.csv`` and ``<name>_history.csv`` for each scenario and return the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, (family, canary_rate) in RECORDED.items():
        rng = generator("recording", name)
        requests, errors = draw_history(rng, family, RATE, 1)
        data = draw_deployment(World(rng, family, RATE, 1, canary_rate))
        columns = (data.canary_requests, data.canary_errors, data.stable_requests, data.stable_errors)
        minutes = range(data.canary_errors.shape[1])
        rows = [[t, t // STEP_MINUTES, *(int(column[0, t]) for column in columns)] for t in minutes]
        names = ["canary_requests", "canary_errors", "stable_requests", "stable_errors"]
        paths.append(folder / f"{name}.csv")
        _write(paths[-1], ["minute", "step", *names], rows)
        _, zones, length = requests.shape
        rows = [
            [t - length, z, int(requests[0, z, t]), int(errors[0, z, t])]
            for t in range(length)
            for z in range(zones)
        ]
        paths.append(folder / f"{name}_history.csv")
        _write(paths[-1], ["minute", "group", "requests", "errors"], rows)
    return paths
