"""Bringing a service back that is switched between two target groups, and seeing that it is healthy."""

import pytest

from tests.unit.blue_green_stage import (
    GREEN,
    ONE,
    PRODUCTION,
    TWO,
    baking,
    becomes,
    deploying,
    ended,
    give,
    healthy,
    is_pulsed,
    newest,
    paused,
    record,
)
from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.examples import at
from tests.unit.stage import Stage, revision
from tidegate.steps import restore_service, verify_deployment

CAUSE = {"outcome": "failed", "reason": "It is bad.", "evidence": "judge"}


def restore(stage: Stage) -> dict:
    given = stage.given(cause=CAUSE, target=None, started_at=at(0))
    return restore_service.run(restore_service.Command(**given), stage.ports)


def verify(stage: Stage, started: float = 0) -> dict:
    given = stage.given(task_definition=GREEN, started_at=at(started))
    return verify_deployment.run(verify_deployment.Command(**given), stage.ports)


def lines(result: dict) -> dict[str, str]:
    return {check["name"]: check["status"] for check in result["checks"]}


@pytest.mark.parametrize("stand", [deploying, paused, baking])
def test_a_deployment_in_flight_is_told_to_go_back_and_blue_is_as_it_was(stand):
    # Given
    stage = stand()

    # When
    first = restore(stage)
    stopped = newest(stage).status
    ended(stage, "ROLLBACK_SUCCESSFUL", "A stop was requested.")
    last = restore(stage)

    # Then
    assert (first["outcome"], stopped) == ("restoring", "STOP_REQUESTED")
    assert last["outcome"] == "rolled_back"
    assert record(stage).phase == "ended"
    assert not is_pulsed(stage)
    assert lines(last)["traffic"] == "passed"


def test_a_green_that_stayed_is_replaced_without_pause_and_bake():
    # Given
    stage = ended(baking())

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "restoring"
    call = stage.ports.services.called("deploy")[-1]
    assert (call.arguments[3], call.options) == (revision(1), {"pause": False})
    assert call.arguments[4] == stage.here.strategy


def test_a_restore_has_not_ended_before_one_side_has_all_of_the_traffic():
    # Given
    stage = baking()
    restore(stage)
    ended(stage, "ROLLBACK_SUCCESSFUL", "A stop was requested.")
    stage.ports.listener_rules.add(PRODUCTION, {ONE: 60, TWO: 40})

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "settling"
    assert "traffic: The traffic is shared out" in result["reason"]


def test_restoring_can_be_tried_again_after_every_failure():
    def make():
        stage = baking()
        return stage.ports, lambda: restore(stage)

    check_repeatable(make, forgiven=FORGIVEN)


def test_the_health_that_counts_is_that_of_the_group_with_the_traffic():
    # Given green has the traffic, and what is left of blue is unhealthy; ECS names blue
    stage = ended(baking())
    healthy(stage, ONE, 0, others="unhealthy")
    stage.change(target_groups=(ONE,))

    # When
    good = verify(stage)
    healthy(stage, TWO, 0, others="unhealthy")
    bad = verify(stage)

    # Then
    assert (good["outcome"], bad["outcome"]) == ("passed", "pending")
    assert lines(good)["targets of checkout-2"] == "passed"
    assert "targets of checkout-1" not in lines(good)


def test_another_target_group_of_the_service_is_looked_at_as_well():
    # Given
    stage = ended(baking())
    stage.change(target_groups=(ONE, "arn:x:targetgroup/admin/1"))
    stage.ports.target_groups.targets["arn:x:targetgroup/admin/1"] = ()

    # Then
    assert lines(verify(stage))["targets of admin"] == "pending"


def test_traffic_that_stays_shared_out_fails_without_evidence_against_the_image():
    # Given
    stage = ended(baking())
    stage.ports.listener_rules.add(PRODUCTION, {ONE: 60, TWO: 40})
    stage.ports.clock.advance(600)

    # When
    result = verify(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", None)


def test_a_rule_that_is_gone_fails():
    # Given
    stage = ended(baking())
    del stage.ports.listener_rules.rules[PRODUCTION]

    # When
    result = verify(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", None)
    assert f"traffic: {PRODUCTION} does not exist." in result["reason"]


def test_a_service_of_another_strategy_has_no_line_on_traffic():
    # Given
    from tests.unit.stage import deployed

    # Then
    assert "traffic" not in lines(verify(deployed()))


def test_an_unhealthy_green_speaks_against_the_image():
    # Given
    stage = ended(baking())
    give(stage, PRODUCTION, TWO)
    healthy(stage, TWO, 1, others="unhealthy")
    stage.ports.clock.advance(600)
    becomes(stage, status="SUCCESSFUL")

    # When
    result = verify(stage)

    # Then
    assert (result["outcome"], result["evidence"]) == ("failed", "health")
