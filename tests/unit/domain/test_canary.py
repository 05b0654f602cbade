"""What the machine, the pulse and the sweep may make of a canary."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.domain.canary import (
    LEAVING,
    Canary,
    canary_service,
    expected_shares,
    is_shifted,
    next_weight,
    schedule_name,
    tasks_for,
    tells,
)
from tidegate.domain.strategy import CanaryStep

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
STEPS = (CanaryStep(1), CanaryStep(25), CanaryStep(50))


def canary(**more: Any) -> Canary:
    known = {
        "id": "c", "release": "r", "service": "checkout", "environment": "prod", "attempt": 1, "root": "root",
        "task_definition": "new", "stable_task_definition": "old", "opened_at": NOON,
    }  # fmt: skip
    return Canary(**{**known, **more})


@pytest.mark.parametrize("before", ["none", "advance", "promote", "ask"])
def test_a_decision_replaces_another_as_long_as_the_canary_stays(before: str):
    found = tells(canary(decision=before), "roll_back", "Worse.", "judge")
    assert (found.decision, found.reason, found.evidence) == ("roll_back", "Worse.", "judge")


@pytest.mark.parametrize("before", sorted(LEAVING))
def test_who_leaves_leaves_for_the_first_reason(before: str):
    leaving = canary(decision=before, reason="First.", evidence="alarm")
    assert tells(leaving, "promote", "Second.") == leaving


@pytest.mark.parametrize("phase", ["returning", "withdrawn", "ended"])
def test_what_is_over_is_decided(phase: str):
    assert tells(canary(phase=phase), "fail", "Late.") == canary(phase=phase)


def test_a_promoted_canary_is_decided():
    assert tells(canary(promoted=True), "fail", "Late.") == canary(promoted=True)


def test_evidence_of_an_earlier_decision_does_not_cling_to_the_next():
    asked = canary(decision="ask", reason="No data.")
    assert tells(asked, "fail", "Changed.").evidence is None


@pytest.mark.parametrize(
    ("given", "shifted"),
    [
        ({"decision": "advance", "step": -1}, False),
        ({"decision": "advance", "step": 0}, True),
        ({"decision": "advance", "step": 0, "shifted_at": NOON}, False),
        ({"decision": "none", "step": 0}, False),
    ],
)
def test_a_step_is_shifted_when_its_weight_is_set_and_not_verified(given: dict, shifted: bool):
    assert is_shifted(canary(**given)) is shifted


@pytest.mark.parametrize(("step", "weight"), [(-1, 1), (0, 25), (1, 50), (2, 50)])
def test_the_last_step_keeps_its_weight(step: int, weight: float):
    assert next_weight(canary(step=step), STEPS) == weight


@pytest.mark.parametrize(
    ("given", "shares"),
    [
        ({}, {0}),
        ({"step": 0, "weight": 1.0, "shifted_at": NOON}, {1}),
        ({"decision": "advance"}, {0, 1}),
        ({"decision": "advance", "step": 0, "weight": 1.0, "shifted_at": NOON}, {1, 25}),
        ({"decision": "advance", "step": 1, "weight": 25.0}, {25}),
        ({"decision": "roll_back", "step": 1, "weight": 25.0, "shifted_at": NOON}, {25}),
        ({"phase": "returning", "step": 1, "weight": 25.0}, {0}),
    ],
)
def test_only_who_is_being_shifted_may_have_two_weights(given: dict, shares: set):
    assert expected_shares(canary(**given), STEPS) == shares


@pytest.mark.parametrize(
    ("desired", "percent", "tasks"),
    [(1, 0.1, 1), (1, 95, 1), (10, 10, 1), (10, 10.1, 2), (200, 0.5, 1), (4, 50, 2), (3, 50, 2), (0, 50, 1)],
)
def test_a_share_of_the_traffic_needs_that_share_of_the_tasks(desired: int, percent: float, tasks: int):
    assert tasks_for(desired, percent) == tasks


@given(desired=st.integers(0, 5000), percent=st.floats(0.1, 95))
def test_there_is_always_a_task_and_never_one_too_few(desired: int, percent: float):
    tasks = tasks_for(desired, percent)
    assert tasks >= 1
    assert tasks >= desired * percent / 100 - 1e-6
    assert tasks < desired * percent / 100 + 1 + 1e-6 or tasks == 1


def test_a_schedule_has_a_name_of_its_own_that_is_short_enough():
    names = {
        schedule_name("tidegate", service, environment)
        for service, environment in (("a", "b"), ("a-b", ""), ("a", "b-c"), ("b", "a"))
    }
    assert len(names) == 4
    assert len(schedule_name("s" * 128, "c" * 40, "e" * 40)) <= 64


def test_the_machine_waits_for_its_own_canary():
    assert canary().subject == "canary/c"
    assert canary_service("checkout") == "checkout-canary"
    assert not canary().over
    assert replace(canary(), phase="returning").over
