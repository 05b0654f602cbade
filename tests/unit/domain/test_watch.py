"""What happens after a deployment, and after an execution that stopped too early."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ports import fake_ports
from tests.unit.examples import at, deployment, release
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import release_id
from tidegate.domain.watch import at_risk, ending, rollback_name


@given(st.text())
def test_the_name_of_a_rollback_fits_step_functions(cause: str):
    # Given the longest release id
    longest = release_id("a" * 40, at(0), "abcdef")

    # When
    name = rollback_name(longest, cause)

    # Then
    assert len(name) == 80
    assert re.fullmatch(r"[A-Za-z0-9_-]+", name)
    assert name == rollback_name(longest, cause)


def test_each_cause_has_its_own_rollback():
    assert rollback_name("r", "one") != rollback_name("r", "two")


def test_the_open_deployment_is_at_risk():
    # Given
    ports = fake_ports()
    of = release(ports, touched=("dev", "staging"))
    done = deployment(ports, of, "dev", outcome=Outcome.SUCCEEDED)
    still = deployment(ports, of, "staging", opened=120)

    # Then
    assert at_risk([done, still]) == "staging"
    assert at_risk([done]) is None  # staging was touched, but nothing was changed before it was opened
    assert at_risk([]) is None


@pytest.mark.parametrize(
    ("more", "status", "outcome"),
    [
        ({}, "ABORTED", Outcome.CANCELLED),
        ({}, "FAILED", Outcome.FAILED),
        ({}, "TIMED_OUT", Outcome.FAILED),
        ({}, "UNKNOWN", Outcome.FAILED),
        ({"stop": StopSignal.SUPERSEDED}, "FAILED", Outcome.SUPERSEDED),
        ({"stop": StopSignal.CANCELLED, "stop_reason": "by ada"}, "FAILED", Outcome.CANCELLED),
        ({"stop": StopSignal.ROLLED_BACK}, "ABORTED", Outcome.CANCELLED),
    ],
)
def test_the_ending_of_an_execution_without_a_record(more: dict, status: str, outcome: Outcome):
    found, reason = ending(release(fake_ports(), **more), status, [])
    assert found is outcome
    assert reason.endswith(".") or reason == more["stop_reason"]


def test_what_was_rolled_back_ends_as_rolled_back():
    # Given
    ports = fake_ports()
    of = release(ports, stop=StopSignal.ROLLED_BACK)
    back = deployment(ports, of, "staging", outcome=Outcome.ROLLED_BACK, reason="5xx")

    # Then
    assert ending(of, "ABORTED", [back]) == (Outcome.ROLLED_BACK, "5xx")
