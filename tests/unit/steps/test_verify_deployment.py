"""Verifying that what was deployed is what runs, and that it is healthy."""

from dataclasses import replace

import pytest

from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.examples import ALARM, at
from tests.unit.stage import Stage, deployed, only, planned, revision, task
from tidegate.domain.outcome import StopSignal
from tidegate.domain.strategy import DeploymentAlarms, RollingSettings
from tidegate.domain.workload import TargetState
from tidegate.errors import Transient
from tidegate.steps.verify_deployment import GRACE, Command, run

GROUP = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/checkout-dev/0123"
LATE = GRACE.total_seconds()


def verify(stage: Stage) -> dict:
    return run(Command(**stage.given(task_definition=revision(2), started_at=at(0))), stage.ports)


def with_alarm(state: str | None, choice: str = "refuse") -> Stage:
    alarms = DeploymentAlarms((ALARM,), choice)
    stage = deployed(planned(manifest=only(strategy=RollingSettings(alarms=alarms))))
    if state:
        stage.ports.alarms.known[ALARM] = state
    return stage


def test_what_was_deployed_runs_and_is_healthy():
    # Given
    stage = deployed()
    stage.change(target_groups=(GROUP,))
    stage.ports.target_groups.targets[GROUP] = (TargetState("1", "healthy"), TargetState("2", "healthy"))

    # When
    result = verify(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("passed", None)
    assert {check["status"] for check in result["checks"]} == {"passed"}
    assert {check["name"] for check in result["checks"]} >= {"revision", "tasks", "digests"}


def unhealthy_targets(stage: Stage) -> None:
    stage.change(target_groups=(GROUP,))
    stage.ports.target_groups.targets[GROUP] = (TargetState("1", "unhealthy", "Target.FailedHealthChecks"),)


def too_few_tasks(stage: Stage) -> None:
    stage.change(running=1)
    stage.ports.services.running["dev", "checkout"].pop()


def sick_container(stage: Stage) -> None:
    described = stage.ports.task_definitions.registered[revision(2)]
    described["containerDefinitions"][0]["healthCheck"] = {"command": ["CMD", "true"]}
    first, *others = stage.ports.services.running["dev", "checkout"]
    sick = replace(first, containers=(replace(first.containers[0], health="UNHEALTHY"),))
    stage.ports.services.running["dev", "checkout"] = [sick, *others]


@pytest.mark.parametrize("harm", [unhealthy_targets, too_few_tasks, sick_container])
def test_what_is_not_healthy_when_the_grace_is_over_speaks_against_the_image(harm):
    # Given
    stage = deployed()
    harm(stage)
    stage.ports.clock.advance(LATE)

    # When
    result = verify(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", "health")
    assert "Evidence: s3://" in result["reason"]


@pytest.mark.parametrize("harm", [unhealthy_targets, too_few_tasks])
def test_within_the_grace_it_may_still_become_healthy(harm):
    # Given
    stage = deployed()
    harm(stage)
    stage.ports.clock.advance(LATE - 1)

    # Then
    assert verify(stage)["outcome"] == "pending"
    assert not stage.ports.evidence.documents


def another_revision(stage: Stage) -> None:
    stage.change(task_definition=revision(7), running=0)


def another_digest(stage: Stage) -> None:
    stage.ports.services.running["dev", "checkout"] = [task(n, revision(2), "f") for n in range(2)]


def gone(stage: Stage) -> None:
    stage.ports.services.described.clear()


def no_target_group(stage: Stage) -> None:
    stage.change(target_groups=("arn:gone",))
    too_few_tasks(stage)


@pytest.mark.parametrize("harm", [another_revision, another_digest, gone, no_target_group])
def test_what_is_nobodys_or_somebody_elses_doing_is_not_held_against_the_image(harm):
    # Given
    stage = deployed()
    harm(stage)

    # When
    result = verify(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", None)


def test_tasks_that_do_not_report_their_digests_are_no_evidence():
    # Given
    stage = deployed()
    silent = [
        replace(each, containers=(replace(each.containers[0], digest=None),))
        for each in stage.ports.services.running["dev", "checkout"]
    ]
    stage.ports.services.running["dev", "checkout"] = silent
    stage.ports.clock.advance(LATE)

    # When
    result = verify(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", None)


@pytest.mark.parametrize(
    ("state", "choice", "outcome", "evidence"),
    [
        ("OK", "refuse", "passed", None),
        ("ALARM", "refuse", "failed", "alarm"),
        ("ALARM", "accept", "passed", None),
        (None, "refuse", "failed", None),
    ],
)
def test_a_red_alarm_is_evidence_and_a_missing_one_is_not(state, choice, outcome, evidence):
    # Given
    stage = with_alarm(state, choice)

    # When
    result = verify(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == (outcome, evidence)


def test_an_alarm_is_no_evidence_when_something_else_runs():
    # Given
    stage = with_alarm("ALARM")
    another_revision(stage)

    # Then
    assert verify(stage)["evidence"] is None


def test_where_no_task_is_wanted_nothing_is_proved_and_nothing_held_against_the_image():
    # Given
    stage = deployed()
    stage.change(desired=0, running=0, target_groups=(GROUP,))
    stage.ports.target_groups.targets[GROUP] = ()
    stage.ports.services.running["dev", "checkout"] = []

    # When
    result = verify(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", None)


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_stop_signal_ends_it(signal: StopSignal):
    # Given
    stage = deployed()
    stage.stop(signal, "Enough.")

    # Then
    assert verify(stage) == {"outcome": str(signal), "reason": "Enough.", "evidence": None, "checks": []}


def test_a_target_group_that_cannot_be_read_for_now_is_read_again():
    # Given
    stage = deployed()
    stage.change(target_groups=(GROUP,))
    stage.ports.target_groups.fail("health", Transient("throttled"))

    # Then
    with pytest.raises(Transient):
        verify(stage)


@pytest.mark.parametrize("late", [False, True])
def test_whatever_breaks_trying_again_finishes_it(late: bool):
    def make():
        stage = deployed()
        if late:
            too_few_tasks(stage)
            stage.ports.clock.advance(LATE)
        return stage.ports, lambda: verify(stage)

    gathering = {("services", "tasks"), ("services", "describe"), ("evidence", "put")} if late else set()
    check_repeatable(make, forgiven=FORGIVEN | gathering)
