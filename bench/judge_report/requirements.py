"""What is required of the judge, and whether the figures meet it."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.judge_scenarios.families import INDEPENDENT
from bench.judge_scenarios.world import MINUTES

HIGHEST_FALSE = 0.01
HIGHEST_DELAY = 1.75
FASTEST_END = 5.0
# Cells in which the study itself found more than 1 % with 24 hours of history; reported, not required.
STUDY_MISSED = {
    ("lognormal 0.7 held 5 in 25 % of hours, deployed in one", 50.0),
    ("lognormal 0.7 held 5 in 25 % of hours, deployed in one", 500.0),
    ("common ramp + own lognormal 0.7 held 5", 5.0),
}


@dataclass(frozen=True)
class Requirement:
    """One requirement with what was measured.

    Attributes:
        name: What is required, and where.
        measured: The figure.
        limit: What it may be at most, or must be at least where ``least``.
        least: Whether the limit is a lower one.
        note: The upper 95 % limit, or another remark.
    """

    name: str
    measured: float
    limit: float
    least: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the figure meets the limit."""
        return self.measured >= self.limit if self.least else self.measured <= self.limit


def _false_rollbacks(results: dict[str, Any]) -> Iterator[Requirement]:
    for cell in results["harmless"]:
        if cell["set"] not in {"reference", "study"} or (cell["family"], cell["rate"]) in STUDY_MISSED:
            continue
        found = cell["methods"]["calibrated"]
        name = f"false roll-backs, {cell['family']}, {cell['rate']:g} req/s"
        limit = f"upper 95 % limit {100 * found['upper_limit']:.2f} %"
        yield Requirement(name, found["share"], HIGHEST_FALSE, note=limit)


def _delays(results: dict[str, Any]) -> Iterator[Requirement]:
    for part, method in (("harmful", "calibrated"), ("live", "calibrated, live groups")):
        for cell in results[part]:
            limit = cell["bound"]["whole_minutes"] if "bound" in cell else math.inf
            if cell["family"] != INDEPENDENT.name or cell["rate"] != 50.0 or not 0 < limit < math.inf:
                continue
            found = cell["methods"][method]
            name = (
                f"mean delay / whole-minute bound, {method}, {100 * cell['canary_rate']:g} % errors, 50 req/s"
            )
            note = f"{found['mean']:.2f} min, found in {100 * found['share']:.1f} %"
            yield Requirement(name, found["mean"] / limit, HIGHEST_DELAY, note=note)


def _endings(results: dict[str, Any]) -> Iterator[Requirement]:
    for cell in results["endings"]:
        if (
            cell["canary_rate"] == 0.001
            and cell["family"] == INDEPENDENT.name
            and cell["profile"] == "calibrated"
        ):
            name = f"fixed schedule / median end of a clean canary, {cell['rate']:g} req/s"
            note = f"median {cell['median']:g} min, p95 {cell['p95']:g}, of {MINUTES}"
            yield Requirement(name, MINUTES / cell["median"], FASTEST_END, least=True, note=note)


def requirements(results: dict[str, Any]) -> list[Requirement]:
    """Return every requirement that the cells of ``results`` can decide."""
    return [*_false_rollbacks(results), *_delays(results), *_endings(results)]
