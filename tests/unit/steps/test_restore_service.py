"""Bringing a service back to its last known good release, step by step."""

from dataclasses import replace

import pytest

from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.examples import at, deployment, digest, execution_arn, release, service
from tests.unit.stage import (
    URI,
    Stage,
    define,
    deployed,
    deploying,
    entered,
    locked,
    only,
    planned,
    revision,
    task,
)
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.service import BeforeDeploy
from tidegate.domain.workload import EcsDeployment, TargetState
from tidegate.errors import Terminal
from tidegate.steps.restore_service import Command, run
from tidegate.steps.verify_deployment import GRACE

CAUSE = {"outcome": "failed", "reason": "It crashed.", "evidence": "start"}


def restore(stage: Stage, target: str | None = None, started: float = 0) -> dict:
    return run(Command(**stage.given(cause=CAUSE, target=target, started_at=at(started))), stage.ports)


def runs_again(stage: Stage, number: int = 1, letter: str = "a") -> None:
    """Let ECS be done with the newest deployment, which brought a revision back."""
    stage.ports.services.finish(stage.place, "checkout")
    stage.ports.services.running[stage.place, "checkout"] = [
        task(n, revision(number, stage.place), letter) for n in range(2)
    ]


def taken_back(stage: Stage, to: int = 1, letter: str = "a") -> None:
    """Let ECS itself roll the newest deployment back, to some revision."""
    stage.ports.services.finish(stage.place, "checkout", "ROLLBACK_SUCCESSFUL", "Tasks failed to start")
    arn = define(stage.ports, stage.place, to, letter)
    primary = EcsDeployment("ecs-svc/9", "PRIMARY", arn, 2, 2, 0, 0, "COMPLETED")
    stage.change(task_definition=arn, deployments=(primary,))
    stage.ports.services.running[stage.place, "checkout"] = [task(n, arn, letter) for n in range(2)]


def deploys(stage: Stage) -> list[str]:
    return [call.arguments[3] for call in stage.ports.services.called("deploy")][1:]


def older(stage: Stage, letter: str, opened: float, number: int, **more) -> str:
    """Let one more release have been deployed here before; returns its id."""
    known = release(stage.ports, letter=letter, pushed=opened - 60, salt=960 + number)
    stage.ports.registry.push("checkout", f"1.0.{letter}", digest(letter), at(opened - 60))
    arn = define(stage.ports, stage.place, number, letter)
    images = {"app": f"{URI}@{digest(letter)}"}
    given = {"outcome": Outcome.SUCCEEDED, "task_definition": arn, "images": images, **more}
    deployment(stage.ports, known, stage.place, opened=opened, **given)
    return known.id


def test_a_release_that_runs_and_is_bad_is_replaced_by_the_last_known_good_one():
    # Given
    stage = deployed()

    # When
    first = restore(stage)
    second = restore(stage)
    runs_again(stage)
    third = restore(stage)

    # Then
    assert [each["outcome"] for each in (first, second, third)] == ["restoring", "restoring", "rolled_back"]
    assert deploys(stage) == [revision(1)]
    assert third["to_images"] == {"app": f"{URI}@{digest('a')}"}
    assert third["task_definition"] == revision(1)
    assert "checkout-20261123T100000Z-000384 again" in third["reason"]


def test_a_deployment_in_flight_is_stopped_once_and_ecs_takes_it_back():
    # Given
    stage = deploying()

    # When
    results = [restore(stage), restore(stage)]

    # Then
    assert [each["outcome"] for each in results] == ["restoring", "restoring"]
    assert [each.status for each in stage.ports.services.deployments(None, "dev", "checkout")] == [
        "STOP_REQUESTED"
    ]
    assert len(stage.ports.services.called("stop")) == 1
    assert deploys(stage) == []

    # When
    taken_back(stage)

    # Then
    assert restore(stage)["outcome"] == "rolled_back"
    assert deploys(stage) == []


def test_ecs_that_went_back_to_something_neither_old_nor_new_is_corrected():
    # Given ECS went back to a revision that somebody deployed by hand
    stage = deploying()
    taken_back(stage, to=7, letter="f")

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "restoring"
    assert deploys(stage) == [revision(1)]


