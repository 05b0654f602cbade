"""Reading how a blue/green deployment stands, and what came of it."""

from dataclasses import replace

import pytest

from tests.unit.blue_green_stage import (
    GATHERING,
    baking,
    becomes,
    command,
    deploying,
    edit,
    ended,
    is_pulsed,
    minutes,
    opened,
    paused,
    prepared,
    record,
    settings,
)
from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.examples import at
from tests.unit.stage import Stage
from tidegate.domain.outcome import StopSignal
from tidegate.domain.service import BeforeDeploy
from tidegate.domain.strategy import BakeRules
from tidegate.errors import Terminal
from tidegate.steps.read_blue_green import Command, run

ACCEPTING = settings(bake=BakeRules(when_inconclusive="accept"))
MIGRATION = BeforeDeploy("app", ("migrate",), point_of_no_return=True)


def read(stage: Stage) -> dict:
    return run(Command(**command(stage)), stage.ports)


def past_no_return(stage: Stage) -> Stage:
    """Its migration has run, and blue cannot live with that."""
    stage.ports.releases.mark_point_of_no_return(stage.release.id)
    return stage


def test_a_deployment_under_way_is_waited_for():
    # Given
    stage = deploying()

    # Then
    assert read(stage)["outcome"] == "in_progress"
    assert "deployment.progress" in stage.ports.journal.kinds(stage.release.id)


def test_a_pause_wants_an_answer():
    assert read(paused())["outcome"] == "hook"


def test_a_bake_is_waited_for():
    assert read(baking())["outcome"] == "in_progress"


@pytest.mark.parametrize("stand", [deploying, paused, baking])
def test_a_release_that_was_told_to_stop_goes_back_from_everywhere(stand):
    # Given
    stage = stand()
    stage.stop(StopSignal.CANCELLED, "Not today.")

    # When
    results = [read(stage)]
    becomes(stage, status="ROLLBACK_IN_PROGRESS")
    results.append(read(stage))
    ended(stage, "ROLLBACK_SUCCESSFUL", "A stop was requested.")
    results.append(read(stage))

    # Then
    assert [each["outcome"] for each in results] == ["roll_back", "in_progress", "cancelled"]
    assert results[2]["evidence"] is None
    assert results[2]["reason"].startswith("Not today.")
    assert record(stage).phase == "ended"


def test_one_that_was_told_to_stop_before_anything_was_deployed_has_ended():
    # Given
    stage = opened()
    stage.stop(StopSignal.SUPERSEDED)

    # Then
    assert read(stage)["outcome"] == "superseded"
    assert not is_pulsed(stage)


@pytest.mark.parametrize("stand", [deploying, paused, baking])
def test_a_decision_against_green_is_followed(stand):
    # Given
    stage = stand()
    edit(stage, decision="roll_back", reason="It is bad.", evidence="judge")

    # Then
    assert read(stage)["outcome"] == "roll_back"


