"""Checks of the three storeys: use cases over strategies over parts, each starting what is below."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tests.statemachines.graph import reached_from
from tests.statemachines.machines import LAMBDA, START, SUBSTITUTION, Machine, State, pascal
from tests.statemachines.tasks import NESTED

USE_CASE_TYPES = {"Task", "Choice", "Pass", "Wait", "Map", "Succeed", "Fail"}
MAY_START = {"use case": {"strategy", "part"}, "strategy": {"part"}, "part": set[str]()}


def nested(machine: Machine) -> Iterator[tuple[str, State]]:
    """Every task that starts another machine."""
    return ((name, state) for name, state in machine.tasks() if state.get("Resource", "").startswith(START))


def started(state: State) -> str:
    """The name inside the substitution that a nested start calls: `RollingStateMachine`, without `Arn`."""
    found = SUBSTITUTION.findall(str(state.get("Arguments", {}).get("StateMachineArn", "")))
    return found[0].removesuffix("Arn") if found else ""


def beyond_use_case(machine: Machine) -> Iterator[str]:
    """What a use case may not hold, since it must read like the runbook.

    It may call a function first, to validate and plan, and last, to write the terminal record; whatever
    lies between is a strategy or a part.
    """
    if machine.storey != "use case":
        return
    for name, state in machine.states():
        if state.get("Type") not in USE_CASE_TYPES:
            yield f"{name}: a use case holds no {state.get('Type')} state"
        elif (
            state["Type"] == "Task" and state.get("Resource") != NESTED and not _frames(name, state, machine)
        ):
            yield f"{name}: between its first and last task a use case only starts strategies and parts"


def _frames(name: str, state: State, machine: Machine) -> bool:
    """Whether a task calls a function at the very beginning or the very end of its use case."""
    states = machine.definition["States"]
    if name not in states or state.get("Resource") != LAMBDA:
        return False
    after = reached_from(name, states) - {name}
    is_last = not any(states[other]["Type"] == "Task" for other in after)
    return is_last or name == machine.definition["StartAt"]


def forbidden_start(machine: Machine, machines: Collection[Machine]) -> Iterator[str]:
    """Nested starts of a machine on the same storey or above, or of one that does not exist."""
    storeys = {f"{pascal(other.name)}StateMachine": other.storey for other in machines}
    storeys["StrategyMachinePrefix"] = "strategy"
    for name, state in nested(machine):
        target = started(state)
        if target not in storeys:
            yield f"{name}: starts {target!r}, which is no machine of ours"
        elif storeys[target] not in MAY_START[machine.storey]:
            yield f"{name}: a {machine.storey} may not start the {storeys[target]} {target}"


def nested_without_name(machine: Machine) -> Iterator[str]:
    """Nested starts that would run twice when tried again, because their execution has no name."""
    for name, state in nested(machine):
        if state.get("Resource") != NESTED:
            yield f"{name}: a nested start must be {NESTED}"
        if not str(state.get("Arguments", {}).get("Name", "")).startswith("{%"):
            yield f"{name}: Arguments.Name must be an expression, so that a second try is the same execution"
