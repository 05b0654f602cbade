"""Checks of the graph: every arrow leads somewhere, every state is reached, every path ends."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.statemachines.machines import Machine, State

ENDS = {"Succeed", "Fail"}


def arrows(state: State) -> Iterator[tuple[str, str]]:
    """Every (field, target) that leads out of a state."""
    for field in ("Next", "Default"):
        if field in state:
            yield field, state[field]
    for number, rule in enumerate(state.get("Choices", [])):
        yield f"Choices[{number}].Next", rule.get("Next", "")
    for number, catcher in enumerate(state.get("Catch", [])):
        yield f"Catch[{number}].Next", catcher.get("Next", "")


def dangling(machine: Machine) -> Iterator[str]:
    """Arrows, and StartAt, that name a state which their scope does not have."""
    for scope in machine.scopes():
        states = scope.get("States", {})
        if scope.get("StartAt") not in states:
            yield f"StartAt names the missing state {scope.get('StartAt')!r}"
        for name, state in states.items():
            for field, target in arrows(state):
                if target not in states:
                    yield f"{name}: {field} names the missing state {target!r}"


def reached_from(start: str, states: dict[str, State]) -> set[str]:
    """Every state that some path from `start` visits, `start` included."""
    seen: set[str] = set()
    waiting = [start]
    while waiting:
        name = waiting.pop()
        if name not in seen and name in states:
            seen.add(name)
            waiting.extend(target for _, target in arrows(states[name]))
    return seen


def unreachable(machine: Machine) -> Iterator[str]:
    """States that no path from StartAt visits."""
    for scope in machine.scopes():
        states = scope.get("States", {})
        for name in states.keys() - reached_from(scope.get("StartAt", ""), states):
            yield f"{name}: no path leads here"


def _ends(state: State) -> bool:
    return state.get("Type") in ENDS or state.get("End") is True


def endless(machine: Machine) -> Iterator[str]:
    """States without a way on, and states from which no end can be reached."""
    for scope in machine.scopes():
        states: dict[str, Any] = scope.get("States", {})
        for name, state in states.items():
            way_on = any(field in state for field in ("Next", "Choices"))
            if not _ends(state) and not way_on:
                yield f"{name}: has neither Next nor End"
            elif not any(_ends(states[other]) for other in reached_from(name, states)):
                yield f"{name}: no end can be reached from here"


def choice_without_default(machine: Machine) -> Iterator[str]:
    """Choices that fail with States.NoChoiceMatched when nobody thought of a case."""
    for name, state in machine.states():
        if state.get("Type") == "Choice" and "Default" not in state:
            yield f"{name}: has no Default, so an unforeseen value breaks the machine"
