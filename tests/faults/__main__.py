"""The fault matrix: `python -m tests.faults [--case GLOB] [--tenth K/N] [--clouds N]`."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.faults import report
from tests.faults.cases import Case, Plan, chosen, planned, tenth
from tests.faults.clouds import AT_ONCE, Clouds
from tests.faults.matrix import Chunk, Result, chunks, groups, needs_sweep
from tests.faults.scenarios import SCENARIOS
from tests.statemachines.machines import load_all

ONCE_FAILED = Path(__file__).with_name("once_failed.txt")
console = Console(highlight=False, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; 0 when every case held."""
    asked = _parser().parse_args(arguments)
    _leave_real_accounts_alone()
    began = time.monotonic()
    clouds = Clouds(asked.clouds, at_once=asked.at_once)
    try:
        plan, wrong = _baseline(clouds)
        cases = _asked(plan, asked)
        console.print(
            f"{len(cases)} of {len(plan.cases)} cases, {time.monotonic() - began:.0f} s after the start"
        )
        results = [] if asked.list else _run(clouds, plan, cases, alone=asked.alone)
        if asked.twice:
            results = _twice(clouds, plan, results)
    finally:
        clouds.stop()
    if asked.list:
        console.print(*(f"{case.name}  [{case.scenario}]" for case in cases), sep="\n", markup=False)
    seconds = round(time.monotonic() - began)
    unreached = [f"{machine}/{state}" for machine, state in plan.unreached]
    page = report.write(results, unreached, _about(asked, results, seconds))
    return _tell(results, cases, unreached, wrong, page, seconds)


def _leave_real_accounts_alone() -> None:
    """Whatever the shell says: nothing here may reach an account of AWS."""
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.update(keys, AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE=os.devnull)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        os.environ.pop(name, None)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument(
        "--case", action="append", help="names of cases, with * for anything; may be repeated"
    )
    parser.add_argument("--tenth", help="one part of the matrix, as 3/10, or `commit` for that of the commit")
    parser.add_argument("--list", action="store_true", help="only find out which cases there are")
    parser.add_argument("--alone", action="store_true", help="no two cases share a story")
    parser.add_argument(
        "--twice",
        action="store_true",
        help="tell what did not hold once more, with nothing beside it: a crowded machine is late",
    )
    parser.add_argument("--clouds", type=int, default=2, help="how many local clouds")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="how many stories at once on each")
    return parser


def _baseline(clouds: Clouds) -> tuple[Plan, list[str]]:
    """Tell each scenario without faults: what it reaches, and what is wrong already."""
    reached: dict[str, Any] = {}
    wrong: list[str] = []
    names = [each.name for each in sorted(SCENARIOS, key=lambda each: -each.seconds)]
    for kind, scenario, *more in clouds.run("baseline", names):
        if kind == "broken":
            wrong.append(f"{scenario}: {more[0]}")
            continue
        played, states = more
        reached[scenario] = {(state.machine, state.state): state for state in states}
        wrong += [f"{scenario}, without any fault: {sentence}" for sentence in played.violations]
    for sentence in wrong:
        console.print(sentence, markup=False)
    report.write_reached(reached)
    return planned(load_all(), [each.name for each in SCENARIOS], reached), wrong


def _asked(plan: Plan, asked: argparse.Namespace) -> list[Case]:
    cases = plan.cases
    if asked.case:
        return sorted({case for pattern in asked.case for case in chosen(cases, pattern)})
    if asked.tenth:
        number, of = _part(asked.tenth)
        console.print(f"Part {number} of {of}, and what has ever failed ({ONCE_FAILED.name})")
        return tenth(cases, number, of, ONCE_FAILED.read_text().splitlines())
    return cases


def _part(text: str) -> tuple[int, int]:
    """`3/10`, or the tenth that the commit's tree names: the same for the same files, whoever merged them."""
    if text != "commit":
        number, _, of = text.partition("/")
        return int(number), int(of)
    asked = ["git", "rev-parse", "HEAD^{tree}"]
    tree = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    return int(tree[:8], 16) % 10, 10


def _run(clouds: Clouds, plan: Plan, cases: Sequence[Case], *, alone: bool) -> list[Result]:
    results: list[Result] = []
    work = chunks(groups(plan, cases, alone=alone))
    plain = bool(os.environ.get("CI")) or not console.is_terminal
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=plain) as progress:
        task = progress.add_task("cases", total=len(cases))
        for sweeps in (False, True):
            if sweeps:
                clouds.sweeping.set()
            for answer in clouds.run("chunk", [chunk for chunk in work if chunk.sweeps == sweeps], plan):
                if answer[0] == "broken":
                    console.print(f"A chunk broke: {answer[1][:300]}\n{answer[2]}", markup=False)
                    continue
                results.append(answer[1])
                progress.advance(task)
                _tell_one(results[-1], len(results), len(cases), plain=plain)
    return results


def _twice(clouds: Clouds, plan: Plan, results: Sequence[Result]) -> list[Result]:
    """Tell each violated case again, one after the other; what holds then is `unsteady`."""
    bad = {result.case: result for result in results if result.verdict == "violated"}
    clouds.sweeping.clear()
    last = sorted(bad, key=lambda case: needs_sweep(plan, case))
    for case in last:
        sweeps = needs_sweep(plan, case)
        if sweeps:
            clouds.sweeping.set()
        chunk = Chunk(case.scenario, ((case,),), sweeps)
        for kind, second, *_ in clouds.run("chunk", [chunk], plan):
            if kind == "result" and second.verdict == "held":
                bad[case] = replace(second, verdict="unsteady", violations=bad[case].violations)
        console.print(f"again: {case.name}: {bad[case].verdict}")
    return [bad.get(result.case, result) for result in results]


def _tell_one(result: Result, number: int, of: int, *, plain: bool) -> None:
    if result.verdict != "held":
        console.print(f"{result.verdict}: {result.case.name} ({result.case.scenario}, {result.seconds} s)")
        for sentence in result.violations:
            console.print(f"    {sentence}", markup=False)
    elif plain and number % 25 == 0:
        console.print(f"{number} of {of}")


def _about(asked: argparse.Namespace, results: Sequence[Result], seconds: int) -> dict[str, Any]:
    part = "chosen cases" if asked.case else f"part {asked.tenth}" if asked.tenth else "the whole matrix"
    return {"what": part, "cases": len(results), "seconds": seconds, "clouds": asked.clouds}


def _tell(
    results: Sequence[Result],
    cases: Sequence[Case],
    unreached: Sequence[str],
    wrong: Sequence[str],
    page: Path,
    seconds: int,
) -> int:
    for name in unreached:
        console.print(f"no scenario reaches {name}")
    counts = Counter(result.verdict for result in results)
    missing = len(cases) - len(results)
    console.print(
        f"{counts['held']} of {len(cases)} cases held, {counts['violated']} violated, {counts['unsteady']} "
        f"held only the second time, {counts['unmet']} not brought about, {missing} without a result, in "
        f"{seconds} s. {page}"
    )
    bad = [
        each for each in results if each.verdict == "violated" or (each.verdict == "unmet" and each.always)
    ]
    return 1 if bad or missing or unreached or wrong or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
