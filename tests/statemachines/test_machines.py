"""Every state machine of this repository, held against every rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.statemachines import graph, query, storeys, tasks
from tests.statemachines.machines import ROOT, Machine, files, load_all, read
from tests.statemachines.template import TEMPLATE, substitutions

Check = Callable[[Machine], Iterator[str]]
CHECKS: list[Check] = [
    graph.dangling, graph.unreachable, graph.endless, graph.choice_without_default,
    query.not_jsonata, query.forgotten_braces, query.unreadable, query.unknown_names,
    tasks.without_comment, tasks.without_timeout, tasks.wrong_retry, tasks.retry_outside_tasks,
    tasks.wrong_resource, tasks.wrong_target, tasks.token_not_sent,
    storeys.beyond_use_case, storeys.nested_without_name,
]  # fmt: skip
FILES = [pytest.param(path, id=path.name.removesuffix(".asl.json")) for path in files()]
MACHINES = [pytest.param(read(path), id=path.name.removesuffix(".asl.json")) for path in files()]

pytestmark = pytest.mark.skipif(not MACHINES, reason="statemachines/ holds no *.asl.json yet")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("machine", MACHINES)
def test_every_machine_keeps_every_rule(machine: Machine, check: Check):
    assert list(check(machine)) == []


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_starts_only_machines_of_the_storeys_below(machine: Machine):
    assert list(storeys.forbidden_start(machine, load_all())) == []


def test_all_three_storeys_are_inhabited():
    assert {machine.storey for machine in load_all()} == {"use case", "strategy", "part"}


@pytest.mark.skipif(not TEMPLATE.exists(), reason="template.yaml is not there yet")
@pytest.mark.parametrize("path", FILES)
def test_the_template_fills_in_exactly_what_a_machine_asks_for(path: Path):
    # Given
    relative = path.relative_to(ROOT).as_posix()

    # When
    given = substitutions().get(relative)

    # Then
    assert given is not None, f"no AWS::Serverless::StateMachine has DefinitionUri {relative}"
    assert set(given) == read(path).substitutions


@pytest.mark.skipif(not TEMPLATE.exists(), reason="template.yaml is not there yet")
def test_the_template_deploys_no_machine_without_a_file():
    assert set(substitutions()) == {path.relative_to(ROOT).as_posix() for path in files()}
