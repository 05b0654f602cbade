"""Every machine's input is explained where its comment says, and has an example."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from tests.statemachines.machines import FOLDER, ROOT, START, Machine, load_all, pascal
from tests.unit.contracts.test_inputs import MODELS, mistakes
from tidegate.contracts.inputs import Action, EvidenceKind

GUIDE = (ROOT / "docs/operators-guide.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (?P<fields>`[^|]*?) \| (?P<middle>[^|]*) \| (?P<what>[^|]*) \|$", re.MULTILINE)
SHARED = {"Comment", "requested_by", "reason"}
FROM_STEP_FUNCTIONS = "AWS_STEP_FUNCTIONS_STARTED_BY_EXECUTION_ID"
"""It ties a child to its parent: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-nested-workflows.html."""
OTHERS = [machine for machine in load_all() if machine.storey != "use case"]


def rows(heading: str) -> dict[str, tuple[str, str]]:
    """Field to (needed or in, what it is), from the table below a heading of the guide."""
    assert GUIDE.count(f"{heading}\n") == 1, heading
    section = GUIDE.partition(f"{heading}\n")[2]
    section = re.split(r"^#", section, maxsplit=1, flags=re.MULTILINE)[0]
    return {
        field: (row["middle"], row["what"])
        for row in ROW.finditer(section)
        for field in re.findall(r"`(\w+)`", row["fields"])
    }


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the names that an input has."""
    return {info.alias or name: info for name, info in model.model_fields.items()}


def path_of(machine: Machine) -> str:
    """The machine's file below statemachines/, without its endings."""
    (found,) = FOLDER.rglob(f"{machine.name}.asl.json")
    return str(found.relative_to(FOLDER)).removesuffix(".asl.json")


def example_of(machine: Machine) -> dict[str, Any]:
    example = json.loads((ROOT / f"events/{path_of(machine)}.json").read_text())
    assert isinstance(example, dict)
    return example


@pytest.mark.parametrize("machine", load_all(), ids=lambda machine: machine.name)
def test_the_comment_of_a_machine_says_where_its_input_is_explained(machine: Machine):
    said = f"Input: docs/operators-guide.md, events/{path_of(machine)}.json"
    assert said in machine.definition["Comment"]
    assert example_of(machine)["Comment"]


def test_every_example_is_that_of_a_machine():
    examples = {str(path.relative_to(ROOT / "events")) for path in (ROOT / "events").rglob("*.json")}
    of_machines = {f"{path_of(machine)}.json" for machine in load_all()}
    assert {each for each in examples if not each.startswith("aws/")} == of_machines


@pytest.mark.parametrize("name", MODELS)
def test_the_guide_explains_every_field_of_an_input_and_no_other(name: str):
    # Given
    fields = fields_of(MODELS[name])

    # When
    explained = rows(f"### `{name}`")

    # Then
    assert set(explained) - SHARED == set(fields) - SHARED
    assert {field for field, (needed, _) in explained.items() if needed == "yes"} == {
        field for field, info in fields.items() if info.is_required()
    }
    for field, (needed, _) in explained.items():
        default = fields[field].default
        if not fields[field].is_required() and default is not None:
            assert needed.replace("`", "") == f"no, {json.dumps(default)}"


def test_the_guide_explains_what_every_input_may_carry():
    assert set(rows("## Inputs, field by field")) == SHARED
    for model in MODELS.values():
        assert set(fields_of(model)) >= SHARED


def test_the_guide_names_every_action_and_every_kind_of_evidence():
    action, evidence = rows("### `operate`")["action"][1], rows("### `rollback`")["evidence"][1]
    assert [each for each in get_args(Action) if f"`{each}`" not in action] == []
    assert [each for each in get_args(get_args(EvidenceKind)[0]) if f"`{each}`" not in evidence] == []


@pytest.mark.parametrize("action", get_args(Action))
def test_the_guide_says_what_an_action_needs(action: str):
    # Given what is said when nothing but the action is given
    needed = {sentence.partition(":")[0] for sentence in mistakes("operate", {"action": action})}

    # Then
    said = {field for field, (when, _) in rows("### `operate`").items() if f"`{action}`" in when}
    assert said == needed


def inputs_given(to: Machine) -> list[dict[str, Any]]:
    """What the use cases start a part or a strategy with."""
    mark = "${StrategyMachinePrefix}" if to.storey == "strategy" else f"${{{pascal(to.name)}StateMachineArn}}"
    return [
        state["Arguments"]["Input"]
        for machine in load_all()
        for _, state in machine.tasks()
        if state["Resource"].startswith(START) and mark in state["Arguments"]["StateMachineArn"]
    ]


@pytest.mark.parametrize("machine", OTHERS, ids=lambda machine: machine.name)
def test_a_part_is_shown_and_explained_with_what_it_is_started_with(machine: Machine):
    # Given
    given = inputs_given(machine)
    explained = rows("### Parts and strategies")

    # Then
    assert given
    for each in given:
        assert set(example_of(machine)) - {"Comment"} == set(each) - {FROM_STEP_FUNCTIONS}
        assert set(each) - {FROM_STEP_FUNCTIONS} <= set(explained)
