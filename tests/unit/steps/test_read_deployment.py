"""Reading how a deployment stands."""

import pytest

from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.examples import at, digest
from tests.unit.stage import URI, Stage, deploying, only, planned, revision, task
from tidegate.domain.outcome import StopSignal
from tidegate.domain.service import BeforeDeploy
from tidegate.domain.workload import ContainerState
from tidegate.errors import Terminal, Transient
from tidegate.steps.read_deployment import Command, run

GATHERING = {
    ("services", "tasks"), ("services", "describe"), ("target_groups", "health"), ("logs", "tail"),
    ("evidence", "put"),
}  # fmt: skip


def read(stage: Stage) -> dict:
    return run(Command(**stage.given(task_definition=revision(2), started_at=at(0))), stage.ports)


def crashed(stage: Stage) -> None:
    """Let a task of the new version crash, and the breaker trip."""
    container = ContainerState("app", f"{URI}@{digest('b')}", digest("b"), "STOPPED", exit_code=1)
    stage.ports.services.stopped["dev", "checkout"] = [
        task(
            9,
            revision(2),
            "b",
            last_status="STOPPED",
            stopped_at=at(20),
            stopped_reason="Essential container in task exited",
            containers=(container,),
            log_streams=(("/ecs/checkout", "app/9"),),
        ),
        task(8, revision(1), "a", last_status="STOPPED", stopped_at=at(20), stopped_reason="Scaling"),
        task(7, revision(2), "b", last_status="STOPPED", stopped_at=at(-900), stopped_reason="Long ago"),
    ]
    stage.ports.logs.streams["/ecs/checkout", "app/9"] = ["Starting.", "Cannot bind port 8080."]
    stage.ports.services.finish("dev", "checkout", "ROLLBACK_SUCCESSFUL", "Tasks failed to start")
    stage.ports.services.remembered["dev", "checkout"] = []
    stage.remember(
        status="ROLLBACK_SUCCESSFUL",
        status_reason="Tasks failed to start",
        created_at=at(2),
        task_definition=revision(2),
        breaker="TRIGGERED",
    )


def test_a_deployment_under_way_has_no_verdict_and_its_progress_is_in_the_journal_once():
    # Given
    stage = deploying()

    # When
    results = [read(stage), read(stage)]

    # Then
    assert [each["outcome"] for each in results] == ["in_progress", "in_progress"]
    assert stage.ports.journal.kinds(stage.release.id) == ["deployment.progress"]


def test_a_deployment_that_ecs_calls_successful_has_succeeded():
    # Given
    stage = deploying()
    stage.ports.services.finish("dev", "checkout")

    # Then
    assert read(stage) == {
        "outcome": "succeeded",
        "reason": "ECS reports the deployment as SUCCESSFUL.",
        "evidence": None,
    }


def test_a_tripped_breaker_is_evidence_and_comes_with_its_analysis():
    # Given
    stage = deploying()
    crashed(stage)

    # When
    result = read(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("rolled_back", "start")
    assert "Essential container in task exited." in result["reason"]
    assert "app ended with exit code 1." in result["reason"]
    assert "Cannot bind port 8080." in result["reason"]
    (address,) = stage.ports.evidence.documents
    assert address in result["reason"]
    assert address.endswith(f"checkout/{stage.release.id}/dev/1/deployment.json")
    document = stage.ports.evidence.documents[address]
    assert [each["stopped_reason"] for each in document["stopped_tasks"]] == [
        "Essential container in task exited"
    ]
    assert document["could_not_be_read"] == []


@pytest.mark.parametrize("error", [Transient("throttled"), Terminal("access denied")])
@pytest.mark.parametrize(("port", "method"), sorted(GATHERING - {("services", "describe")}))
def test_an_analysis_that_cannot_be_made_does_not_hide_the_verdict(port: str, method: str, error: Exception):
    # Given
    stage = deploying()
    crashed(stage)
    stage.change(target_groups=("arn:group",))
    stage.ports.target_groups.targets["arn:group"] = ()
    getattr(stage.ports, port).fail(method, error)

    # When
    result = read(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("rolled_back", "start")
    if port != "evidence":
        (document,) = stage.ports.evidence.documents.values()
        assert str(error) in document["could_not_be_read"][0]


def test_a_target_group_that_is_gone_does_not_hide_the_verdict():
    # Given a service whose load balancer was changed behind our back
    stage = deploying()
    crashed(stage)
    stage.change(target_groups=("arn:gone",))

    # Then
    assert read(stage)["outcome"] == "rolled_back"


@pytest.mark.parametrize("signal", list(StopSignal))
def test_a_stop_signal_ends_a_deployment_under_way(signal: StopSignal):
    # Given
    stage = deploying()
    stage.stop(signal, "Enough.")

    # Then
    assert read(stage) == {"outcome": str(signal), "reason": "Enough.", "evidence": None}


def test_a_deployment_that_is_through_has_succeeded_although_somebody_said_stop():
    # Given
    stage = deploying()
    stage.ports.services.finish("dev", "checkout")
    stage.stop(StopSignal.SUPERSEDED)

    # Then the next gate stops it
    assert read(stage)["outcome"] == "succeeded"


def test_past_the_point_of_no_return_a_stop_signal_waits():
    # Given
    task = BeforeDeploy("app", ("migrate",), point_of_no_return=True)
    stage = deploying(planned(manifest=only(before_deploy=task)))
    stage.ports.releases.mark_point_of_no_return(stage.release.id)
    stage.stop(StopSignal.SUPERSEDED)

    # Then
    assert read(stage)["outcome"] == "in_progress"


def test_a_service_that_is_gone_has_failed():
    # Given
    stage = deploying()
    stage.ports.services.described.clear()

    # When
    result = read(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", None)
    assert "gone" in result["reason"]


def test_a_reason_stays_readable_however_many_containers_crashed():
    # Given
    stage = deploying()
    crashed(stage)
    (crash, *_) = stage.ports.services.stopped["dev", "checkout"]
    many = tuple(ContainerState("c" * 200, "x", None, "STOPPED", exit_code=1) for _ in range(20))
    stage.ports.services.stopped["dev", "checkout"] = [
        task(9, revision(2), "b", stopped_at=crash.stopped_at, containers=many, stop_code="TaskFailedToStart")
    ]

    # Then
    assert len(read(stage)["reason"]) <= 3000


@pytest.mark.parametrize("case", ["under_way", "succeeded", "crashed"])
def test_whatever_breaks_trying_again_finishes_it(case: str):
    def make():
        stage = deploying()
        if case == "succeeded":
            stage.ports.services.finish("dev", "checkout")
        if case == "crashed":
            crashed(stage)
        return stage.ports, lambda: read(stage)

    check_repeatable(make, forgiven=FORGIVEN | (GATHERING if case == "crashed" else set()))
