"""How the judge of a canary compares with its peers and with the information bound.

    python bench/judge.py --quick          one core, below a minute; some cells, 200 runs each
    python bench/judge.py --runs 4000      all cells
    python bench/judge.py --recordings build/bench/recordings    only write files for tidegate.replay

Prints tables and writes build/bench/judge.json. Missed requirements are printed as missed; with ``--strict``
they also make the exit status 1.
"""

import argparse
import json
import math
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(threads, "1")  # before numpy: the machine is shared
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "layers" / "tidegate")]

from bench.judge_report import tables  # noqa: E402
from bench.judge_report.late import late  # noqa: E402
from bench.judge_report.plan import QUICK, Plan, run  # noqa: E402
from bench.judge_report.recordings import write_recordings  # noqa: E402
from bench.judge_report.requirements import Requirement, requirements  # noqa: E402


def report(results: dict[str, Any], found: list[Requirement]) -> str:
    """Return all tables."""
    runs = f"{results['runs']} runs a cell ({results['harm_runs']} with harm)"
    head = f"## The judge of a canary: {runs}, {results['seconds']:.0f} s"
    parts = [
        head,
        tables.harmless(results),
        tables.live(results),
        tables.harmful(results),
        late(results),
        tables.peers(results),
        tables.endings(results),
        tables.required(found),
    ]
    return "\n\n".join(parts) + "\n"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="some cells only")
    parser.add_argument("--runs", type=int, help="deployments in a cell (4000; quick: 200)")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a requirement is missed")
    parser.add_argument("--resume", action="store_true", help="go on where an interrupted run ended")
    parser.add_argument("--recordings", type=Path, help="only write recorded deployments into this folder")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench" / "judge.json")
    return parser.parse_args()


def full(runs: int) -> Plan:
    """Return the full plan: a quarter of the runs where harm is looked for."""
    return Plan(runs, max(1, runs // 4))


def finite(value: Any) -> Any:
    """Replace what JSON has no number for (never, not defined) by null."""
    if isinstance(value, dict):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def main() -> int:
    """Run the benchmark."""
    given = arguments()
    if given.recordings:
        print("\n".join(map(str, write_recordings(given.recordings))))
        return 0
    runs = given.runs or (QUICK.runs if given.quick else 4000)
    plan = replace(QUICK, runs=runs, harm_runs=runs) if given.quick else full(runs)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = given.output.with_suffix(".cells.jsonl")
    if not given.resume:
        checkpoint.unlink(missing_ok=True)
    results = run(plan, checkpoint)
    found = requirements(results)
    results["requirements"] = [asdict(one) | {"met": one.met} for one in found]
    given.output.write_text(json.dumps(finite(results), indent=1) + "\n", encoding="utf-8")
    print(report(results, found))
    return int(given.strict and not all(one.met for one in found))


if __name__ == "__main__":
    raise SystemExit(main())
