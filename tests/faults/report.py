"""The report: a list of cases as JSON, and a table that shows them all."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from tests.faults.matrix import Result
from tests.faults.reached import Reached
from tests.statemachines.machines import ROOT

FOLDER = ROOT / "build" / "faults"
TEMPLATES = Path(__file__).with_name("templates")


def write(results: Sequence[Result], unreached: Sequence[str], about: dict[str, Any]) -> Path:
    """Write `report.json` and `report.html`; returns where the table is.

    Args:
        results: What became of each case.
        unreached: Names of the states that no scenario reaches.
        about: What is told above the table: seconds, commit, which part of the matrix it was.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = [result.public() for result in sorted(results, key=lambda result: result.case)]
    (FOLDER / "report.json").write_text(json.dumps(rows, indent=1) + "\n")
    page = FOLDER / "report.html"
    page.write_text(table(rows, unreached, about))
    return page


def write_reached(reached: Mapping[str, Mapping[tuple[str, str], Reached]]) -> None:
    """Write down what each scenario reaches without faults."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    found = {name: [state.public() for state in states.values()] for name, states in sorted(reached.items())}
    (FOLDER / "reached.json").write_text(json.dumps(found, indent=1) + "\n")


def table(rows: Sequence[dict[str, Any]], unreached: Sequence[str], about: dict[str, Any]) -> str:
    """The page: machines and states down, faults across."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(["j2"]))
    columns = sorted({column_of(row["fault"]) for row in rows})
    states: dict[str, dict[str, dict[str, list[dict[str, Any]]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    for row in rows:
        states[row["machine"]][row["state"]][column_of(row["fault"])].append(row)
    return environment.get_template("report.html.j2").render(
        columns=columns,
        machines=states,
        counts=Counter(row["verdict"] for row in rows),
        wrong=[row for row in rows if row["verdict"] != "held"],
        unreached=unreached,
        about=about,
    )


def column_of(fault: str) -> str:
    """The column of a fault: lost answers of all calls share one."""
    return "answer of a call lost" if fault.startswith("answer of ") else fault
