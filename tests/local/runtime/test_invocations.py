"""Invoking functions as on AWS: what the handler gets, what the caller gets, and how it can go wrong.

https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import json
import re
import time

import pytest
from botocore.exceptions import ClientError

from tests.local.empty_cloud import EmptyCloud

CONTEXT = """
def handler(event, context):
    return {
        "event": event,
        "left": context.get_remaining_time_in_millis(),
        "names": [context.function_name, context.function_version, context.memory_limit_in_mb],
        "arn": context.invoked_function_arn,
        "log": [context.log_group_name, context.log_stream_name],
        "request": context.aws_request_id,
    }
"""


def test_the_handler_gets_the_event_and_a_context(cloud: EmptyCloud):
    # Given a function with 256 MB and a timeout of 7 seconds
    name = cloud.fresh("context")
    arn = cloud.function(CONTEXT, name=name, MemorySize=256, Timeout=7)

    # When it is invoked
    invoked = cloud.invoke(name, {"release": "r-1"})

    # Then it saw the event, itself, and the time it has left
    assert invoked.payload["event"] == {"release": "r-1"}
    assert invoked.payload["names"] == [name, "$LATEST", "256"]
    assert invoked.payload["arn"] == arn
    assert 5000 < invoked.payload["left"] <= 7000
    assert invoked.payload["log"][0] == f"/aws/lambda/{name}"
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", invoked.payload["log"][1])
    assert invoked.answer["StatusCode"] == 200
    assert invoked.error is None


def test_an_exception_becomes_an_error_object(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html."""
    # Given
    function = cloud.function("def handler(e, c):\n    raise KeyError('service')")

    # When
    invoked = cloud.invoke(function)

    # Then
    assert invoked.error == "Unhandled"
    assert invoked.payload["errorType"] == "KeyError"
    assert invoked.payload["errorMessage"] == "'service'"
    assert "handler.py" in invoked.payload["stackTrace"][0]
    assert set(invoked.payload) == {"errorMessage", "errorType", "requestId", "stackTrace"}


def test_a_function_that_takes_too_long_is_ended(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-timeout.html."""
    # Given a function that would sleep for a minute and has one second
    function = cloud.function(
        "import time\ndef handler(e, c):\n    time.sleep(e)\n    return 'awake'", Timeout=1
    )

    # When
    began = time.monotonic()
    invoked = cloud.invoke(function, 60)

    # Then the caller learns of it after one second, and the next event gets a new environment
    assert time.monotonic() - began < 20
    assert invoked.error == "Unhandled"
    assert invoked.payload["errorType"] == "Sandbox.Timedout"
    assert invoked.payload["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert cloud.invoke(function, 0).payload == "awake"


@pytest.mark.parametrize(
    ("last_words", "reason"),
    [
        ("import sys; sys.exit(3)", "exit status 3"),
        ("import os; os._exit(7)", "exit status 7"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "signal: killed"),
    ],
)
def test_an_environment_that_exits_is_reported(cloud: EmptyCloud, last_words: str, reason: str):
    """https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html."""
    # Given
    function = cloud.function(f"def handler(e, c):\n    {last_words}")

    # When
    invoked = cloud.invoke(function)

    # Then
    assert invoked.error == "Unhandled"
    assert invoked.payload["errorType"] == "Runtime.ExitError"
    assert invoked.payload["errorMessage"].endswith(f"Error: Runtime exited with error: {reason}")


@pytest.mark.parametrize(
    ("handler", "code", "error_type"),
    [
        ("handler.handler", "import nowhere", "Runtime.ImportModuleError"),
        ("handler.missing", "", "Runtime.HandlerNotFound"),
        ("handler.handler", "def handler(:", "Runtime.UserCodeSyntaxError"),
        ("handler", "", "Runtime.MalformedHandlerName"),
        ("handler.handler", "def handler(e, c):\n    return object()", "Runtime.MarshalError"),
    ],
)
def test_what_the_runtime_itself_reports(cloud: EmptyCloud, handler: str, code: str, error_type: str):
    """https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html."""
    # Given
    function = cloud.function(code, Handler=handler)

    # When
    invoked = cloud.invoke(function)

    # Then
    assert invoked.error == "Unhandled"
    assert invoked.payload["errorType"] == error_type


def test_events_above_six_megabytes_are_refused(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html."""
    # Given
    function = cloud.function("def handler(e, c):\n    return len(e)")
    client = cloud.client("lambda")

    # When
    fits = cloud.invoke(function, "x" * 6_000_000)
    with pytest.raises(ClientError) as refused:
        client.invoke(FunctionName=function, Payload=json.dumps("x" * 6_291_456))

    # Then
    assert fits.payload == 6_000_000
    assert refused.value.response["Error"]["Code"] == "RequestTooLargeException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413


def test_answers_above_six_megabytes_are_an_error(cloud: EmptyCloud):
    # Given
    function = cloud.function("def handler(e, c):\n    return 'x' * 6_291_456")

    # When
    invoked = cloud.invoke(function)

    # Then
    assert invoked.error == "Unhandled"
    assert invoked.payload["errorType"] == "Function.ResponseSizeTooLarge"


def test_the_tail_of_the_log_comes_with_the_answer_when_asked_for(cloud: EmptyCloud):
    # Given
    function = cloud.function("def handler(e, c):\n    print('said', e)")

    # When
    import base64

    invoked = cloud.invoke(function, "this", LogType="Tail")

    # Then
    log = base64.b64decode(invoked.answer["LogResult"]).decode()
    assert "said this" in log
    assert log.startswith("START RequestId: ")
    assert "REPORT RequestId: " in log


def test_reserved_concurrency_throttles(cloud: EmptyCloud):
    """https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html."""
    # Given a function that nobody may run
    function = cloud.function("def handler(e, c):\n    pass")
    cloud.client("lambda").put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)

    # When
    with pytest.raises(ClientError) as refused:
        cloud.invoke(function)

    # Then
    assert refused.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429


def test_a_missing_function_is_not_found(cloud: EmptyCloud):
    with pytest.raises(ClientError) as refused:
        cloud.invoke("nobody")
    assert refused.value.response["Error"]["Code"] == "ResourceNotFoundException"
