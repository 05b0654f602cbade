"""Taking a canary back from every state, by whoever is in charge."""

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from tests.unit.breaking import FORGIVEN, check_repeatable
from tests.unit.canary_stage import (
    CANARY,
    NAME,
    OTHER,
    RULES,
    SCALING,
    STABLE,
    UNSTORED,
    assert_at_rest,
    edit,
    give,
    living,
    loses_lock_before,
    opened,
    prepared,
    pulse,
    record,
    scaling,
    settle,
    share,
    wanted,
)
from tests.unit.canary_stage import take_back as back
from tests.unit.examples import execution_arn
from tests.unit.stage import Stage, locked
from tidegate.domain.scaling import Suspended, held
from tidegate.domain.traffic import ListenerRule
from tidegate.errors import Terminal, Transient
from tidegate.steps import canary_evidence
from tidegate.steps.acquire_lock import UNKNOWN
from tidegate.steps.preempting import LONGEST_FUNCTION_SECONDS
from tidegate.steps.scale_canary import Command as Scale
from tidegate.steps.scale_canary import run as scale
from tidegate.steps.withdrawing import (
    SETTLING,
    Withdrawal,
    finish,
    is_abandoned,
    rescue,
    withdraw,
)


def once(stage: Stage, root: str | None = None) -> Withdrawal:
    return withdraw(stage.ports, record(stage), root or stage.root)


def dead(stage: Stage, status: str = "FAILED") -> Stage:
    """The root execution has stopped, and still has its lock."""
    stage.ports.machines.finish(stage.root, status)
    return stage


# --- from every state --------------------------------------------------------------------------------------


PIECES = ("service", "tasks", "canary scaling", "held", "schedule", "first rule", "second rule")


def half_made(*made: str) -> Stage:
    """A canary of which some pieces exist and others do not, in whatever order they were made."""
    stage = opened(held="held" in made)
    ports = stage.ports
    if "service" in made:
        ports.services.add("dev", NAME, "td", 2 if "tasks" in made else 0, target_groups=(CANARY,))
    if "canary scaling" in made:
        ports.scaling.scaled["dev", NAME] = SCALING
    if "held" in made:
        ports.scaling.scaled["dev", "checkout"] = replace(SCALING, suspended=held(SCALING.suspended))
    if "schedule" in made:
        ports.schedules.started[pulse(stage)] = {}
    give(stage, 10 if "first rule" in made else 0, RULES[0])
    give(stage, 10 if "second rule" in made else 0, RULES[1])
    return stage


@pytest.mark.parametrize("number", range(len(PIECES) + 1))
def test_whatever_exists_of_a_canary_nothing_is_left_of_it(number: int):
    for made in combinations(PIECES, number):
        # Given
        stage = half_made(*made)

        # When
        taken = back(stage)

        # Then
        assert taken.outcome == "withdrawn", made
        assert_at_rest(stage)
        assert record(stage).phase == "withdrawn"


@pytest.mark.parametrize("breaks_at", range(40))
def test_a_making_that_breaks_off_anywhere_is_taken_back_whole(breaks_at: int):
    # Given
    stage = opened()
    breaking = _Breaking(stage, breaks_at)
    try:
        scale(Scale(**stage.given()), stage.ports)
    except Terminal as error:
        assert str(error) == "it broke"  # noqa: PT017 - not every number has a call
    breaking.over = True

    # When
    back(stage)

    # Then
    assert_at_rest(stage)


