"""Reads the state machines of this repository for the tests in this folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "statemachines"
SUBSTITUTION = re.compile(r"\$\{(\w+)\}")

LAMBDA = "arn:aws:states:::lambda:invoke"
START = "arn:aws:states:::states:startExecution"
# The folder of a machine decides what it may hold: see "Three storeys" in docs/decisions.
STOREYS = {".": "use case", "strategies": "strategy", "parts": "part"}

State = dict[str, Any]


@dataclass(frozen=True)
class Machine:
    """One `*.asl.json` file: its name, its storey and its definition."""

    name: str
    storey: str
    definition: dict[str, Any]

    @property
    def text(self) -> str:
        """The definition as text, for searches."""
        return json.dumps(self.definition)

    @property
    def substitutions(self) -> set[str]:
        """The names in `${…}` that the template must fill in."""
        return set(SUBSTITUTION.findall(self.text))

    def scopes(self) -> Iterator[dict[str, Any]]:
        """The machine itself, then every item processor and branch inside it, at any depth."""
        yield from _scopes(self.definition)

    def states(self) -> Iterator[tuple[str, State]]:
        """Every state with its name, those inside Map and Parallel included."""
        for scope in self.scopes():
            yield from scope.get("States", {}).items()

    def tasks(self) -> Iterator[tuple[str, State]]:
        """Every Task state with its name."""
        return ((name, state) for name, state in self.states() if state.get("Type") == "Task")


def _scopes(scope: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield scope
    for state in scope.get("States", {}).values():
        for inner in inner_scopes(state):
            yield from _scopes(inner)


def inner_scopes(state: State) -> list[dict[str, Any]]:
    """The machines inside one state: a Map's item processor, a Parallel's branches."""
    processor = [state["ItemProcessor"]] if "ItemProcessor" in state else []
    return processor + state.get("Branches", [])


def read(path: Path) -> Machine:
    """The machine in the file at `path`."""
    folder = path.parent.relative_to(FOLDER).as_posix()
    name = path.name.removesuffix(".asl.json")
    return Machine(name=name, storey=STOREYS[folder], definition=json.loads(path.read_text()))


def files() -> list[Path]:
    """Every state machine file, in the order of their names."""
    return sorted(FOLDER.rglob("*.asl.json"))


def load_all() -> list[Machine]:
    """Every state machine of this repository."""
    return [read(path) for path in files()]


def conventions() -> dict[str, Any]:
    """The blocks that every machine repeats word for word."""
    content: dict[str, Any] = json.loads((FOLDER / "conventions.json").read_text())
    return content


def pascal(name: str) -> str:
    """`shift_traffic` as `ShiftTraffic`, the form of a logical id in the template."""
    return "".join(word.capitalize() for word in name.split("_"))
