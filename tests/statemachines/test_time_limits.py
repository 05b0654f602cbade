"""No timeout is shorter than what it wraps, and no wait fills the history of an execution."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args

import pytest

from tests.statemachines.machines import START, Machine, load_all, pascal
from tidegate.contracts.manifest import fields
from tidegate.contracts.manifest.environment_rules import LONGEST_CHECKS, LONGEST_RELEASE_DAYS
from tidegate.contracts.manifest.strategies import fields as strategies
from tidegate.steps.approving import MOST_REQUESTS
from tidegate.steps.await_soak import KEEP
from tidegate.steps.canaries import SILENCE
from tidegate.steps.plan_canary import LONGEST_WAIT, SHORTEST_PAUSE
from tidegate.steps.restore_service import SETTLED_WITHIN
from tidegate.steps.verify_deployment import GRACE
from tidegate.steps.withdrawing import SETTLING

LONGEST_EXECUTION = 365 * fields.DAY
"""https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
MOST_EVENTS = 25_000
"""The same page: an execution with more events fails."""
WAITED = 6
"""Events of a wait for a token that times out: entered, scheduled, started, submitted, timed out, exited."""
CALLED = 5
"""Events of a call: entered, scheduled, started, succeeded, exited."""
PASSED = 2
"""Events of a Choice or a Wait: entered, exited."""

MOST_STEPS = 20
"""Of a canary: `contracts/manifest/strategies/canary.py`."""

MACHINES = {machine.name: machine for machine in load_all()}


def longest(duration: object) -> int:
    """The most that a field of the manifest allows, in seconds."""
    return int(get_args(duration)[1].high)


def limit(machine: str, state: str | None = None) -> int:
    definition = MACHINES[machine].definition
    return int((definition["States"][state] if state else definition)["TimeoutSeconds"])


def nested(machine: Machine) -> Iterator[tuple[str, int, str]]:
    """State, its timeout, and each machine that it may start."""
    ids = {f"{pascal(each.name)}StateMachineArn": each for each in load_all()}
    for name, state in machine.tasks():
        if not state["Resource"].startswith(START):
            continue
        named = re.findall(r"\$\{(\w+)\}", state["Arguments"]["StateMachineArn"])
        children = [ids[each].name for each in named if each in ids]
        strategies = [each.name for each in load_all() if each.storey == "strategy"]
        for child in children or strategies:
            yield name, state["TimeoutSeconds"], child


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_whoever_starts_a_machine_waits_longer_than_it_may_run(machine: Machine):
    for state, seconds, child in nested(machine):
        assert limit(child) < seconds < limit(machine.name), f"{state} of {machine.name} starts {child}"


def test_a_release_may_take_as_long_as_its_manifest_allows():
    assert LONGEST_RELEASE_DAYS * fields.DAY < limit("normal_deployment") <= LONGEST_EXECUTION
    assert limit("deploy") <= LONGEST_EXECUTION


def test_a_release_may_soak_as_long_as_its_manifest_allows():
    assert longest(fields.Pause) < limit("soak")
    assert longest(fields.Pause) < KEEP.total_seconds()


def test_an_approval_may_be_asked_again_as_often_as_what_runs_may_change():
    assert MOST_REQUESTS * (longest(fields.ApprovalTimeout) + 60) < limit("approve")


def test_a_restore_may_wait_for_its_lock_deploy_and_settle():
    # Given
    deploying = longest(fields.DeploymentTimeout)
    settling = SETTLED_WITHIN.total_seconds() + GRACE.total_seconds()
    waiting = limit("restore") - deploying - settling

    # When
    events = (
        waiting / limit("restore", "Acquire lock") * WAITED
        + deploying / limit("restore", "Await deployment") * (WAITED + CALLED + PASSED)
        + settling / MACHINES["restore"].definition["States"]["Wait for health"]["Seconds"]
        * (PASSED + CALLED + PASSED)
    )  # fmt: skip

    # Then
    assert waiting > fields.DAY / 2
    assert events < MOST_EVENTS


def test_the_longest_deployment_fits_into_one_history():
    polls = longest(fields.DeploymentTimeout) / limit("rolling", "Await deployment")
    assert polls * (WAITED + CALLED + PASSED) < MOST_EVENTS
    assert longest(fields.DeploymentTimeout) < limit("rolling")


def test_the_longest_canary_fits_into_one_history():
    # Given
    living, promoting = longest(strategies.CanaryDuration), longest(fields.DeploymentTimeout)
    draining = LONGEST_WAIT.total_seconds()
    each_step = 2 * (WAITED + CALLED + PASSED) + CALLED  # shifted and verified; asked about and answered

    # When
    events = (
        draining / SHORTEST_PAUSE * (CALLED + PASSED + PASSED)
        + living / limit("canary", "Await verdict") * (WAITED + CALLED + PASSED)
        + MOST_STEPS * each_step
        + promoting / limit("canary", "Await deployment") * (WAITED + CALLED + PASSED)
    )  # fmt: skip

    # Then
    assert events < MOST_EVENTS
    assert draining + living + promoting < limit("canary")


def test_the_weights_of_a_canary_have_settled_when_its_tasks_go():
    waited = MACHINES["canary"].definition["States"]["Wait for weights"]["Seconds"]

    assert SETTLING.total_seconds() < waited <= 15


def test_the_longest_blue_green_deployment_fits_into_one_history():
    # Given a bake of a day, and test checks that take as long as those of an environment may
    deploying = longest(fields.DeploymentTimeout)

    # When
    events = (
        deploying / limit("blue_green", "Await deployment") * (WAITED + CALLED + PASSED)
        + LONGEST_CHECKS / limit("blue_green", "Await task") * (WAITED + CALLED + PASSED)
    )  # fmt: skip

    # Then
    assert events < MOST_EVENTS
    assert deploying + LONGEST_CHECKS < limit("blue_green")


def test_a_pulse_is_silent_for_longer_than_it_takes_to_beat_and_found_so_before_the_canary_must_end():
    assert SILENCE.total_seconds() < limit("canary", "Await verdict") < limit("canary") / 100


def test_the_longest_checks_of_an_environment_fit_into_one_verification():
    polls = LONGEST_CHECKS / limit("verify", "Await task")
    assert polls * (WAITED + CALLED + PASSED) < MOST_EVENTS
    assert GRACE.total_seconds() + LONGEST_CHECKS < limit("verify")


def test_the_longest_freeze_fits_into_one_history():
    asked_again = limit("enter_environment") / limit("enter_environment", "Acquire lock")
    assert asked_again * WAITED < MOST_EVENTS
