"""What comes next in a blue/green deployment, and how green is reached before the switch."""

from datetime import UTC, datetime

import pytest

from tidegate.domain.blue_green import carrying, checks_of_green, is_switched, next_move
from tidegate.domain.rollout import Rollout
from tidegate.domain.service import HttpCheck, TaskCheck
from tidegate.domain.strategy import BlueGreenSettings
from tidegate.domain.workload import DeploymentHook, ServiceDeployment

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PAUSE = DeploymentHook("h", "AWAITING_ACTION")
ANSWERED = DeploymentHook("g", "SUCCEEDED")
FUNCTION = DeploymentHook("f", "AWAITING_ACTION", "AWS_LAMBDA")


def rollout(outcome: str = "in_progress", status: str | None = "IN_PROGRESS", **more) -> Rollout:
    if status is None:
        return Rollout(outcome, "Words.")
    return Rollout(outcome, "Words.", None, ServiceDeployment("arn", status, None, NOON, "td", **more))


@pytest.mark.parametrize(
    ("stands", "leaving", "expected"),
    [
        (rollout(), False, "in_progress"),
        (rollout(status=None), False, "in_progress"),
        (rollout(status=None), True, "ended"),
        (rollout(hooks=(ANSWERED, PAUSE)), False, "hook"),
        (rollout(hooks=(ANSWERED, FUNCTION)), False, "in_progress"),
        (rollout(hooks=(PAUSE,)), True, "roll_back"),
        (rollout(status="PENDING"), True, "roll_back"),
        (rollout(status="ROLLBACK_IN_PROGRESS", hooks=(PAUSE,)), False, "in_progress"),
        (rollout(status="STOP_REQUESTED"), True, "in_progress"),
        (rollout("succeeded", "SUCCESSFUL"), True, "ended"),
        (rollout("rolled_back", "ROLLBACK_SUCCESSFUL"), False, "ended"),
    ],
)
def test_what_comes_next(stands: Rollout, leaving: bool, expected: str):
    move = next_move(stands, leaving=leaving, past_no_return=False)

    assert move.outcome == expected
    assert (move.hook == PAUSE) == (expected == "hook")


@pytest.mark.parametrize(("weight", "expected"), [(None, "roll_back"), (0.0, "roll_back"), (100.0, "ended")])
def test_past_the_point_of_no_return_only_a_green_without_users_is_given_up(weight, expected):
    stands = rollout(production_weight=weight)

    assert next_move(stands, leaving=True, past_no_return=True).outcome == expected
    assert next_move(stands, leaving=False, past_no_return=True).outcome == "in_progress"


@pytest.mark.parametrize(
    ("deployment", "expected"),
    [
        (rollout(production_weight=100.0).deployment, True),
        (rollout(production_weight=0.0).deployment, False),
        (rollout().deployment, False),
        (rollout(status="ROLLBACK_IN_PROGRESS", production_weight=100.0).deployment, False),
        (None, False),
    ],
)
def test_a_deployment_is_switched_while_green_has_all_production_traffic(deployment, expected: bool):
    assert is_switched(deployment) is expected


def test_groups_without_weight_carry_nothing():
    assert carrying({"a": 0, "b": 100}) == ("b",)
    assert carrying({"a": 20, "b": 80, "c": 0}) == ("b", "a")
    assert carrying({}) == ()


SETTINGS = BlueGreenSettings(
    "p", "t", ("one", "two"), "role", test_url="https://test:8443", test_headers={"X-Test": "1"},
    test_checks=("a", "b"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("url", "through"),
    [
        ("http://shop.example.com/health?x=1#y", "https://test:8443/health?x=1#y"),
        ("http://shop.example.com:80", "https://test:8443"),
        ("https://shop.example.com?x=http://other/", "https://test:8443?x=http://other/"),
    ],
)
def test_an_address_keeps_all_but_scheme_host_and_port(url: str, through: str):
    # Given
    check = HttpCheck("a", url, headers={"x-test": "0", "accept": "*/*"})

    # When
    (found,) = checks_of_green(SETTINGS, [check])

    # Then
    assert isinstance(found, HttpCheck)
    assert (found.url, found.headers) == (through, {"accept": "*/*", "X-Test": "1"})


def test_checks_that_are_not_named_and_checks_by_task_stay_what_they_are():
    # Given
    task = TaskCheck("b", "app", ("check",))

    # Then
    assert checks_of_green(SETTINGS, [HttpCheck("c", "http://x/"), task]) == (task,)
