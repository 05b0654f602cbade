"""Which cells are run, in the quick form and in the full one."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

from bench.judge_scenarios.families import (
    BASE_RATE,
    HARMS,
    HELD_OUT,
    INDEPENDENT,
    MISMATCH,
    REFERENCE,
    SETS,
    STUDY,
    TRAFFICS,
    Family,
)
from tidegate.domain.judge import JudgeSettings, ProfileName
from tidegate.domain.judging import LATE_HARM

from .cells import Outcome, bound, ending, judged, with_live_groups
from .late import CANARY_RATES, CLEAN_MINUTES, delays

Cell: TypeAlias = tuple[dict[str, Any], Callable[[], Mapping[str, Any]]]  # its name, and how it is measured
LATE_RUNS = 100  # at most; what is looked for is minutes, not a small probability
NOISY = (INDEPENDENT, REFERENCE[2], REFERENCE[4], STUDY[4], STUDY[8], HELD_OUT[0])


@dataclass(frozen=True)
class Plan:
    """How much is run.

    Attributes:
        runs: Deployments in a cell without harm.
        harm_runs: Deployments in a cell with harm, and of those that the certificate may shorten.
        traffics: Requests a second.
        sets: Families without harm, by set.
        noisy: Families in which harm is looked for.
        harms: Error rates of bad canaries.
    """

    runs: int
    harm_runs: int
    traffics: tuple[float, ...] = TRAFFICS
    sets: tuple[tuple[str, tuple[Family, ...]], ...] = tuple(SETS.items())
    noisy: tuple[Family, ...] = NOISY
    harms: tuple[float, ...] = HARMS


QUICK = Plan(
    runs=200,
    harm_runs=200,
    traffics=(50.0,),
    sets=(
        ("reference", REFERENCE),
        ("study", (STUDY[4], STUDY[8])),
        ("held_out", HELD_OUT),
        ("mismatch", MISMATCH[1:2]),
    ),
    noisy=(INDEPENDENT, STUDY[4]),
    harms=(0.005, 0.01, 0.05),
)


def _harmless(plan: Plan) -> Iterator[Cell]:
    for name, families in plan.sets:
        for family in families:
            for rate in plan.traffics:
                rivals = name in {"reference", "held_out"}
                cell = {"set": name, "family": family.name, "rate": rate}
                yield cell, partial(judged, name, family, rate, plan.runs, rivals=rivals)


def _harmful(plan: Plan) -> Iterator[Cell]:
    for family in plan.noisy:
        for rate in plan.traffics:
            for harm in plan.harms:
                cell = {"family": family.name, "rate": rate, "canary_rate": harm, "bound": bound(rate, harm)}
                rivals = family is INDEPENDENT
                yield cell, partial(judged, "harm", family, rate, plan.harm_runs, harm, rivals=rivals)


def _live(plan: Plan) -> Iterator[Cell]:
    mismatched = [one for name, families in plan.sets if name.startswith("mismatch") for one in families]
    for family in (INDEPENDENT, *mismatched):
        for rate in plan.traffics:
            for canary in (BASE_RATE, *plan.harms) if family is INDEPENDENT else (BASE_RATE,):
                runs = plan.runs if canary == BASE_RATE else plan.harm_runs
                cell = {"family": family.name, "rate": rate, "canary_rate": canary}
                yield (
                    cell | {"bound": bound(rate, canary)},
                    partial(with_live_groups, family, rate, runs, canary),
                )


def _endings(plan: Plan) -> Iterator[Cell]:
    harm = JudgeSettings().harm
    profiles: tuple[ProfileName, ...] = ("calibrated", "robust")
    for family in (INDEPENDENT, REFERENCE[4]):
        for rate in plan.traffics:
            for canary in (BASE_RATE, BASE_RATE + harm / 2, BASE_RATE + harm):
                for profile in profiles:
                    cell = {"family": family.name, "rate": rate, "canary_rate": canary, "profile": profile}
                    yield cell, partial(ending, family, rate, plan.harm_runs, canary, profile)


def _late(plan: Plan) -> Iterator[Cell]:
    for rate in plan.traffics:
        for canary in CANARY_RATES:
            for clean in CLEAN_MINUTES:
                cell = {"rate": rate, "canary_rate": canary, "clean": clean}
                yield cell, partial(delays, rate, min(plan.harm_runs, LATE_RUNS), canary, clean)


JUDGED_WITH = (f"late harm {LATE_HARM:g}",) if LATE_HARM else ()  # cells of other settings are not resumed
UNSUMMARISED = {"endings", "late"}
PARTS = {"late": _late, "endings": _endings, "live": _live, "harmless": _harmless, "harmful": _harmful}


def _plain(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the methods' outcomes as plain values."""
    return {
        method: asdict(one) | {"share": one.share, "upper_limit": one.upper_limit}
        for method, one in found.items()
        if isinstance(one, Outcome)
    }


def _kept(checkpoint: Path | None) -> dict[str, dict[str, Any]]:
    """Return the cells of an interrupted run, by their keys."""
    if checkpoint is None or not checkpoint.exists():
        return {}
    lines = [json.loads(line) for line in checkpoint.read_text(encoding="utf-8").splitlines()]
    return {line["key"]: line["cell"] for line in lines}


def run(plan: Plan, checkpoint: Path | None = None) -> dict[str, Any]:
    """Run all cells, with a line of progress for each on standard error.

    Args:
        plan: What is run.
        checkpoint: File that keeps finished cells; those it holds are not run again. Cells are seeded by
            their names, so an interrupted run ends as it would have.
    """
    began, kept = time.monotonic(), _kept(checkpoint)
    results: dict[str, Any] = {"runs": plan.runs, "harm_runs": plan.harm_runs}
    for part, cells in PARTS.items():
        results[part] = []
        for cell, measure in cells(plan):
            name = [str(value) for value in cell.values() if not isinstance(value, dict)]
            key = ", ".join([part, str(plan.runs), *name, *JUDGED_WITH])
            if key not in kept:
                found = measure()
                kept[key] = cell | ({"methods": _plain(found)} if part not in UNSUMMARISED else dict(found))
                _keep(checkpoint, key, kept[key])
                print(f"{time.monotonic() - began:7.0f} s  {key}", file=sys.stderr, flush=True)
            results[part].append(kept[key])
    results["seconds"] = round(time.monotonic() - began, 1)
    return results


def _keep(checkpoint: Path | None, key: str, cell: dict[str, Any]) -> None:
    if checkpoint is not None:
        with checkpoint.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "cell": cell}) + "\n")