def test_a_good_release_that_was_deployed_a_moment_before_the_bad_one_is_no_failed_rollback():
    # Given the good release's own deployment is only seconds old, and the bad one runs
    stage = entered()
    stage.remember(status="SUCCESSFUL", created_at=at(-20), task_definition=revision(1))
    stage.remember(status="SUCCESSFUL", created_at=at(-5), task_definition=revision(2))
    stage.change(task_definition=revision(2))

    # Then
    assert restore(stage)["outcome"] == "restoring"
    assert [call.arguments[3] for call in stage.ports.services.called("deploy")] == [revision(1)]


def test_a_bad_deployment_seconds_after_the_good_one_that_ecs_took_back_is_no_failed_rollback():
    # Given
    stage = entered()
    stage.remember(status="SUCCESSFUL", created_at=at(-20), task_definition=revision(1))
    stage.remember(status="ROLLBACK_SUCCESSFUL", created_at=at(-5), task_definition=revision(2))

    # Then
    assert restore(stage)["outcome"] == "rolled_back"


@pytest.mark.parametrize("status", ["ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "STOPPED"])
def test_a_known_good_release_that_does_not_start_any_more_is_told(status: str):
    # Given
    stage = deployed()
    restore(stage)
    stage.ports.services.finish("dev", "checkout", status, "Tasks failed to start.")
    stage.change(task_definition=revision(2))

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "failed"
    assert "The rollback itself failed: ECS ended it as" in result["reason"]
    assert "Tasks failed to start. The service runs checkout-dev:2." in result["reason"]
    assert deploys(stage) == [revision(1)]


def test_while_ecs_takes_the_rollback_itself_back_nothing_is_deployed_again():
    # Given
    stage = deployed()
    restore(stage)
    newest, *others = stage.ports.services.remembered["dev", "checkout"]
    stage.ports.services.remembered["dev", "checkout"] = [
        replace(newest, status="ROLLBACK_IN_PROGRESS"),
        *others,
    ]
    stage.change(task_definition=revision(2))

    # Then
    assert restore(stage)["outcome"] == "restoring"
    assert deploys(stage) == [revision(1)]


def test_health_that_is_not_known_yet_is_waited_for_and_not_for_ever():
    # Given
    stage = deployed()
    restore(stage)
    runs_again(stage)
    initial_targets(stage)

    # When
    early = restore(stage)
    stage.ports.clock.advance(1800 + GRACE.total_seconds())
    late = restore(stage)

    # Then
    assert early["outcome"] == "settling"
    assert late["outcome"] == "failed"
    assert "was brought back but is not healthy" in late["reason"]


def initial_targets(stage: Stage) -> None:
    stage.change(target_groups=("arn:group",))
    stage.ports.target_groups.targets["arn:group"] = (TargetState("1", "initial"),)


def test_health_gets_its_time_however_long_ecs_took_to_bring_the_release_back():
    # Given ECS took all the time that it is allowed
    stage = deployed()
    restore(stage)
    stage.ports.clock.advance(1800 + GRACE.total_seconds())
    runs_again(stage)
    initial_targets(stage)

    # When
    first = restore(stage)
    stage.ports.clock.advance(1800 + GRACE.total_seconds() - 1)
    last_moment = restore(stage)
    stage.ports.clock.advance(1)
    late = restore(stage)

    # Then
    assert [each["outcome"] for each in (first, last_moment, late)] == ["settling", "settling", "failed"]


def test_health_gets_its_time_again_when_somebody_else_deployed_meanwhile():
    # Given it was about to be given up
    stage = deployed()
    restore(stage)
    runs_again(stage)
    initial_targets(stage)
    restore(stage)
    stage.ports.clock.advance(1800 + GRACE.total_seconds())

    # When
    stage.remember(status="SUCCESSFUL", created_at=stage.ports.clock.at, task_definition=revision(1))

    # Then
    assert restore(stage)["outcome"] == "settling"


def test_a_target_group_that_is_gone_ends_as_a_failure_that_can_be_recorded():
    # Given the service's load balancer was changed since
    stage = deployed()
    restore(stage)
    runs_again(stage)
    stage.change(target_groups=("arn:gone",))

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "failed"
    assert "arn:gone cannot be read" in result["reason"]


def test_the_alarm_that_brought_us_here_may_still_be_red():
    # Given
    stage = deployed(planned(place="prod"))
    restore(stage)
    runs_again(stage)
    stage.ports.alarms.known["checkout-prod-5xx"] = "ALARM"

    # Then
    assert restore(stage)["outcome"] == "rolled_back"


def test_a_service_that_wants_no_tasks_is_brought_back_too():
    # Given
    stage = deployed()
    stage.change(desired=0, running=0)
    restore(stage)
    runs_again(stage)
    stage.change(desired=0, running=0)
    stage.ports.services.running["dev", "checkout"] = []

    # Then
    assert restore(stage)["outcome"] == "rolled_back"


def test_a_service_that_ecs_does_not_show_breaks_the_restore():
    # Given
    stage = entered()
    stage.ports.services.described.clear()

    # Then what cannot be seen is tried again, by a rollback
    with pytest.raises(Terminal, match="is gone"):
        restore(stage)


@pytest.mark.parametrize("state", ["in_flight", "runs"])
@pytest.mark.parametrize("owner", [None, "other"])
def test_without_the_lock_the_service_is_not_touched(state: str, owner: str | None):
    # Given
    stage = deploying() if state == "in_flight" else deployed()
    stage.ports.locks.held.clear()
    if owner:
        locked(stage, owner=execution_arn(owner))

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        restore(stage)
    assert not stage.ports.services.called("stop")
    assert deploys(stage) == []


def test_a_deployment_that_ecs_never_ends_is_given_up_when_the_time_is_over():
    # Given
    stage = deploying()
    restore(stage)
    stage.ports.clock.advance(1800)

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "failed"
    assert "the time allowed is over" in result["reason"]


def test_a_service_that_never_takes_the_revision_is_given_up_when_the_time_is_over():
    # Given
    stage = deployed()
    stage.ports.services.deploy = lambda *_, **__: None
    restore(stage)
    stage.ports.clock.advance(1800)

    # Then
    assert "the time allowed is over" in restore(stage)["reason"]


def test_time_counts_from_the_lock_and_not_from_when_it_was_asked_for():
    # Given a restore that waited two hours for its lock
    stage = planned()
    stage.ports.clock.advance(7200)
    stage = deployed(stage)

    # Then
    assert restore(stage, started=0)["outcome"] == "restoring"


# --- what to come back to ----------------------------------------------------------------------------------


def test_a_target_whose_image_is_gone_or_archived_is_passed_over():
    # Given
    stage = deployed()
    older(stage, "c", -6000, 5)
    stage.ports.registry.archive("checkout", digest("c"))
    older(stage, "d", -5000, 6)
    stage.ports.registry.pushed["checkout"] = [
        image for image in stage.ports.registry.pushed["checkout"] if image.digest != digest("d")
    ]

    # When
    restore(stage)

    # Then
    assert deploys(stage) == [revision(1)]


def test_a_target_in_quarantine_is_passed_over():
    # Given
    stage = deployed()
    older(stage, "c", -6000, 5)
    stage.ports.quarantine.add("checkout", digest("c"), reason="Bad.", release="x", at=at(0))

    # When
    restore(stage)

    # Then
    assert deploys(stage) == [revision(1)]


def test_a_release_that_was_asked_for_is_taken_although_newer_ones_are_good():
    # Given
    stage = deployed()
    older(stage, "c", -6000, 5)
    wanted = stage.ports.deployments.latest("checkout", "dev")[-1].release

    # When
    result = restore(stage, target=wanted)

    # Then
    assert result["to_release"] == wanted
    assert deploys(stage) == [revision(1)]


def without_known_good(stage: Stage) -> Stage:
    for key, each in list(stage.ports.deployments.stored.items()):
        if each.release != stage.release.id:
            del stage.ports.deployments.stored[key]
    return stage


def test_with_nothing_to_come_back_to_people_decide_and_what_runs_stays():
    # Given
    stage = without_known_good(deployed())

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "failed"
    assert result["reason"].endswith("no known good release to come back to. People must decide.")
    assert (result["to_release"], deploys(stage)) == (None, [])


def test_with_nothing_to_come_back_to_ecs_takes_back_what_is_in_flight():
    # Given
    stage = without_known_good(deploying())

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "failed"
    assert "ECS was told to take back the deployment in flight." in result["reason"]
    assert len(stage.ports.services.called("stop")) == 1


def migrated(*, ran: bool) -> Stage:
    """A release with a point of no return is in flight; its migration was started, or was not."""
    task_ = BeforeDeploy("app", ("migrate",), point_of_no_return=True)
    stage = deploying(planned(manifest=only(before_deploy=task_)), point_of_no_return=True)
    if ran:
        stage.ports.releases.mark_point_of_no_return(stage.release.id)
    return stage


def test_past_a_point_of_no_return_nothing_is_stopped_and_nothing_comes_back():
    # Given
    stage = migrated(ran=True)

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "failed"
    assert "point of no return" in result["reason"]
    assert not stage.ports.services.called("stop")
    assert deploys(stage) == []


def test_a_migration_that_was_never_started_is_no_point_of_no_return():
    assert restore(migrated(ran=False))["outcome"] == "restoring"


def test_a_newer_release_with_a_point_of_no_return_blocks_the_way_back():
    # Given
    stage = deployed()
    blocking = older(stage, "c", -6000, 5, outcome=Outcome.FAILED, point_of_no_return=True)
    stage.ports.releases.mark_point_of_no_return(blocking)

    # Then
    assert "point of no return" in restore(stage)["reason"]


def test_a_task_definition_that_was_deregistered_is_registered_again_once():
    # Given
    stage = deployed()
    stage.ports.task_definitions.registered[revision(1)] |= {
        "status": "INACTIVE",
        "registeredAt": at(-9000),
        "compatibilities": ["FARGATE"],
        "requiresAttributes": [],
    }

    # When
    first, second = restore(stage), restore(stage)

    # Then
    assert first["task_definition"] == second["task_definition"] == revision(3)
    (call, _) = stage.ports.task_definitions.called("register")
    assert set(call.arguments[1]) == {"family", "containerDefinitions"}
    assert deploys(stage) == [revision(3)]


def test_a_stop_signal_does_not_stop_a_restore():
    # Given
    stage = deployed()
    stage.stop(StopSignal.CANCELLED)

    # Then
    assert restore(stage)["outcome"] == "restoring"


def test_an_unknown_release_is_an_error():
    # Given
    stage = planned()
    stage.ports.releases.stored.clear()

    # Then
    with pytest.raises(Terminal):
        restore(stage)


@pytest.mark.parametrize("case", ["in_flight", "runs", "settling", "nothing", "inactive"])
def test_whatever_breaks_trying_again_finishes_it(case: str):
    def make():
        stage = deploying() if case == "in_flight" else deployed()
        if case == "nothing":
            stage = without_known_good(deploying(planned(manifest=service())))
        if case == "settling":
            restore(stage)
            runs_again(stage)
            initial_targets(stage)
        if case == "inactive":
            stage.ports.task_definitions.registered[revision(1)]["status"] = "INACTIVE"
        return stage.ports, lambda: _result(stage)

    def _result(stage: Stage) -> dict:
        # The sentence of the second call is that of the next step of the way; where it leads is the same.
        return {key: value for key, value in restore(stage).items() if key != "reason"}

    # Targets that cannot be read are a failed line of what was looked at.
    check_repeatable(make, forgiven=FORGIVEN | {("target_groups", "health")})


def test_a_lost_image_does_not_open_the_way_past_a_point_of_no_return():
    # Given a known good release that is a point of no return, and whose image has been archived since
    stage = deployed()
    barrier = older(stage, "c", -6000, 5, point_of_no_return=True)
    stage.ports.releases.mark_point_of_no_return(barrier)
    stage.ports.registry.archive("checkout", digest("c"))

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "failed"
    assert "point of no return" in result["reason"]
    assert deploys(stage) == []


def test_a_rollback_that_somebody_stopped_half_way_is_told():
    # Given the service has the good revision, but its deployment was stopped
    stage = deployed()
    restore(stage)
    newest, *others = stage.ports.services.remembered["dev", "checkout"]
    stage.ports.services.remembered["dev", "checkout"] = [replace(newest, status="STOPPED"), *others]

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "failed"
    assert "ECS ended the deployment as STOPPED" in result["reason"]


def test_when_no_target_can_run_any_more_every_one_is_named_with_its_reason():
    # Given
    stage = deployed()
    lost = older(stage, "c", -6000, 5)
    stage.ports.registry.archive("checkout", digest("c"))
    stage.ports.registry.archive("checkout", digest("a"))

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "failed"
    assert f"{lost} cannot be used: its image checkout@{digest('c')} is archived." in result["reason"]
    assert f"its image checkout@{digest('a')} is archived." in result["reason"]


def test_a_release_without_its_record_does_not_lift_its_point_of_no_return():
    # Given
    stage = deployed()
    blocking = older(stage, "c", -6000, 5, outcome=Outcome.FAILED, point_of_no_return=True)
    del stage.ports.releases.stored[blocking]

    # Then
    assert "point of no return" in restore(stage)["reason"]
