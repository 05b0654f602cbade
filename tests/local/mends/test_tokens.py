"""Task tokens: https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html#connect-wait-token."""

from __future__ import annotations

import json
import time

import pytest
from botocore.exceptions import ClientError

from tests.local.mends.machines import Machines, passing, task

WAIT = "arn:aws:states:::sns:publish.waitForTaskToken"


@pytest.fixture(scope="module")
def topic(server) -> str:
    return server.client("sns").create_topic(Name="tokens")["TopicArn"]


def _waiting(topic: str, **more: object) -> dict[str, object]:
    arguments = {"TopicArn": topic, "Message": {"token": "{% $states.context.Task.Token %}"}}
    return task(WAIT, arguments, **more)


def _token(machines: Machines, execution: str, number: int = 0) -> str:
    """The token that an execution has sent out, or the one of a later attempt."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        events = machines.events(execution)
        sent = [one for one in events if one["type"] == "TaskScheduled"]
        submitted = [one for one in events if one["type"] == "TaskSubmitted"]
        if len(submitted) > number:
            parameters = json.loads(sent[number]["taskScheduledEventDetails"]["parameters"])
            return str(parameters["Message"]["token"])
        time.sleep(0.01)
    raise AssertionError(machines.types(execution))


def _refusal(call, **arguments: str) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    return str(refused.value.response["Error"]["Code"])


def test_an_answer_resumes_the_task_with_its_output(machines: Machines, topic: str):
    execution = machines.start(machines.make({"Wait": _waiting(topic)}))
    token = _token(machines, execution)

    machines.api.send_task_success(taskToken=token, output='{"approved": true}')

    assert machines.wait(execution).output == {"approved": True}


def test_a_second_answer_comes_too_late(machines: Machines, topic: str):
    # Given a task that was answered, in an execution that goes on
    states = {"Wait": _waiting(topic, Next="On"), "On": {"Type": "Wait", "Seconds": 60, "End": True}}
    execution = machines.start(machines.make(states))
    token = _token(machines, execution)
    machines.api.send_task_success(taskToken=token, output="{}")
    machines.wait_for(execution, "WaitStateEntered")

    # When it is answered again, in any way
    codes = {
        _refusal(machines.api.send_task_success, taskToken=token, output="{}"),
        _refusal(machines.api.send_task_failure, taskToken=token),
        _refusal(machines.api.send_task_heartbeat, taskToken=token),
    }

    # Then AWS says that the task is over
    assert codes == {"TaskTimedOut"}
    machines.api.stop_execution(executionArn=execution)


def test_a_token_that_never_was_is_invalid(machines: Machines):
    assert _refusal(machines.api.send_task_success, taskToken="made-up", output="{}") == "InvalidToken"


def test_an_output_that_is_not_json_is_refused_and_the_task_goes_on_waiting(machines: Machines, topic: str):
    execution = machines.start(machines.make({"Wait": _waiting(topic)}))
    token = _token(machines, execution)

    assert _refusal(machines.api.send_task_success, taskToken=token, output="{") == "InvalidOutput"

    machines.api.send_task_success(taskToken=token, output="1")
    assert machines.wait(execution).output == 1


def test_a_failure_keeps_its_cause(machines: Machines, topic: str):
    execution = machines.start(machines.make({"Wait": _waiting(topic)}))
    token = _token(machines, execution)

    machines.api.send_task_failure(taskToken=token, error="Rejected", cause='{"by": "ann"}')

    done = machines.wait(execution)
    assert (done.status, done.error, done.cause) == ("FAILED", "Rejected", '{"by": "ann"}')


def test_every_attempt_has_a_token_of_its_own(machines: Machines, topic: str):
    # Given a task that is tried again when it fails
    retry = [{"ErrorEquals": ["Again"], "IntervalSeconds": 1, "MaxAttempts": 2}]
    execution = machines.start(machines.make({"Wait": _waiting(topic, Retry=retry)}))
    first = _token(machines, execution)

    # When the first attempt is answered with that failure
    machines.api.send_task_failure(taskToken=first, error="Again")
    second = _token(machines, execution, 1)

    # Then the second waits for an answer to another token
    assert second != first
    assert _refusal(machines.api.send_task_success, taskToken=first, output="{}") == "TaskTimedOut"
    machines.api.send_task_success(taskToken=second, output='"second"')
    assert machines.wait(execution).output == "second"


def test_a_task_without_an_answer_times_out_and_its_token_with_it(machines: Machines, topic: str):
    states = {"Wait": _waiting(topic, TimeoutSeconds="{% $states.input.seconds %}")}
    execution = machines.start(machines.make(states), {"seconds": 1})
    token = _token(machines, execution)

    done = machines.wait(execution)

    assert (done.status, done.error) == ("FAILED", "States.Timeout")
    assert 0.9 < done.seconds < 4
    assert _refusal(machines.api.send_task_success, taskToken=token, output="{}") == "TaskTimedOut"


def test_heartbeats_keep_a_task_alive_and_their_absence_ends_it(machines: Machines, topic: str):
    catch = [
        {"ErrorEquals": ["States.HeartbeatTimeout"], "Output": "{% $states.errorOutput %}", "Next": "Say"}
    ]
    states = {
        "Wait": _waiting(topic, HeartbeatSeconds=1, TimeoutSeconds=30, Catch=catch),
        "Say": passing("{% $states.input.Error %}"),
    }
    execution = machines.start(machines.make(states))
    token = _token(machines, execution)
    for _ in range(3):
        time.sleep(0.5)
        machines.api.send_task_heartbeat(taskToken=token)

    done = machines.wait(execution)

    assert done.output == "States.Timeout"
    assert done.seconds > 2


def test_stopping_an_execution_closes_the_token_it_waits_for(machines: Machines, topic: str):
    execution = machines.start(machines.make({"Wait": _waiting(topic)}))
    token = _token(machines, execution)

    machines.api.stop_execution(executionArn=execution, error="Stopped", cause="by a person")

    done = machines.wait(execution, seconds=2)
    assert (done.status, done.error, done.cause) == ("ABORTED", "Stopped", "by a person")
    assert _refusal(machines.api.send_task_success, taskToken=token, output="{}") == "TaskTimedOut"
    assert done.types[-1] == "ExecutionAborted"


def test_an_answer_that_comes_before_the_task_has_begun_to_wait_is_not_lost(machines: Machines, topic: str):
    # Given a function that answers its own token and only then returns
    execution = machines.start(machines.make({"Wait": _waiting(topic)}))
    scheduled = machines.wait_for(execution, "TaskScheduled")
    token = json.loads(scheduled["taskScheduledEventDetails"]["parameters"])["Message"]["token"]

    # When the answer is given at the first moment at which the token is known
    machines.api.send_task_success(taskToken=token, output='"early"')

    # Then the task takes it
    assert machines.wait(execution).output == "early"
