"""Running the test checks against green, before the switch."""

import pytest

from tests.unit.blue_green_stage import DEEP, GATHERING, SMOKE, URL, command, paused, prepared, settings
from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.stage import Stage
from tidegate.domain.outcome import StopSignal
from tidegate.steps.run_test_checks import Command, run

THROUGH = "https://test.example.com:8443/health?deep=1"


def check(stage: Stage, number: int = 1) -> dict:
    return run(Command(**command(stage, round=number)), stage.ports)


def test_requests_go_to_the_test_listener_with_the_test_headers():
    # Given
    stage = paused()
    stage.ports.http.answer(THROUGH)

    # When
    result = check(stage)

    # Then
    assert (result["outcome"], result["tasks"]) == ("passed", [])
    (call,) = stage.ports.http.called("request")
    assert call.arguments[:3] == ("GET", THROUGH, {"accept": "text/plain", "x-test": "1"})


def test_with_headers_alone_the_address_stays():
    # Given
    stage = paused(prepared(settings(test_url=None)))
    stage.ports.http.answer(URL)

    # Then
    assert check(stage)["outcome"] == "passed"


def test_only_the_checks_that_are_named_are_made_and_task_checks_stay_what_they_are():
    # Given
    stage = paused(prepared(settings(test_checks=("deep",))))

    # When
    result = check(stage)

    # Then
    assert result["outcome"] == "passed"
    (task,) = result["tasks"]
    assert (task["name"], task["command"], task["timeout_seconds"]) == (DEEP.name, [], 60)
    assert not stage.ports.http.calls


def test_without_test_checks_green_has_passed():
    assert check(paused(prepared(settings(test_checks=()))))["outcome"] == "passed"


def test_a_check_may_fail_as_often_as_its_attempts_allow_and_then_is_evidence():
    # Given
    stage = paused()
    stage.ports.http.answer(THROUGH, 500)

    # When
    results = [check(stage, number) for number in (1, 2)]

    # Then
    assert [each["outcome"] for each in results] == ["pending", "failed"]
    assert [each["evidence"] for each in results] == [None, "check"]
    assert results[0]["wait_seconds"] == SMOKE.interval_seconds
    assert f"smoke: GET {THROUGH.partition('?')[0]} gave 500 instead of 200." in results[1]["reason"]
    assert any("test_checks.json" in address for address in stage.ports.evidence.documents)


def test_a_release_that_was_told_to_stop_is_not_tested():
    # Given
    stage = paused()
    stage.stop(StopSignal.CANCELLED)

    # Then
    assert check(stage)["outcome"] == "cancelled"
    assert not stage.ports.http.calls


@pytest.mark.parametrize("status", [200, 500])
def test_checking_can_be_tried_again_after_every_failure(status: int):
    def make():
        stage = paused()
        stage.ports.http.answer(THROUGH, status)
        return stage.ports, lambda: check(stage, 2)

    check_repeatable(make, forgiven=FORGIVEN | (GATHERING if status == 500 else set()))
