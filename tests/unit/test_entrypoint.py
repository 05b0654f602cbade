"""The decorator around every step: only two errors leave a Lambda, and no token is ever written down."""

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from tests.support.ports import FakePorts, fake_ports
from tidegate import entrypoint
from tidegate.entrypoint import step
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports

TOKEN = "AAAAKgAAAAIAAAAA-secret-token"


class Command(BaseModel):
    root: str
    attempt: int = 1
    token: str = ""


@dataclass
class Context:
    aws_request_id: str = "request-1"


@dataclass
class Written:
    """What was logged and counted."""

    logged: list[dict[str, Any]] = field(default_factory=list)
    text: str = ""

    def of(self, message: str) -> dict[str, Any]:
        (only,) = [line for line in self.logged if line.get("message") == message]
        return only

    def metrics(self) -> list[tuple[str, str, float]]:
        """Name, kind and value of every metric."""
        return [
            (each["Name"], line["kind"], line[each["Name"]][0])
            for line in self.logged
            if "_aws" in line
            for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
        ]


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> FakePorts:
    fakes = fake_ports()
    monkeypatch.setattr("tidegate.bootstrap.ports", lambda: fakes)
    return fakes


@pytest.fixture
def written(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Everything that was written, read when it is asked for."""
    import sys

    class Out:
        """The log handler keeps the stream that it was made with."""

        def write(self, text: str) -> int:
            return sys.stdout.write(text)

        def flush(self) -> None:
            sys.stdout.flush()

    for handler in entrypoint.logger.registered_handler, *entrypoint.logger.handlers:
        monkeypatch.setattr(handler, "stream", Out(), raising=False)

    def read() -> Written:
        text = "".join(capfd.readouterr())
        lines = [line for line in text.splitlines() if line.startswith("{")]
        return Written([json.loads(line) for line in lines], text)

    return read


def handler(run):
    run.__module__ = "tidegate.steps.example"
    return step(Command, run)


def raising(error: Exception):
    def run(command: Command, ports: Ports) -> dict[str, Any]:
        raise error

    return handler(run)


def test_a_step_gets_its_command_and_its_result_comes_out(ports: FakePorts, written):
    # Given
    seen = []

    def run(command: Command, given: Ports) -> dict[str, Any]:
        seen.append((command, given))
        return {"outcome": "passed", "reason": "Fine."}

    # When
    result = handler(run)({"root": "arn", "release": "r-1", "token": TOKEN, "more": 1}, Context())

    # Then
    assert result == {"outcome": "passed", "reason": "Fine."}
    assert seen == [(Command(root="arn", token=TOKEN), ports)]
    now = written()
    line = now.of("step done")
    assert (line["step"], line["outcome"], line["reason"]) == ("example", "passed", "Fine.")
    assert (line["root"], line["release"], line["correlation_id"]) == ("arn", "r-1", "request-1")
    assert TOKEN not in now.text


def test_what_one_call_was_about_is_not_written_of_the_next(ports: FakePorts, written):
    # Given
    done = handler(lambda command, ports: {"outcome": "passed"})
    done({"root": "arn", "release": "r-1"}, Context())
    written()

    # When
    done({"root": "other"}, Context())

    # Then
    assert "release" not in written().of("step done")


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("access denied")])
def test_the_two_errors_leave_as_they_are_and_are_counted(ports: FakePorts, written, error: Exception):
    # Then
    with pytest.raises(type(error)) as caught:
        raising(error)({"root": "arn"}, Context())
    assert caught.value is error
    now = written()
    line = now.of("step failed")
    assert (line["error"], line["reason"], line["root"]) == (type(error).__name__, str(error), "arn")
    assert now.metrics() == [("StepFailures", "example", 1)]


@pytest.mark.parametrize("error", [ValueError("odd"), KeyError("x"), ZeroDivisionError(), RecursionError()])
def test_every_other_error_is_terminal_with_its_name(ports: FakePorts, written, error: Exception):
    # Then
    with pytest.raises(Terminal, match=f"example broke: {type(error).__name__}: "):
        raising(error)({"root": "arn"}, Context())
    now = written()
    assert "Traceback" in now.of("step broke")["exception"]
    assert now.metrics() == [("StepFailures", "example", 1)]


@pytest.mark.parametrize("error", [Transient, Terminal, ValueError])
def test_a_token_in_an_error_is_written_nowhere(ports: FakePorts, written, error: type[Exception]):
    # Then
    with pytest.raises((Transient, Terminal)) as caught:
        raising(error(f"Invalid token: {TOKEN}"))({"root": "arn", "token": TOKEN}, Context())
    assert caught.type is (Terminal if error is ValueError else error)
    assert "Invalid token: <token>" in str(caught.value)
    assert caught.value.__cause__ is None
    assert TOKEN not in written().text


@pytest.mark.parametrize(
    ("event", "sentence"),
    [
        ({}, "example: root: this field is missing"),
        ({"root": 5}, "example: root: 5 is not allowed; give a string."),
        ({"root": "arn", "attempt": "x"}, "example: attempt: "),
        ("text", "example: input: "),
        (None, "example: input: "),
    ],
)
def test_an_event_of_the_wrong_shape_is_terminal_and_names_the_field(
    ports: FakePorts, written, event: Any, sentence: str
):
    # Given
    never = handler(lambda command, ports: pytest.fail("it ran"))

    # Then
    with pytest.raises(Terminal) as caught:
        never(event, Context())
    assert str(caught.value).startswith(sentence)
    assert written().metrics() == [("StepFailures", "example", 1)]


def test_ports_that_cannot_be_made_are_terminal(monkeypatch: pytest.MonkeyPatch, written):
    # Given
    def broken() -> Ports:
        raise LookupError("LEDGER_TABLE is not set")

    monkeypatch.setattr("tidegate.bootstrap.ports", broken)

    # Then
    with pytest.raises(Terminal, match="LEDGER_TABLE is not set"):
        handler(lambda command, ports: {})({"root": "arn"}, Context())


@pytest.mark.parametrize(
    ("result", "metrics"),
    [
        ({"ignored": "untagged"}, [("EventsIgnored", "untagged", 1)]),
        ({"releases": ["a", "b"]}, [("ReleasesMinted", "all", 2)]),
        ({"outcome": "failed", "record": "x"}, [("ExecutionsEnded", "failed", 1)]),
        ({"found": {"stale_locks": 2, "errors": 0}}, [("SweepFound", "stale_locks", 2)]),
        ({"outcome": "passed"}, []),
    ],
)
def test_what_a_step_says_of_itself_becomes_metrics(ports: FakePorts, written, result: dict, metrics: list):
    # When
    handler(lambda command, ports: result)({"root": "arn"}, Context())

    # Then
    assert written().metrics() == metrics


def test_what_a_step_has_measured_becomes_metrics_and_is_no_part_of_its_result(ports: FakePorts, written):
    # Given
    measured = [
        {"metric": "ApprovalTime", "kind": "approved", "value": 30.5, "unit": "Seconds"},
        {"metric": "DeploymentsEnded", "kind": "succeeded", "value": 1, "unit": "Count"},
    ]

    # When
    result = handler(lambda command, ports: {"outcome": "x", "measured": measured})(
        {"root": "arn"}, Context()
    )

    # Then
    assert result == {"outcome": "x"}
    found = written()
    assert found.metrics() == [("ApprovalTime", "approved", 30.5), ("DeploymentsEnded", "succeeded", 1)]
    units = [
        each["Unit"]
        for line in found.logged
        if "_aws" in line
        for each in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    ]
    assert units == ["Seconds", "Count"]


def test_a_metric_says_of_which_stack_it_is():
    # Given the environment of a function, which is read when it starts
    package = Path(entrypoint.__file__).parents[1]
    environment = {"PYTHONPATH": str(package), "POWERTOOLS_SERVICE_NAME": "tidegate-two"}
    program = "from tidegate.entrypoint import _count; _count('StepFailures', 'pulse')"

    # When
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)

    # Then
    line = json.loads(done.stdout)
    (described,) = line["_aws"]["CloudWatchMetrics"]
    assert sorted(*described["Dimensions"]) == ["kind", "service"]
    assert (line["service"], line["kind"]) == ("tidegate-two", "pulse")
