"""Running the HTTP checks of an environment."""

import threading
from typing import Any

import pytest

from tests.support.fakes import FakeHttp
from tests.unit.breaking import check_repeatable
from tests.unit.examples import at
from tests.unit.stage import Stage, deployed, only, planned, revision, task
from tidegate.domain.outcome import StopSignal
from tidegate.domain.service import HttpCheck, HttpExpectation, TaskCheck
from tidegate.domain.workload import ContainerState, TargetState
from tidegate.ports import HttpAnswer
from tidegate.steps.run_checks import AT_ONCE, Command, run

URL = "https://dev.example/health"


def check(round_: int = 1, *checks: HttpCheck | TaskCheck, answers: list[HttpAnswer] | None = None) -> Any:
    stage = with_checks(*checks)
    for answer in answers or []:
        stage.ports.http.answer(URL, answer.status or 0, answer.body, answer.elapsed_ms)
    return look(stage, round_)


def with_checks(*checks: HttpCheck | TaskCheck) -> Stage:
    return deployed(planned(manifest=only(checks=checks or (HttpCheck("health", URL),))))


def look(stage: Stage, round_: int = 1) -> dict:
    return run(Command(**stage.given(task_definition=revision(2), round=round_)), stage.ports)


def test_an_answer_as_expected_passes():
    # When
    result = check(answers=[HttpAnswer(200, "fine", 12)])

    # Then
    assert result["outcome"] == "passed"
    assert result["checks"] == [
        {"name": "health", "status": "passed", "reason": f"GET {URL} gave 200 in 12 ms."}
    ]
    assert (result["evidence"], result["tasks"], result["wait_seconds"]) == (None, [], 0)


FAULTS = [
    (HttpExpectation(), HttpAnswer(500, "", 5), "gave 500 instead of 200"),
    (HttpExpectation(status=(200, 204)), HttpAnswer(404, "", 5), "gave 404 instead of 200 or 204"),
    (HttpExpectation(within_ms=100), HttpAnswer(200, "", 101), "took 101 ms; 100 ms are allowed"),
    (HttpExpectation(body_contains="ok"), HttpAnswer(200, "no", 5), "without the expected text"),
    (HttpExpectation(json_equals={"up": True}), HttpAnswer(200, '{"up": false}', 5), "another JSON document"),
    (HttpExpectation(json_equals={"up": True}), HttpAnswer(200, "<html>", 5), "another JSON document"),
]


@pytest.mark.parametrize(("expect", "answer", "fault"), FAULTS)
def test_every_fault_fails_and_is_named(expect: HttpExpectation, answer: HttpAnswer, fault: str):
    # When
    result = check(3, HttpCheck("health", URL, expect=expect), answers=[answer])

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", "check")
    assert result["reason"].startswith(f"health: GET {URL} ")
    assert fault in result["reason"]


@pytest.mark.parametrize(
    ("expect", "answer"),
    [
        (HttpExpectation(status=(204, 302)), HttpAnswer(302, "", 5)),
        (HttpExpectation(within_ms=100), HttpAnswer(200, "", 100)),
        (HttpExpectation(body_contains="ok"), HttpAnswer(200, "all ok", 5)),
        (HttpExpectation(json_equals=[1]), HttpAnswer(200, " [1] ", 5)),
    ],
)
def test_what_is_just_allowed_passes(expect: HttpExpectation, answer: HttpAnswer):
    assert check(1, HttpCheck("health", URL, expect=expect), answers=[answer])["outcome"] == "passed"


def test_no_answer_at_all_fails_with_the_reason():
    assert "gave no answer (The connection was refused)." in check(3)["reason"]


def test_a_check_may_fail_as_often_as_its_attempts_allow():
    # Given
    slow = HttpCheck("health", URL, attempts=3, interval_seconds=7)
    stage = with_checks(slow)
    for status in (500, 500, 200):
        stage.ports.http.answer(URL, status)

    # When
    rounds = [look(stage, number) for number in (1, 2, 3)]

    # Then
    assert [each["outcome"] for each in rounds] == ["pending", "pending", "passed"]
    assert rounds[0]["wait_seconds"] == 7
    assert rounds[0]["checks"] == []


def test_one_check_without_attempts_left_fails_them_all():
    # Given
    stage = with_checks(
        HttpCheck("strict", URL, attempts=1),
        HttpCheck("patient", "https://dev.example/other", attempts=5),
    )

    # When
    result = look(stage)

    # Then
    assert result["outcome"] == "failed"
    assert "strict:" in result["reason"]
    assert "patient:" not in result["reason"]


