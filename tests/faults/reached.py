"""What a scenario without faults reaches: the states that it enters, and what they ask of AWS there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from local.demo import watch
from local.sample import Place
from local.sample.place import STACK

READS = re.compile(r"(Get|BatchGet|Describe|List|Query|Scan|Lookup|Head|TransactGet)")
"""How the names of actions begin that change nothing."""
PREFIX = f"{STACK}-"
INVOKE = ("lambda", "Invoke")
START = ("stepfunctions", "StartExecution")
ANSWER = "SendTaskSuccess"

Asked = tuple[str, str]
"""A service and its action."""


@dataclass(frozen=True)
class Reached:
    """A Task state as a scenario met it.

    Attributes:
        function: The step behind it, as `start_deployment`; None where it starts a machine.
        calls: What its function asked of AWS, in order, each once.
        wakers: The functions that answered its task token without being asked by the state itself.
        waits: Whether its function stored a wait.
        is_root: Whether the machine's execution is the one that the scenario begins, and nobody's child.
    """

    machine: str
    state: str
    function: str | None
    calls: tuple[Asked, ...]
    wakers: tuple[str, ...]
    waits: bool
    is_root: bool

    @property
    def full_state(self) -> str:
        """As the local cloud calls the state."""
        return f"{PREFIX}{self.machine}/{self.state}"

    @property
    def changes(self) -> tuple[Asked, ...]:
        """The calls that change something."""
        return tuple(call for call in self.calls if not READS.match(call[1]))

    def public(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def from_public(found: Mapping[str, Any]) -> Reached:
    """The inverse of `Reached.public`."""
    calls = tuple((service, action) for service, action in found["calls"])
    return Reached(**{**found, "calls": calls, "wakers": tuple(found["wakers"])})


def executions_of(place: Place, about: str) -> list[str]:
    """Every execution of any machine whose name or input contains a text, roots first."""
    states = place.client("stepfunctions")
    machines = states.list_state_machines()["stateMachines"]
    found: list[tuple[bool, str]] = []
    for machine in machines:
        for arn in watch.executions(place, machine["name"].removeprefix(PREFIX)):
            given = states.describe_execution(executionArn=arn)["input"]
            if about in arn or about in given:
                found.append(("STARTED_BY_EXECUTION" in given, arn))
    return [arn for _, arn in sorted(found)]


def reached(place: Place, about: str, waits_table: str) -> dict[tuple[str, str], Reached]:
    """The Task states that the executions of a story have entered, from their histories, and their calls.

    Args:
        place: The local cloud.
        about: Text that the inputs of the story's executions contain.
        waits_table: The table in which functions store what waits.
    """
    calls = place.world("GET", f"/calls?about={about}")
    found = {}
    for machine, state, is_root in _entered(place, about):
        full = f"{PREFIX}{machine}/{state}"
        mine = [call for call in calls if call["state"] == full]
        if mine:
            found[machine, state] = _state(machine, state, mine, calls, waits_table, is_root=is_root)
    return found


def _entered(place: Place, about: str) -> Iterable[tuple[str, str, bool]]:
    seen: dict[tuple[str, str, bool], None] = {}
    states = place.client("stepfunctions")
    for arn in executions_of(place, about):
        machine = arn.split(":")[6].removeprefix(PREFIX)
        given = json.loads(states.describe_execution(executionArn=arn)["input"])
        is_root = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID" not in given
        seen |= {(machine, state, is_root): None for state in watch.states_entered(place, arn)}
    return seen


def _state(
    machine: str, state: str, mine: list[Any], every: list[Any], waits_table: str, *, is_root: bool
) -> Reached:
    own = f"{PREFIX}{machine}"
    full = f"{own}/{state}"
    asked = [call for call in mine if call["caller"] != own]
    # An answer that came too late, to a token whose state has ended, was no event that the state waited for.
    answers = [
        call for call in every if call["action"] == ANSWER and call["resource"] == full and not call["error"]
    ]
    wakers = {call["caller"].removeprefix(PREFIX) for call in answers if call["state"] != full}
    invoked = [call["resource"] for call in mine if (call["service"], call["action"]) == INVOKE]
    function = next((_step(name) for name in invoked), None)
    return Reached(
        machine,
        state,
        function,
        tuple(dict.fromkeys((call["service"], call["action"]) for call in asked)),
        tuple(sorted(wakers)),
        any(call["resource"] == waits_table and not READS.match(call["action"]) for call in asked),
        is_root,
    )


def _step(function: str) -> str:
    return function.rpartition(":")[2].removeprefix(PREFIX)
