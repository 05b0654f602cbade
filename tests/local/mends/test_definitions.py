"""What is refused when a machine is created."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.mends.machines import ROLE, Machines

END = {"Type": "Succeed"}


@pytest.mark.parametrize(
    ("definition", "problem"),
    [
        ({"StartAt": "B", "States": {"A": END}}, "Missing 'StartAt' target: B at /StartAt"),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}},
            "Missing 'Next' target: B at /States/A/Next",
        ),
        ({"StartAt": "A", "States": {"A": END, "B": END}}, 'State "B" is not reachable. at /States/B'),
        ({"StartAt": "A", "States": {"A": {"Type": "Pass"}}}, "neither Next nor End at /States/A"),
        (
            {
                "StartAt": "A",
                "States": {"A": {"Type": "Choice", "Choices": [{"Condition": "{% true %}", "Next": "C"}]}},
            },
            "Missing 'Next' target: C at /States/A/Choices[0]/Next",
        ),
        (
            {
                "StartAt": "A",
                "States": {
                    "A": {
                        "Type": "Parallel",
                        "End": True,
                        "Branches": [{"StartAt": "X", "States": {"X": {"Type": "Pass", "Next": "Y"}}}],
                    }
                },
            },
            "Missing 'Next' target: Y at /States/A/Branches[0]/States/X/Next",
        ),
        (
            {"StartAt": "A", "States": {"A": {"Type": "Pass", "Output": {"x": "{% 1 + %}"}, "End": True}}},
            "S0207: Unexpected end of expression at /States/A/Output/x",
        ),
        ({"StartAt": "A", "States": {"A": {"Type": "Nonsense"}}}, "SCHEMA_VALIDATION_FAILED"),
    ],
)
def test_a_definition_that_cannot_run_is_refused(
    machines: Machines, definition: dict[str, Any], problem: str
):
    text = json.dumps({"QueryLanguage": "JSONata", **definition})

    with pytest.raises(ClientError) as refused:
        machines.api.create_state_machine(name="refused", definition=text, roleArn=ROLE)

    error = refused.value.response["Error"]
    assert error["Code"] == "InvalidDefinition"
    assert problem in error["Message"]


def test_a_name_that_is_taken_is_only_taken_for_another_definition(machines: Machines):
    arn = machines.make({"A": END}, name="taken")

    assert machines.make({"A": END}, name="taken") == arn
    with pytest.raises(ClientError, match="StateMachineAlreadyExists"):
        machines.make({"B": END}, name="taken")


def test_a_definition_that_is_no_json_is_refused(machines: Machines):
    with pytest.raises(ClientError, match="INVALID_JSON_DESCRIPTION"):
        machines.api.create_state_machine(name="text", definition="StartAt: A", roleArn=ROLE)


def test_a_definition_may_be_asked_about_before_it_is_used(machines: Machines):
    good = {"StartAt": "A", "States": {"A": END}}
    bad = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}}}

    validate = machines.api.validate_state_machine_definition

    assert validate(definition=json.dumps(good))["result"] == "OK"
    found = validate(definition=json.dumps(bad))
    assert found["result"] == "FAIL"
    assert found["diagnostics"][0]["code"] == "MISSING_TRANSITION_TARGET"