def test_a_failed_check_carries_what_the_world_says_of_the_failure():
    # Given a task of this deployment crashed, and one of an earlier deployment had done so long before
    stage = with_checks(HttpCheck("health", URL, attempts=1))
    crashed = ContainerState("app", "image", None, "STOPPED", exit_code=137)
    stage.ports.services.stopped["dev", "checkout"] = [
        task(
            number,
            revision(2),
            "b",
            last_status="STOPPED",
            stop_code="EssentialContainerExited",
            stopped_reason=why,
            stopped_at=at(seconds),
            containers=(crashed,),
            log_streams=(("/checkout", "app/1"),),
        )
        for number, why, seconds in ((7, "Long ago.", -600), (8, "Essential container exited.", 30))
    ]
    stage.ports.logs.streams["/checkout", "app/1"] = ["starting", "out of memory"]
    stage.change(target_groups=("arn:group",))
    stage.ports.target_groups.targets["arn:group"] = (TargetState("1", "unhealthy"),)

    # When
    result = look(stage)

    # Then
    assert result["outcome"] == "failed"
    assert result["reason"].startswith(f"health: GET {URL} gave no answer")
    assert "stopped: Essential container exited." in result["reason"]
    assert 'Container app ended with exit code 137. Its last line: "out of memory".' in result["reason"]
    ((address, document),) = stage.ports.evidence.documents.items()
    assert address == f"s3://evidence/checkout/{stage.release.id}/dev/1/checks.json"
    assert result["reason"].endswith(f"Evidence: {address}.")
    assert len(document["stopped_tasks"]) == 1
    assert document["targets"]["arn:group"][0]["state"] == "unhealthy"


def test_a_check_that_is_tried_again_is_not_analysed_yet():
    # Given
    stage = with_checks(HttpCheck("health", URL, attempts=2))

    # Then
    assert look(stage, 1)["outcome"] == "pending"
    assert not stage.ports.evidence.calls


def test_many_slow_checks_take_no_longer_than_the_slowest():
    # Given checks that answer only when all of them have been asked
    together = threading.Barrier(AT_ONCE, timeout=10)

    class Slow(FakeHttp):
        def request(self, method, url, headers, timeout_s):
            together.wait()
            return HttpAnswer(200, "", 5)

    stage = deployed(
        planned(manifest=only(checks=tuple(HttpCheck(f"c{n}", f"{URL}/{n}") for n in range(AT_ONCE))))
    )
    object.__setattr__(stage.ports, "http", Slow())

    # When
    result = look(stage)

    # Then
    assert result["outcome"] == "passed"
    assert [each["name"] for each in result["checks"]] == [f"c{n}" for n in range(AT_ONCE)]


def test_an_answer_is_waited_for_little_longer_than_it_may_take():
    # Given
    stage = with_checks(HttpCheck("slow", URL, expect=HttpExpectation(within_ms=30_000)))

    # When
    look(stage)

    # Then the function's own timeout of 60 s is not reached
    (call,) = stage.ports.http.called("request")
    assert 30 < call.arguments[3] < 40


def test_an_address_is_shown_without_what_may_be_secret():
    # Given
    stage = with_checks(
        HttpCheck("health", "https://user:hunter2@dev.example/health?key=hunter2", attempts=1)
    )

    # When
    result = look(stage)

    # Then
    assert "hunter2" not in str(result)
    assert "GET https://dev.example/health gave no answer" in result["reason"]


def test_task_checks_are_named_for_the_machine_to_run():
    # When
    result = check(1, TaskCheck("integration", "app", ("pytest",), timeout_seconds=30))

    # Then
    assert result["outcome"] == "passed"
    assert result["tasks"] == [
        {
            "name": "integration",
            "container": "app",
            "command": [],
            "kind": "task",
            "timeout_seconds": 30,
        }
    ]


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_stop_signal_ends_it_before_anything_is_asked(signal: StopSignal):
    # Given
    stage = with_checks()
    stage.stop(signal, "Enough.")

    # When
    result = look(stage)

    # Then
    assert (result["outcome"], result["reason"], result["wait_seconds"]) == (str(signal), "Enough.", 0)
    assert not stage.ports.http.calls


def test_whatever_breaks_trying_again_finishes_it():
    def make():
        stage = with_checks()
        stage.ports.http.answer(URL)
        return stage.ports, lambda: look(stage)

    check_repeatable(make)