class _Breaking:
    """Lets the n-th call of any of the ports that change something break, before or after it does so."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.left, self.after, self.over = number // 2, number % 2 == 1, False
        ports = stage.ports
        for fake in (ports.schedules, ports.canaries, ports.scaling, ports.services, ports.locks):
            for name in {each for each in dir(type(fake)) if not each.startswith("_")}:
                call = getattr(fake, name)
                if callable(call) and name not in ("fail", "called", "add"):
                    setattr(fake, name, self._watched(call))

    def _watched(self, call: Any) -> Any:
        def watched(*arguments: Any, **options: Any) -> Any:
            if self.over:
                return call(*arguments, **options)
            self.left -= 1
            if self.left == -1:
                if self.after:
                    call(*arguments, **options)
                raise Terminal("it broke")
            return call(*arguments, **options)

        return watched


@pytest.mark.parametrize("phase", ["preparing", "analysing", "asking", "promoting", "returning"])
def test_from_every_phase_it_is_taken_back(phase: str):
    # Given
    stage = living(1, phase=phase)

    # When
    if phase == "returning":
        give(stage, 0)
    back(stage)

    # Then
    assert_at_rest(stage)


@pytest.mark.parametrize("phase", ["withdrawn", "ended"])
def test_what_is_taken_back_stays_so(phase: str):
    # Given
    stage = living(phase=phase)

    # Then
    assert once(stage).outcome == "withdrawn"
    assert not stage.ports.listener_rules.called("describe")


def test_without_traffic_there_is_nothing_to_wait_for():
    # Given
    stage = living(-1)

    # Then
    assert once(stage).outcome == "withdrawn"
    assert_at_rest(stage)


def test_a_bake_that_is_judged_has_nothing_but_its_pulse():
    # Given
    stage = living(strategy="blue_green")

    # Then
    assert once(stage).outcome == "withdrawn"
    assert record(stage).phase == "ended"
    assert stage.ports.schedules.started == {}
    assert share(stage) == [10.0, 10.0]


# --- listener rules ----------------------------------------------------------------------------------------


def test_a_rule_that_is_gone_is_said_and_the_others_go_back():
    # Given
    stage = living()
    del stage.ports.listener_rules.rules[RULES[0]]

    # Then
    assert back(stage).outcome == "withdrawn"
    assert f"Listener rule {RULES[0]} is gone." in record(stage).reason
    assert_at_rest(stage)


@pytest.mark.parametrize("weights", [{STABLE: 100}, {OTHER: 100}, {}, {STABLE: 60, CANARY: 0, OTHER: 40}])
def test_a_rule_that_no_longer_leads_to_the_canary_is_left_to_whoever_changed_it(weights: dict):
    # Given
    stage = living()
    stage.ports.listener_rules.rules[RULES[1]] = ListenerRule(RULES[1], weights)

    # Then
    assert back(stage).outcome == "withdrawn"
    assert stage.ports.listener_rules.rules[RULES[1]].weights == weights
    assert wanted(stage) == 0


def test_as_long_as_others_send_requests_to_the_canary_its_tasks_are_kept():
    # Given
    stage = living()
    taken = {STABLE: 40, CANARY: 40, OTHER: 20}
    stage.ports.listener_rules.rules[RULES[1]] = ListenerRule(RULES[1], taken)

    # When
    results = [back(stage) for _ in range(2)]

    # Then
    assert [each.outcome for each in results] == ["blocked", "blocked"]
    assert "gives the canary 40 %" in results[1].reason
    assert (share(stage), wanted(stage), record(stage).phase) == ([0.0, 40.0], 2, "returning")

    # When people have taken it out
    give(stage, 0, RULES[1])

    # Then
    assert back(stage).outcome == "withdrawn"
    assert_at_rest(stage)


def test_weights_that_somebody_else_sets_again_are_not_taken_for_good():
    # Given
    stage = living()
    once(stage)
    give(stage, 30, RULES[1])

    # Then
    with pytest.raises(Transient, match="did not keep the weights"):
        once(stage)
    assert wanted(stage) == 2
    assert back(stage).outcome == "withdrawn"


def test_the_tasks_are_kept_until_the_load_balancer_has_followed_the_weights():
    # Given
    stage = living()

    # When it is looked at again at once, and a moment before the time is over
    early = [once(stage).outcome, once(stage).outcome]
    stage.ports.clock.advance(SETTLING.total_seconds() - 1)
    early.append(once(stage).outcome)

    # Then
    assert early == ["returning"] * 3
    assert (share(stage), wanted(stage), record(stage).phase) == ([0.0, 0.0], 2, "returning")

    # When
    stage.ports.clock.advance(1)

    # Then
    assert once(stage).outcome == "withdrawn"
    assert_at_rest(stage)


def test_weights_whose_setting_was_not_noted_have_their_time_from_when_they_were_seen():
    # Given
    stage = living(1)
    give(stage, 0)

    # Then
    assert once(stage).outcome == "returning"
    assert wanted(stage) == 2
    settle(stage)
    assert once(stage).outcome == "withdrawn"


# --- tasks and scaling -------------------------------------------------------------------------------------


def test_the_canarys_own_scaling_goes_before_its_tasks():
    # Given
    stage = living(-1)
    order: list[str] = []
    for fake, name in ((stage.ports.scaling, "remove"), (stage.ports.services, "resize")):
        call = getattr(fake, name)
        setattr(fake, name, _noting(order, name, call))

    # When
    once(stage)

    # Then
    assert order == ["remove", "resize"]


def test_a_canary_service_that_is_gone_is_not_missed():
    # Given
    stage = living()
    del stage.ports.services.described["dev", NAME]

    # Then
    assert back(stage).outcome == "withdrawn"
    assert scaling(stage) == SCALING


def test_scaling_that_others_changed_meanwhile_keeps_their_changes():
    # Given
    stage = living()
    changed = replace(SCALING, minimum=3, maximum=30, suspended=Suspended(True, False, True))
    stage.ports.scaling.scaled["dev", "checkout"] = changed

    # When
    back(stage)

    # Then
    assert scaling(stage) == replace(changed, suspended=Suspended())


def test_scaling_that_we_do_not_hold_is_not_touched():
    # Given
    stage = living(held=False)
    before = scaling(stage)

    # When
    back(stage)

    # Then
    assert scaling(stage) == before


def test_scaling_that_was_taken_away_meanwhile_is_not_brought_back():
    # Given
    stage = living()
    del stage.ports.scaling.scaled["dev", "checkout"]

    # When
    back(stage)

    # Then
    assert scaling(stage) is None


def test_scaling_that_was_suspended_before_stays_suspended():
    # Given
    before = replace(SCALING, suspended=Suspended(scale_in=True))
    stage = living(scaling=before)

    # When
    back(stage)

    # Then
    found = scaling(stage)
    assert found is not None
    assert found.suspended.scale_in
    assert not found.suspended.scheduled


def test_the_stable_service_is_never_told_how_many_tasks_it_wants():
    # Given
    stage = living()
    stage.change(desired=9)

    # When
    back(stage)

    # Then
    assert wanted(stage, "checkout") == 9
    assert {call.arguments[2] for call in stage.ports.services.called("resize")} == {NAME}


# --- evidence ----------------------------------------------------------------------------------------------


def test_a_bucket_that_refuses_the_evidence_keeps_nobody_from_going_back(monkeypatch: pytest.MonkeyPatch):
    # Given
    stage = living()

    def refuse(*_: Any) -> str:
        raise Terminal("access denied")

    monkeypatch.setattr(canary_evidence, "store", refuse)

    # Then
    assert back(stage).outcome == "withdrawn"
    assert record(stage).evidence_at == "none: access denied"
    assert_at_rest(stage)


def test_evidence_that_cannot_be_stored_for_now_is_tried_again_with_everything_else_done(
    monkeypatch: pytest.MonkeyPatch,
):
    # Given
    stage = living()

    def slow(*_: Any) -> str:
        raise Transient("slow down")

    monkeypatch.setattr(canary_evidence, "store", slow)

    # Then
    with pytest.raises(Transient, match="slow down"):
        back(stage)
    assert_at_rest(stage)


def test_two_who_take_it_back_at_once_do_not_undo_what_the_other_has_finished(
    monkeypatch: pytest.MonkeyPatch,
):
    # Given
    stage = living()

    def overtaken(*_: Any) -> str:
        edit(stage, phase="ended", evidence_at="theirs")
        return "ours"

    monkeypatch.setattr(canary_evidence, "store", overtaken)

    # Then
    assert back(stage).outcome == "withdrawn"
    assert (record(stage).phase, record(stage).evidence_at) == ("ended", "theirs")


# --- who may -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("port", "method"), [("listener_rules", "describe"), ("scaling", "describe"), ("services", "describe")]
)
def test_the_lock_is_checked_directly_before_every_change(port: str, method: str):
    # Given
    stage = living()
    loses_lock_before(stage, port, method)

    # Then
    with pytest.raises(Terminal, match="no longer ours"):
        back(stage)


def test_a_rollback_that_took_the_lock_over_takes_the_canary_back():
    # Given
    stage = dead(living())
    rollback = execution_arn("rollback", "rollback")
    stage.ports.locks.held.clear()
    locked(stage, owner=rollback)

    # Then
    assert back(stage, rollback).outcome == "withdrawn"


def test_where_nobody_is_left_anybody_may():
    # Given
    stage = dead(living())

    # Then
    assert is_abandoned(stage.ports, record(stage))
    assert rescue(stage.ports, record(stage)).outcome == "returning"
    settle(stage)
    assert rescue(stage.ports, record(stage)).outcome == "withdrawn"
    assert record(stage).decision == "fail"
    assert "stopped before the canary had come to an end" in record(stage).reason


@pytest.mark.parametrize("status", ["ABORTED", "TIMED_OUT"])
def test_the_tasks_are_kept_as_long_as_a_function_may_outlive_its_execution(status: str):
    # Given
    stage = dead(living(), status)

    # When it is taken back again and again, and a late function gives it traffic once more
    outcomes = [rescue(stage.ports, record(stage)).outcome for _ in range(2)]
    stage.ports.clock.advance(LONGEST_FUNCTION_SECONDS - 1)
    outcomes.append(rescue(stage.ports, record(stage)).outcome)
    tasks = wanted(stage)

    # Then no request meets a target group without tasks
    assert outcomes == ["returning"] * 3
    assert (share(stage), tasks) == ([0.0, 0.0], 2)

    # When there can be no such function any more
    stage.ports.clock.advance(1)

    # Then
    assert rescue(stage.ports, record(stage)).outcome == "withdrawn"
    assert_at_rest(stage)


def test_a_decision_that_stood_before_the_machine_died_stands():
    # Given
    stage = dead(living(decision="roll_back", reason="Worse.", evidence="judge"))

    # When
    rescue(stage.ports, record(stage))

    # Then
    assert (record(stage).decision, record(stage).evidence) == ("roll_back", "judge")


def test_as_long_as_its_machine_runs_nobody_else_takes_it_back():
    # Given
    stage = living()

    # Then
    assert not is_abandoned(stage.ports, record(stage))
    with pytest.raises(Terminal, match="Somebody is in charge"):
        rescue(stage.ports, record(stage))
    assert share(stage) == [10.0, 10.0]


def test_a_rollback_at_work_is_in_charge():
    # Given
    stage = dead(living())
    rollback = execution_arn("rollback", "rollback")
    stage.ports.machines.add(rollback)
    stage.ports.locks.held.clear()
    locked(stage, owner=rollback)

    # Then
    assert not is_abandoned(stage.ports, record(stage))


def test_a_lock_that_was_given_back_is_nobodys():
    # Given
    stage = dead(living())
    stage.ports.locks.held.clear()

    # Then
    assert is_abandoned(stage.ports, record(stage))


def test_an_execution_that_nobody_knows_may_be_very_young():
    # Given
    stage = living()
    stage.ports.machines.executions.clear()

    # Then
    assert not is_abandoned(stage.ports, record(stage))
    stage.ports.clock.advance(UNKNOWN.total_seconds())
    assert is_abandoned(stage.ports, record(stage))


def test_who_comes_back_while_a_rescue_is_under_way_is_in_charge():
    # Given
    stage = dead(living())
    describe = stage.ports.listener_rules.describe

    def slow(*arguments: Any) -> Any:
        stage.ports.machines.add(stage.root)
        return describe(*arguments)

    setattr(stage.ports.listener_rules, "describe", slow)  # noqa: B010 - a method of a fake

    # Then
    with pytest.raises(Terminal, match="Somebody is in charge"):
        rescue(stage.ports, record(stage))


# --- the end -----------------------------------------------------------------------------------------------


def withdrawn(**more: Any) -> Stage:
    """Taken back; the last tasks drain."""
    stage = living(decision="roll_back")
    back(stage)
    edit(stage, **more)
    return stage


def test_a_canary_whose_tasks_are_gone_has_ended_and_so_has_its_pulse():
    # Given
    stage = withdrawn()
    stage.ports.clock.advance(60)

    # Then
    assert finish(stage.ports, record(stage))
    assert stage.ports.schedules.started == {}
    assert (record(stage).phase, record(stage).held) == ("ended", False)
    assert record(stage).ended_at == stage.ports.clock.at
    assert finish(stage.ports, record(stage))


@pytest.mark.parametrize("counts", [{"running": 1}, {"pending": 1}])
def test_as_long_as_tasks_drain_it_has_not_ended(counts: dict):
    # Given
    stage = withdrawn()
    stage.ports.services.described["dev", NAME] = replace(
        stage.ports.services.described["dev", NAME], **counts
    )

    # Then
    assert not finish(stage.ports, record(stage))
    assert record(stage).phase == "withdrawn"
    assert pulse(stage) in stage.ports.schedules.started


@pytest.mark.parametrize("phase", ["analysing", "returning"])
def test_what_is_not_taken_back_has_not_ended(phase: str):
    assert not finish(prepared().ports, record(living(phase=phase)))


def test_what_a_late_function_did_after_the_withdrawal_is_undone():
    # Given a function of a stopped execution that gave traffic, tasks and held scaling once more
    stage = withdrawn()
    give(stage, 50)
    stage.ports.services.resize(stage.here.target, "dev", NAME, 3)
    stage.ports.scaling.scaled["dev", "checkout"] = replace(SCALING, suspended=held(SCALING.suspended))

    # Then
    assert not finish(stage.ports, record(stage))
    assert share(stage) == [0.0, 0.0]
    assert finish(stage.ports, record(stage))
    assert_at_rest(stage)


def test_a_canary_whose_service_somebody_deleted_has_ended():
    # Given
    stage = withdrawn()
    del stage.ports.services.described["dev", NAME]

    # Then
    assert finish(stage.ports, record(stage))


def test_whatever_breaks_at_the_end_trying_again_finishes_it():
    def make():
        stage = withdrawn()
        return stage.ports, lambda: {"ended": finish(stage.ports, record(stage))}

    check_repeatable(make)


def test_whatever_breaks_trying_again_finishes_it():
    def make():
        stage = living(1)
        return stage.ports, lambda: {"outcome": back(stage).outcome}

    check_repeatable(make, forgiven=FORGIVEN | UNSTORED)


def _noting(order: list[str], name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The call, which first notes that it was made."""

    def noting(*arguments: Any, **options: Any) -> Any:
        order.append(name)
        return call(*arguments, **options)

    return noting
