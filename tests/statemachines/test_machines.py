"""Every state machine of this repository, held against every rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.statemachines import graph, query, storeys, tasks
from tests.statemachines.machines import ROOT, Machine, files, load_all, pascal, read
from tests.statemachines.template import MACHINE, allowed, resources, substitutions

Check = Callable[[Machine], Iterator[str]]
CHECKS: list[Check] = [
    graph.dangling, graph.unreachable, graph.endless, graph.choice_without_default,
    query.not_jsonata, query.forgotten_braces, query.unreadable, query.unknown_names,
    tasks.without_comment, tasks.without_timeout, tasks.wrong_retry, tasks.retry_outside_tasks,
    tasks.wrong_resource, tasks.wrong_target, tasks.token_not_sent,
    storeys.beyond_use_case, storeys.nested_without_name,
]  # fmt: skip
STRATEGIES = "StrategyMachinePrefix"
FILES = [pytest.param(path, id=path.name.removesuffix(".asl.json")) for path in files()]
MACHINES = [pytest.param(read(path), id=path.name.removesuffix(".asl.json")) for path in files()]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("machine", MACHINES)
def test_every_machine_keeps_every_rule(machine: Machine, check: Check):
    assert list(check(machine)) == []


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_starts_only_machines_of_the_storeys_below(machine: Machine):
    assert list(storeys.forbidden_start(machine, load_all())) == []


def test_all_three_storeys_are_inhabited():
    assert {machine.storey for machine in load_all()} == {"use case", "strategy", "part"}


@pytest.mark.parametrize("path", FILES)
def test_the_template_fills_in_exactly_what_a_machine_asks_for(path: Path):
    # Given
    relative = path.relative_to(ROOT).as_posix()

    # When
    given = substitutions().get(relative)

    # Then
    assert given is not None, f"no AWS::Serverless::StateMachine has DefinitionUri {relative}"
    assert set(given) == read(path).substitutions
    for name, value in given.items():
        if name != STRATEGIES:
            assert value == {"Fn::GetAtt": f"{name.removesuffix('Arn')}.Arn"}


def test_the_template_deploys_no_machine_without_a_file():
    assert set(substitutions()) == {path.relative_to(ROOT).as_posix() for path in files()}


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_may_call_and_start_what_its_states_name_and_nothing_else(machine: Machine):
    # Given
    policies = resources(MACHINE)[f"{pascal(machine.name)}StateMachine"]["Policies"]
    named = {name.removesuffix("Arn") for name in machine.substitutions - {STRATEGIES}}
    if STRATEGIES in machine.substitutions:
        named |= {f"{pascal(other.name)}StateMachine" for other in load_all() if other.storey == "strategy"}

    # When
    granted = allowed(policies, "lambda:InvokeFunction") | allowed(policies, "states:StartExecution")

    # Then
    assert granted == named
