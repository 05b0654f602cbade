"""How states evaluate their fields: variables, context, errors of queries."""

from __future__ import annotations

import re

import pytest

from tests.local.mends.machines import Machines, passing, task


def test_assign_and_output_see_the_same_old_variables(machines: Machines):
    """https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html."""
    # Given a state that changes a variable and reads it in its output
    states = {
        "First": {"Type": "Pass", "Assign": {"n": 1, "m": 5}, "Next": "Second"},
        "Second": {
            "Type": "Pass",
            "Assign": {"n": "{% $n + 1 %}", "m": "{% $n %}"},
            "Output": {"in state": "{% [$n, $m] %}"},
            "Next": "Third",
        },
        "Third": passing({"before": "{% $states.input %}", "after": "{% [$n, $m] %}"}),
    }

    # When it runs
    done = machines.run(states)

    # Then output and assignments read the old values, and the next state the new ones
    assert done.output == {"before": {"in state": [1, 5]}, "after": [2, 1]}


def test_variables_hold_any_text_and_null(machines: Machines):
    text = 'quote " backslash \\ newline \n and {% more %}'
    states = {
        "Keep": {"Type": "Pass", "Assign": {"text": "{% $states.input.text %}", "gone": None}, "Next": "Use"},
        "Use": passing({"text": "{% $text %}", "gone": "{% $gone %}", "is": "{% $gone = null %}"}),
    }

    assert machines.run(states, {"text": text}).output == {"text": text, "gone": None, "is": True}


def test_the_context_object_is_complete(machines: Machines):
    """https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html."""
    machine = machines.make({"Look": passing("{% $states.context %}")})

    done = machines.wait(machines.start(machine, {"a": 1}, name="looking"))

    context, moment = done.output, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    assert context["Execution"].items() >= {"Id": done.arn, "Name": "looking", "Input": {"a": 1}}.items()
    assert context["StateMachine"] == {"Id": machine, "Name": machine.rpartition(":")[2]}
    assert context["State"].items() >= {"Name": "Look", "RetryCount": 0}.items()
    assert re.fullmatch(moment, context["Execution"]["StartTime"])
    assert re.fullmatch(moment, context["State"]["EnteredTime"])


@pytest.mark.parametrize(
    ("state", "field"),
    [
        (
            {"Type": "Pass", "Output": {"a": {"b": ["{% $states.input.missing %}"]}}, "End": True},
            "Output/a/b[0]",
        ),
        ({"Type": "Pass", "Assign": {"x": "{% $states.input.missing %}"}, "End": True}, "Assign/x"),
        ({"Type": "Wait", "Seconds": "{% $states.input.missing %}", "End": True}, "Seconds"),
        ({"Type": "Fail", "Error": "{% $states.input.missing %}"}, "Error"),
    ],
)
def test_an_expression_that_yields_nothing_fails_the_state_and_names_the_field(
    machines: Machines, state: dict[str, object], field: str
):
    done = machines.run({"Try": state})

    assert (done.status, done.error) == ("FAILED", "States.QueryEvaluationError")
    assert done.cause == (
        "An error occurred while executing the state 'Try' (entered at the event id #2). The JSONata "
        f"expression '$states.input.missing' specified for the field '{field}' returned nothing (undefined)."
    )


def test_a_condition_must_be_a_boolean(machines: Machines):
    done = machines.run({"Ask": {"Type": "Choice", "Choices": [{"Condition": "{% 'yes' %}", "Next": "Ask"}]}})

    assert done.error == "States.QueryEvaluationError"
    assert "field 'Choices[0]/Condition'" in done.cause
    assert "Expected 'boolean', but was 'string'" in done.cause


def test_a_choice_without_a_match_says_so(machines: Machines):
    done = machines.run({"Ask": {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "Ask"}]}})

    assert (done.status, done.error) == ("FAILED", "States.NoChoiceMatched")


def test_an_error_in_the_output_of_a_task_can_be_caught(machines: Machines):
    child = machines.make({"Done": {"Type": "Succeed"}})
    states = {
        "Call": task(
            "arn:aws:states:::states:startExecution.sync:2",
            {"StateMachineArn": child},
            Output="{% $states.result.Nothing %}",
            Catch=[
                {
                    "ErrorEquals": ["States.QueryEvaluationError"],
                    "Output": "{% $states.errorOutput %}",
                    "Next": "Say",
                }
            ],
        ),
        "Say": passing("{% $states.input.Error %}"),
    }

    done = machines.run(states)

    assert done.output == "States.QueryEvaluationError"
    assert done.types.count("EvaluationFailed") == 1


def test_states_all_does_not_catch_a_runtime_error(machines: Machines):
    """https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html."""
    states = {
        "Call": task(
            "arn:aws:states:::aws-sdk:sns:publish",
            {"NoSuchField": "x"},
            Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}],
        ),
        "Caught": {"Type": "Succeed"},
    }

    done = machines.run(states)

    assert (done.status, done.error) == ("FAILED", "States.Runtime")


def test_a_map_gives_results_in_order_and_fails_with_the_error_of_its_iteration(machines: Machines):
    each = {
        "StartAt": "Check",
        "States": {
            "Check": {
                "Type": "Choice",
                "Choices": [{"Condition": "{% $states.input = 3 %}", "Next": "Bad"}],
                "Default": "Good",
            },
            "Good": passing("{% $states.input * 10 %}"),
            "Bad": {"Type": "Fail", "Error": "Three", "Cause": "It is three"},
        },
    }
    states = {
        "Each": {
            "Type": "Map",
            "Items": "{% $states.input %}",
            "MaxConcurrency": 2,
            "ItemProcessor": each,
            "Catch": [{"ErrorEquals": ["Three"], "Output": "{% $states.errorOutput %}", "Next": "Say"}],
            "End": True,
        },
        "Say": passing("{% $states.input %}"),
    }
    machine = machines.make(states)

    assert machines.run(machine, [1, 2, 4]).output == [10, 20, 40]
    assert machines.run(machine, [1, 2, 3]).output == {"Error": "Three", "Cause": "It is three"}


def test_hundreds_of_states_take_less_than_a_second(machines: Machines):
    # Given a loop of three states that runs fifty times
    states = {
        "Begin": {"Type": "Pass", "Assign": {"n": 0}, "Next": "Count"},
        "Count": {"Type": "Pass", "Assign": {"n": "{% $n + 1 %}"}, "Next": "Again?"},
        "Again?": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $n < 100 %}", "Next": "Count"}],
            "Default": "End",
        },
        "End": passing("{% $n %}"),
    }

    done = machines.run(states)

    # Then two hundred transitions are through soon, on a busy machine too
    assert done.output == 100
    assert done.seconds < 3


def test_a_definition_that_is_run_twice_keeps_nothing_of_the_first_run(machines: Machines):
    # Given a machine that retries once and then fails
    states = {
        "Call": task(
            "arn:aws:states:::lambda:invoke",
            {"FunctionName": "no-such-function"},
            Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 1}],
        )
    }
    machine = machines.make(states)

    # When it runs twice at the same time
    both = [machines.start(machine), machines.start(machine)]
    ended = [machines.wait(one) for one in both]

    # Then each has tried exactly twice
    assert [one.types.count("TaskFailed") for one in ended] == [2, 2]
    assert {one.error for one in ended} == {"Lambda.ResourceNotFoundException"}
