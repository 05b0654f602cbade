"""Bringing a service back beside which a canary lives."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.canary_stage import (
    CANARY,
    OTHER,
    RULES,
    STABLE,
    UNSTORED,
    assert_at_rest,
    edit,
    living,
    record,
    settle,
    share,
    wanted,
)
from tests.unit.examples import at, execution_arn
from tests.unit.stage import Stage, locked, revision, task
from tidegate.domain.traffic import ListenerRule
from tidegate.domain.workload import TargetState
from tidegate.errors import Terminal
from tidegate.steps.restore_service import Command, run

CAUSE = {"outcome": "failed", "reason": "It crashed.", "evidence": "start"}


def once(stage: Stage, root: str | None = None) -> dict:
    given: dict[str, Any] = stage.given(cause=CAUSE, target=None, started_at=at(0))
    return run(Command(**given | ({"root": root} if root else {})), stage.ports)


def restore(stage: Stage, root: str | None = None) -> dict:
    """What the machine does until the weights of the canary have settled."""
    result = once(stage, root)
    canary = stage.ports.canaries.get("checkout", stage.place)
    if canary is None or canary.phase != "returning":
        return result
    settle(stage)
    return once(stage, root)


def unpromoted(step: int = 1, **more: Any) -> Stage:
    """A canary with traffic; the stable service was never changed, and is healthy."""
    stage = living(step, **more)
    stage.ports.services.running["dev", "checkout"] = [task(n, revision(1), "a") for n in range(4)]
    stage.ports.target_groups.targets[STABLE] = tuple(TargetState(f"10.0.0.{n}", "healthy") for n in range(4))
    return stage


def promoting() -> Stage:
    """The promotion has failed half-way: ECS works on the new version."""
    stage = unpromoted(phase="promoting", decision="promote")
    here = stage.here
    native = stage.ports.services
    from tidegate.domain.strategy import native as rolling

    native.deploy(here.target, "dev", "checkout", revision(2), rolling(here.strategy))
    native.deployed.clear()
    return stage


def test_a_canary_that_was_never_promoted_is_taken_back_and_the_service_is_as_it_was():
    # Given
    stage = unpromoted()

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "rolled_back"
    assert_at_rest(stage)
    assert (record(stage).phase, record(stage).decision) == ("withdrawn", "fail")
    assert record(stage).reason == "It crashed."
    assert not stage.ports.services.called("deploy")


@pytest.mark.parametrize("phase", ["preparing", "withdrawn"])
def test_a_canary_that_never_had_a_pulse_is_ended_by_the_restore_alone(phase: str):
    # Given an execution that was aborted when the record was there and nothing else
    stage = unpromoted(phase=phase, step=-1, weight=0.0)
    for rule in RULES:
        stage.ports.listener_rules.add(rule, {STABLE: 100, CANARY: 0})
    stage.ports.schedules.started.clear()

    # When
    restore(stage)

    # Then nobody else has to find it
    assert record(stage).phase == "ended"
    assert stage.ports.schedules.started == {}


def test_the_weight_goes_back_before_anything_else_is_changed():
    # Given
    stage = promoting()
    order: list[str] = []
    for fake, name in ((stage.ports.listener_rules, "set_weights"), (stage.ports.services, "stop")):
        call = getattr(fake, name)
        setattr(fake, name, _noting(order, name, call))

    # When
    result = restore(stage)

    # Then
    assert order == ["set_weights", "set_weights", "stop"]
    assert result["outcome"] == "restoring"
    assert_at_rest(stage)


def test_the_service_is_not_said_to_be_restored_before_the_weights_have_settled():
    # Given a service that was never changed, so that nothing else is to be waited for
    stage = unpromoted()

    # When
    first = once(stage)

    # Then
    assert first["outcome"] == "settling"
    assert (share(stage), wanted(stage)) == ([0.0, 0.0], 2)

    # When
    settle(stage)

    # Then
    assert once(stage)["outcome"] == "rolled_back"
    assert_at_rest(stage)


def test_what_was_decided_before_stands():
    # Given
    stage = unpromoted(decision="roll_back", reason="Worse.", evidence="judge")

    # When
    restore(stage)

    # Then
    assert (record(stage).decision, record(stage).evidence, record(stage).reason) == (
        "roll_back", "judge", "Worse.",
    )  # fmt: skip


@pytest.mark.parametrize("phase", ["withdrawn", "ended"])
def test_a_canary_that_was_taken_back_is_not_looked_at_again(phase: str):
    # Given
    stage = unpromoted(phase=phase)

    # When
    restore(stage)

    # Then
    assert not stage.ports.listener_rules.called("describe")


def test_a_withdrawal_that_broke_off_half_way_is_finished():
    # Given
    stage = unpromoted(phase="returning", decision="fail")
    for rule in RULES:
        stage.ports.listener_rules.add(rule, {STABLE: 100, CANARY: 0})

    # When
    restore(stage)

    # Then
    assert_at_rest(stage)


def test_a_rollback_takes_back_the_canary_of_any_release():
    # Given
    stage = unpromoted()
    edit(stage, root=execution_arn("another"))
    rollback = execution_arn("rollback", "rollback")
    stage.ports.locks.held.clear()
    locked(stage, owner=rollback)

    # Then
    assert restore(stage, rollback)["outcome"] == "rolled_back"
    assert_at_rest(stage)


def test_a_rule_that_others_have_taken_is_said_and_the_service_is_brought_back_all_the_same():
    # Given
    stage = promoting()
    stage.ports.listener_rules.rules[RULES[1]] = ListenerRule(RULES[1], {STABLE: 40, CANARY: 40, OTHER: 20})

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "restoring"
    assert f"{RULES[1]} forward to other target groups" in result["reason"]
    assert stage.ports.services.called("stop")
    assert (share(stage), wanted(stage)) == ([0.0, 40.0], 2)


def test_as_long_as_others_send_requests_to_the_canary_nothing_is_said_to_be_restored():
    # Given
    stage = unpromoted()
    stage.ports.listener_rules.rules[RULES[1]] = ListenerRule(RULES[1], {STABLE: 40, CANARY: 40, OTHER: 20})

    # When
    result = restore(stage)

    # Then
    assert result["outcome"] == "failed"
    assert result["reason"].startswith("dev runs ")
    assert "until people have taken it out" in result["reason"]


def test_without_the_lock_nothing_is_taken_back():
    # Given
    stage = unpromoted()
    stage.ports.locks.held.clear()

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        restore(stage)
    assert share(stage) == [50.0, 50.0]


def test_whatever_breaks_trying_again_finishes_it():
    def make():
        stage = unpromoted()
        return stage.ports, lambda: restore(stage)

    check_repeatable(make, forgiven=FORGIVEN | UNSTORED | {("target_groups", "health")})


def _noting(order: list[str], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The call, which first notes that it was made."""

    def noting(*arguments: Any, **options: Any) -> Any:
        order.append(name)
        return call(*arguments, **options)

    return noting