def test_what_was_decided_explains_a_rollback_better_than_what_ecs_says():
    # Given
    stage = paused()
    edit(stage, decision="roll_back", reason="smoke: GET / gave 500.", evidence="check")
    ended(stage, "ROLLBACK_SUCCESSFUL", "lifecycle hook(s) failed")

    # When
    result = read(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("rolled_back", "check")
    assert result["reason"].startswith("smoke: GET / gave 500. ECS rolled the deployment back:")


def test_a_hook_that_nobody_answered_is_no_evidence_against_the_image():
    # Given
    stage = paused()
    ended(stage, "ROLLBACK_SUCCESSFUL", "POST_TEST_TRAFFIC_SHIFT lifecycle hook(s) timed out.")

    # When
    result = read(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("rolled_back", None)
    assert "timed out" in result["reason"]


@pytest.mark.parametrize(
    ("more", "evidence"), [({"alarms": ("errors",)}, "alarm"), ({"breaker": "TRIGGERED"}, "start")]
)
def test_what_ecs_itself_found_is_evidence(more: dict, evidence: str):
    # Given
    stage = deploying()
    ended(stage, "ROLLBACK_SUCCESSFUL", "Tasks failed.", **more)

    # Then
    assert (read(stage)["outcome"], read(stage)["evidence"]) == ("rolled_back", evidence)


def test_a_good_bake_ends_with_its_figures_its_evidence_and_no_pulse():
    # Given
    stage = baking()
    minutes(stage, 3, 600, 1)
    ended(stage)

    # When
    result = read(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("succeeded", None)
    assert "errors 3 of 1,800 requests (0.167 %, 1 % tolerated)." in result["reason"]
    (address,) = stage.ports.evidence.documents
    document = stage.ports.evidence.documents[address]
    assert address.endswith(f"checkout/{stage.release.id}/dev/1/bake.json")
    assert result["reason"].endswith(f"Evidence: {address}.")
    assert [each["errors"] for each in document["periods"]] == [[600, 1]] * 3
    assert document["limits"] == {"errors": 0.01}
    assert document["plot"] == address.replace(".json", ".svg")
    assert b"errors 3 of 1,800 requests" in stage.ports.evidence.contents[document["plot"][14:]]
    assert (document["verdict"], document["known"], document["rules"]["error_rate"]) == (
        "continue",
        True,
        0.01,
    )
    found = record(stage)
    assert (found.phase, found.evidence_at, found.ended_at) == ("ended", address, stage.ports.clock.at)
    assert not is_pulsed(stage)


def test_errors_that_show_only_at_the_very_end_are_not_overlooked():
    # Given a bake that ECS has ended before the last minutes were read
    stage = baking()
    minutes(stage, 2, 600, 120)
    stage.ports.clock.at = at(150)
    ended(stage)

    # When
    result = read(stage)

    # Then the deployment has failed although ECS calls it successful
    assert (result["outcome"], result["evidence"]) == ("failed", "judge")
    assert "errors 240 of 1,200 requests (20 %, 1 % tolerated)." in result["reason"]


@pytest.mark.parametrize(("strategy", "outcome"), [(None, "failed"), (ACCEPTING, "succeeded")])
def test_a_bake_without_traffic_is_never_a_silent_pass(strategy, outcome: str):
    # Given
    stage = baking(paused_stage := prepared(strategy))
    assert stage is paused_stage
    minutes(stage, 3, 20)
    ended(stage)

    # When
    result = read(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == (outcome, None)
    assert "Nothing is known: 60 requests were seen of at least 100." in result["reason"]


def test_without_a_bake_nothing_is_judged():
    # Given
    stage = baking(prepared(settings(bake_minutes=0)))
    ended(stage)

    # Then
    assert read(stage)["outcome"] == "succeeded"


def test_a_deployment_that_takes_too_long_has_failed():
    # Given
    stage = baking()
    stage.ports.clock.at = at(7200)

    # Then
    assert read(stage)["outcome"] == "failed"


def test_past_the_point_of_no_return_a_bad_green_before_the_switch_still_goes():
    # Given
    stage = past_no_return(paused(prepared(before_deploy=MIGRATION)))
    edit(stage, decision="roll_back", reason="It is bad.", evidence="check")

    # Then
    assert read(stage)["outcome"] == "roll_back"


def test_past_the_point_of_no_return_a_bad_green_after_the_switch_is_left_to_people():
    # Given
    stage = past_no_return(baking(prepared(before_deploy=MIGRATION)))
    edit(stage, decision="roll_back", reason="It is bad.", evidence="judge")

    # When
    result = read(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", "judge")
    assert not stage.ports.services.called("stop")


def test_what_ran_already_has_succeeded_without_a_record():
    # Given
    stage = prepared()
    known = stage.ports.services.described["dev", "checkout"]
    arn = command(stage)["task_definition"]
    primary = replace(known.deployments[0], task_definition=arn)
    stage.change(task_definition=arn, deployments=(primary,))

    # Then
    assert read(stage)["outcome"] == "succeeded"


def test_without_a_record_a_failure_is_analysed_all_the_same():
    # Given
    stage = deploying()
    stage.ports.canaries.stored.clear()
    ended(stage, "ROLLBACK_SUCCESSFUL", "Tasks failed to start", breaker="TRIGGERED")

    # When
    result = read(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("rolled_back", "start")
    assert "deployment.json" in result["reason"]


def test_a_bucket_that_refuses_the_evidence_keeps_no_deployment_from_its_end():
    # Given
    stage = baking()
    minutes(stage, 3, 600)
    ended(stage)
    stage.ports.evidence.fail("put", Terminal("access denied"))

    # When
    result = read(stage)

    # Then
    assert result["outcome"] == "succeeded"
    assert record(stage).evidence_at == "none, access denied"


def successful(stage: Stage) -> Stage:
    minutes(stage, 3, 600, 2)
    return ended(stage)


def bad(stage: Stage) -> Stage:
    edit(stage, decision="roll_back", reason="It is bad.", evidence="judge")
    return ended(stage, "ROLLBACK_SUCCESSFUL", "A stop was requested.")


def cancelled(stage: Stage) -> Stage:
    stage.stop(StopSignal.CANCELLED)
    return stage


@pytest.mark.parametrize("happened", [successful, bad, cancelled])
def test_reading_can_be_tried_again_after_every_failure(happened):
    def make():
        stage = happened(baking())
        return stage.ports, lambda: read(stage)

    stored = {("canaries", "periods"), ("evidence", "put_text")}
    check_repeatable(make, forgiven=FORGIVEN | GATHERING | stored)
