"""Dispersion of a canary's errors as a function of its weight, from that between groups of stable tasks."""

from collections.abc import Sequence
from typing import Protocol

LARGEST_DISPERSION = 1e4
MOST_TASKS = 24.0
WINDOW_MINUTES = 10


class Noise(Protocol):
    """What a calibration knows about noise between groups."""

    @property
    def at_one_minute(self) -> float:
        """Dispersion over single minutes."""

    @property
    def largest(self) -> float:
        """Largest dispersion over longer blocks."""

    @property
    def geometry(self) -> float:
        """Turns dispersion between groups into that between two equal sides."""

    @property
    def group_tasks(self) -> float | None:
        """Tasks in one group, where known."""


def task_factors(
    group_tasks: float | None, canary_tasks: float | None, stable_tasks: float | None
) -> tuple[float, float]:
    """Return how many times noisier canary and stable are than a group, which has more or fewer tasks.

    Noise of single tasks averages out; noise of a whole target group would not, so a canary with more tasks
    than a group is not taken to be calmer than a group.
    """
    if not (group_tasks and canary_tasks and stable_tasks):
        return 1.0, 1.0
    canary = min(MOST_TASKS, group_tasks / canary_tasks)
    return (canary, group_tasks / stable_tasks) if canary > 1.0 else (1.0, 1.0)


def weighted_dispersion(
    noise: Noise,
    share: float,
    growth: float = 1.0,
    canary_tasks: float | None = None,
    stable_tasks: float | None = None,
) -> float:
    """Return the dispersion where the canary answers ``share`` of the requests.

    What is there at one minute may be clustered errors, whose dispersion does not depend on the weight, so
    it is charged in full at every weight; what persists is charged as ``share (1 - share)`` has it.
    """
    canary, stable = task_factors(noise.group_tasks, canary_tasks, stable_tasks)
    factor = share * (1.0 - share) * (canary + stable) * noise.geometry
    excess = (noise.at_one_minute - 1.0) * max(1.0, factor / 1.5)
    excess += (noise.largest - noise.at_one_minute) * factor
    return min(LARGEST_DISPERSION, 1.0 + excess * max(1.0, growth))


def error_growth(recent: Sequence[tuple[float, float, float]], errors_per_minute: float) -> float:
    """Return by how much expected errors per minute exceed those of the history, at least 1.

    Args:
        recent: Stable errors, stable requests and all requests of the last minutes, newest last.
        errors_per_minute: Errors per minute of the whole service in its history.
    """
    growth = 1.0
    for window in (recent[-WINDOW_MINUTES:], recent[-1:]):
        errors, requests, total = (
            (sum(column) for column in zip(*window, strict=True)) if window else (0, 0, 0)
        )
        if requests > 0.0 and errors_per_minute > 0.0:
            growth = max(growth, errors / requests * (total / len(window)) / errors_per_minute)
    return growth
