"""The cases of the matrix: what of a machine meets which fault, and in which scenario."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.faults.kinds import Kind, kinds_of
from tests.faults.reached import Reached
from tests.statemachines.machines import Machine

Place = tuple[str, str]
"""A machine and one of its Task states."""


@dataclass(frozen=True, order=True)
class Case:
    """One fault at one state.

    Attributes:
        machine: As its file is called: `rolling`.
        state: The state's name.
        fault: The kind's name.
        scenario: In which scenario.
    """

    machine: str
    state: str
    fault: str
    scenario: str

    @property
    def name(self) -> str:
        """By which it is run again."""
        return f"{self.machine}/{self.state}/{self.fault}"

    def public(self) -> dict[str, str]:
        """The case as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """All cases, the fault of each, its state as it was met, and the states that no scenario reaches."""

    kinds: Mapping[Case, Kind]
    states: Mapping[Case, Reached]
    unreached: tuple[Place, ...]

    @property
    def cases(self) -> list[Case]:
        """All cases, sorted."""
        return sorted(self.kinds)


def planned(
    machines: Iterable[Machine], scenarios: Sequence[str], reached: Mapping[str, Mapping[Place, Reached]]
) -> Plan:
    """Every fault that applies to each Task state, in the first scenario in which it applies.

    Args:
        machines: What the ASL files hold.
        scenarios: Their names, those to be preferred first.
        reached: Scenario to the states that it enters without any fault, and what they do there.
    """
    kinds: dict[Case, Kind] = {}
    states: dict[Case, Reached] = {}
    unreached: list[Place] = []
    for machine in machines:
        for state, _ in machine.tasks():
            place = (machine.name, state)
            found = [(name, reached[name][place]) for name in scenarios if place in reached.get(name, {})]
            if not found:
                unreached.append(place)
            known: set[str] = set()
            for scenario, each in found:
                for kind in kinds_of(each):
                    if kind.name not in known and (scenario == found[0][0] or kind.anywhere):
                        known.add(kind.name)
                        case = Case(*place, kind.name, scenario)
                        kinds[case], states[case] = kind, each
    return Plan(kinds, states, tuple(unreached))


def kind_of(case: Case, state: Reached) -> Kind:
    """The kind of fault of a case."""
    return next(kind for kind in kinds_of(state) if kind.name == case.fault)


def chosen(cases: Iterable[Case], pattern: str) -> list[Case]:
    """The cases whose names fit a pattern with `*`, regardless of case."""
    return [case for case in cases if fnmatchcase(case.name.lower(), pattern.lower())]


def tenth(cases: Sequence[Case], number: int, of: int, always: Iterable[str] = ()) -> list[Case]:
    """One of `of` parts of about the same size, and the cases that always run.

    A case stays in its part when others come and go.

    Args:
        cases: All of them.
        number: Which part, from 0.
        of: How many parts there are.
        always: Names of cases that are in every part.
    """
    names = set(always)
    return [case for case in cases if case.name in names or _part(case.name, of) == number % of]


def _part(name: str, of: int) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % of


def from_public(case: Mapping[str, Any]) -> Case:
    """The inverse of `Case.public`."""
    return Case(**case)
