"""One name runs through every folder: this test walks the lists and demands that they agree."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform

from tests.statemachines.machines import ROOT, Machine, load_all, pascal
from tests.statemachines.tasks import kind
from tests.statemachines.template import FUNCTION, MACHINE, resources, template

STEPS = ROOT / "layers/tidegate/tidegate/steps"
MOST_RESOURCES = 400
# What several steps share: modules below steps/ that no function runs.
NOT_STEPS = {
    "adoption", "analysis", "approval_evidence", "approval_mail", "approving", "bake", "bake_record",
    "blue_green", "canaries", "canary_capacity", "canary_evidence", "canary_figures", "canary_health",
    "canary_preflight", "canary_readiness", "canary_traffic", "forgotten_canaries", "guard",
    "known_good", "measuring", "mint", "missed", "notices", "overdue", "planning", "preempting", "pulsing",
    "recover", "requester", "restoring", "resume", "scope", "signed_in", "status_views", "sticky_clients",
    "watching", "withdrawing",
}  # fmt: skip


def stems(folder: str, pattern: str, prefix: str = "") -> set[str]:
    """The names of the files in a folder, without suffixes and without `prefix`."""
    found = {path.name.split(".")[0].removeprefix(prefix) for path in (ROOT / folder).glob(pattern)}
    return found - {"__init__", "conftest"}


def step_names() -> set[str]:
    names = stems("layers/tidegate/tidegate/steps", "*.py") - NOT_STEPS
    assert names, "there are no steps"
    return names


def use_case_names() -> set[str]:
    names = {machine.name for machine in load_all() if machine.storey == "use case"}
    assert names, "there are no use cases"
    return names


def test_a_step_is_what_a_function_can_run():
    runnable = {
        path.stem for path in STEPS.glob("*.py") if re.search(r"^def run\(", path.read_text(), re.MULTILINE)
    }
    assert runnable == step_names()
    assert stems("layers/tidegate/tidegate/steps", "*.py") >= NOT_STEPS, "NOT_STEPS names what is gone"


def test_every_step_has_its_function_folder():
    assert {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")} == step_names()


def test_every_step_has_its_unit_test():
    assert stems("tests/unit/steps", "test_*.py", "test_") - NOT_STEPS == step_names()


def test_every_step_has_its_function_in_the_template():
    assert set(resources(FUNCTION)) == {f"{pascal(step)}Function" for step in step_names()}


def test_a_function_is_built_from_the_folder_of_its_step():
    # Given
    folders = {f"{pascal(step)}Function": f"functions/{step}" for step in step_names()}

    # When
    declared = {name: function["CodeUri"].rstrip("/") for name, function in resources(FUNCTION).items()}

    # Then
    assert declared == folders


def test_every_machine_has_its_resource_and_its_name_in_the_stack():
    # Given
    machines = {
        f"{pascal(machine.name)}StateMachine": f"${{AWS::StackName}}-{machine.name}" for machine in load_all()
    }

    # When
    declared = {name: machine["Name"].get("Fn::Sub") for name, machine in resources(MACHINE).items()}

    # Then
    assert machines
    assert declared == machines


def invoked_functions(machine: Machine) -> list[tuple[str, str]]:
    """Every (state, function) of a machine, the function as the template names it."""
    found = []
    for name, state in machine.tasks():
        if kind(state) == "Lambda":
            found.append((name, re.sub(r"^\$\{|(Arn)?\}$", "", state["Arguments"]["FunctionName"])))
    return found


@pytest.mark.parametrize("machine", load_all(), ids=lambda machine: machine.name)
def test_a_state_that_calls_a_function_is_named_like_the_step(machine: Machine):
    functions = {f"{pascal(step)}Function": step for step in step_names()}
    for state, function in invoked_functions(machine):
        assert function in functions, f"{state} calls {function}, which is no step"
        expected = functions[function].replace("_", " ").capitalize()
        assert state == expected or state.startswith(f"{expected} "), f"{state!r} should be {expected!r}"


def test_every_use_case_has_its_test_its_event_and_its_row():
    # Given
    names = use_case_names()
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("|")]

    # Then
    assert names - stems("tests/use_cases", "test_*.py", "test_") == set(), (
        "without tests/use_cases/test_*.py"
    )
    assert names - stems("events", "*.json") == set(), "without events/*.json"
    assert names - {name for name in names if any(f"`{name}`" in row for row in rows)} == set(), (
        "without a README row"
    )


def test_every_machine_has_its_runbook():
    # Given
    strategies, parts = (
        {each.name for each in load_all() if each.storey == kind} for kind in ("strategy", "part")
    )
    rows = (ROOT / "docs/runbooks/parts.md").read_text().splitlines()

    # Then a page for each use case and strategy, and a row for each part
    assert stems("docs/runbooks", "*.md") == use_case_names() | strategies | {"parts"}
    assert {row.split("`")[1] for row in rows if row.startswith("| `")} == parts


def test_every_event_is_json():
    events = sorted((ROOT / "events").rglob("*.json"))
    assert events
    assert all(isinstance(json.loads(event.read_text()), dict) for event in events)


class NoManagedPolicies(ManagedPolicyLoader):  # type: ignore[misc]
    """The translator asks IAM for managed policies by name; Tidegate's roles name none."""

    def __init__(self) -> None:
        super().__init__(iam_client=None)

    def load(self) -> dict[str, str]:
        return {}


def translated() -> dict[str, Any]:
    """The template as CloudFormation would get it, with local folders replaced by places in S3."""
    content = json.loads(json.dumps(template()))
    for resource in content["Resources"].values():
        for field in ("CodeUri", "ContentUri", "DefinitionUri"):
            if field in resource.get("Properties", {}):
                resource["Properties"][field] = "s3://bucket/key"
    result: dict[str, Any] = transform(content, {}, NoManagedPolicies())
    return result


def test_the_translated_template_stays_below_the_limit():
    # CloudFormation's limit is 500: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    assert 0 < len(translated()["Resources"]) < MOST_RESOURCES


def test_every_function_runs_the_runtime_we_build_for():
    # Given
    shared = template()["Globals"]["Function"]

    # Then
    assert shared["Runtime"] == "python3.13"
    assert shared["Architectures"] == [{"Ref": "Architecture"}]
    assert shared["Handler"] == "handler.handler"
    for function in resources(FUNCTION).values():
        assert not {"Runtime", "Architectures", "Handler"} & set(function)


def test_the_architecture_is_arm64_unless_said_otherwise():
    parameter = template()["Parameters"]["Architecture"]
    assert parameter["Default"] == "arm64"
    assert sorted(parameter["AllowedValues"]) == ["arm64", "x86_64"]
