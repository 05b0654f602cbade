"""Which cells are run, in the quick form and in the full one."""

import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

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
from tidegate.domain.judge import JudgeSettings

from .cells import Outcome, bound, ending, judged, with_live_groups

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


def _plain(results: dict[str, Outcome]) -> dict[str, dict[str, float]]:
    return {
        method: asdict(found) | {"share": found.share, "upper_limit": found.upper_limit}
        for method, found in results.items()
    }


def _harmless(plan: Plan) -> Iterator[dict[str, Any]]:
    for name, families in plan.sets:
        for family in families:
            for rate in plan.traffics:
                rivals = name in {"reference", "held_out"}
                cell = {"set": name, "family": family.name, "rate": rate}
                yield cell | {"methods": _plain(judged(name, family, rate, plan.runs, rivals=rivals))}


def _harmful(plan: Plan) -> Iterator[dict[str, Any]]:
    for family in plan.noisy:
        for rate in plan.traffics:
            for harm in plan.harms:
                found = judged("harm", family, rate, plan.harm_runs, harm, rivals=family is INDEPENDENT)
                cell = {"family": family.name, "rate": rate, "canary_rate": harm}
                yield cell | {"bound": bound(rate, harm), "methods": _plain(found)}


def _live(plan: Plan) -> Iterator[dict[str, Any]]:
    mismatched = [
        family for name, families in plan.sets if name.startswith("mismatch") for family in families
    ]
    for family in (INDEPENDENT, *mismatched):
        for rate in plan.traffics:
            for canary in (BASE_RATE, *plan.harms) if family is INDEPENDENT else (BASE_RATE,):
                runs = plan.runs if canary == BASE_RATE else plan.harm_runs
                cell = {
                    "family": family.name,
                    "rate": rate,
                    "canary_rate": canary,
                    "bound": bound(rate, canary),
                }
                yield cell | {"methods": _plain(with_live_groups(family, rate, runs, canary))}


def _endings(plan: Plan) -> Iterator[dict[str, Any]]:
    harm = JudgeSettings().harm
    for family in (INDEPENDENT, REFERENCE[4]):
        for rate in plan.traffics:
            for canary in (BASE_RATE, BASE_RATE + harm / 2, BASE_RATE + harm):
                for profile in ("calibrated", "robust"):
                    cell = {"family": family.name, "rate": rate, "canary_rate": canary, "profile": profile}
                    yield cell | ending(family, rate, plan.harm_runs, canary, profile)


def run(plan: Plan) -> dict[str, Any]:
    """Run all cells, with a line of progress for each on standard error."""
    began = time.monotonic()
    results: dict[str, Any] = {"runs": plan.runs, "harm_runs": plan.harm_runs}
    parts = {"harmless": _harmless, "harmful": _harmful, "live": _live, "endings": _endings}
    for part, cells in parts.items():
        results[part] = []
        for cell in cells(plan):
            results[part].append(cell)
            names = [
                str(cell[key]) for key in ("set", "family", "rate", "canary_rate", "profile") if key in cell
            ]
            print(
                f"{time.monotonic() - began:7.0f} s  {part}: {', '.join(names)}", file=sys.stderr, flush=True
            )
    results["seconds"] = round(time.monotonic() - began, 1)
    return results
