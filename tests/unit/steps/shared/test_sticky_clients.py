"""Clients whom the listener rules keep by a cookie, from the canary's first request to its record's end."""

from dataclasses import replace

import pytest

from tests.unit import canary_world
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
    pulse,
    record,
    settle,
    share,
    take_back,
    wanted,
)
from tests.unit.examples import execution_arn
from tests.unit.stage import Stage, locked
from tidegate.domain.judge import JudgeState
from tidegate.domain.traffic import LONGEST_COOKIE, ListenerRule, Stickiness, weights_for
from tidegate.errors import Terminal, Transient
from tidegate.steps import pulse as pulses
from tidegate.steps.preempting import LONGEST_FUNCTION_SECONDS
from tidegate.steps.withdrawing import finish, rescue, withdraw

TEN_MINUTES = Stickiness(True, 600)
OFF = Stickiness(False, 600)


def sticky(step: int = 0, stickiness: Stickiness = TEN_MINUTES, **more: object) -> Stage:
    """A canary with traffic, behind rules that keep their clients."""
    stage = living(step, **more)
    for rule in stage.ports.listener_rules.rules.values():
        let(stage, rule.arn, stickiness=stickiness)
    return stage


def let(stage: Stage, rule: str, **more: object) -> None:
    """Let a rule be otherwise."""
    rules = stage.ports.listener_rules.rules
    rules[rule] = replace(rules[rule], **more)


def stickiness(stage: Stage) -> list[Stickiness]:
    return [rule.stickiness for rule in stage.ports.listener_rules.rules.values()]


def once(stage: Stage) -> str:
    return withdraw(stage.ports, record(stage), stage.root).outcome


def over(stage: Stage) -> bool:
    return finish(stage.ports, record(stage))


def told(stage: Stage) -> list[tuple[str, str]]:
    """Rule, and what became of its stickiness, as the journal has it."""
    entries = [each["entry"] for each in stage.ports.journal.entries(stage.release.id)]
    return [(each["rule"], each["stickiness"]) for each in entries if "rule" in each]


# --- called back -------------------------------------------------------------------------------------------


def test_weight_and_stickiness_go_in_one_call_to_each_rule():
    # Given
    stage = sticky()

    # When
    outcome = once(stage)

    # Then
    assert outcome == "returning"
    assert (share(stage), stickiness(stage)) == ([0.0, 0.0], [OFF, OFF])
    assert len(stage.ports.listener_rules.called("set_weights")) == 2
    assert record(stage).stickiness == dict.fromkeys(RULES, TEN_MINUTES)

    # When it holds
    settle(stage)

    # Then
    assert once(stage) == "withdrawn"
    assert told(stage) == [(rule, "off") for rule in RULES]


def test_what_a_rule_had_is_noted_before_it_is_changed():
    # Given a function that is stopped while it changes the rule
    stage = sticky()
    stage.ports.listener_rules.fail("set_weights", Terminal("stopped"))

    # Then
    with pytest.raises(Terminal, match="stopped"):
        once(stage)
    assert record(stage).stickiness == {RULES[0]: TEN_MINUTES}
    assert record(stage).sticky_seconds == 600


def test_stickiness_is_verified_like_the_weights():
    # Given somebody who switches it on again at once
    stage = sticky()
    once(stage)
    let(stage, RULES[1], stickiness=TEN_MINUTES)
    settle(stage)

    # Then
    with pytest.raises(Transient, match="did not keep"):
        once(stage)
    assert stickiness(stage) == [OFF, OFF]
    assert wanted(stage) == 2
    assert take_back(stage).outcome == "withdrawn"


def test_weight_0_alone_does_not_call_clients_back():
    # Given somebody who has taken the traffic back by hand
    stage = sticky()
    for rule in RULES:
        let(stage, rule, weights=weights_for(0, STABLE, CANARY))

    # Then
    assert once(stage) == "returning"
    assert stickiness(stage) == [OFF, OFF]


def test_a_canary_without_clients_leaves_stickiness_as_it_is():
    # Given
    stage = sticky(-1)

    # Then
    assert once(stage) == "withdrawn"
    assert stickiness(stage) == [TEN_MINUTES, TEN_MINUTES]
    assert over(stage)


def test_only_the_rules_that_are_sticky_are_changed():
    # Given
    stage = sticky()
    let(stage, RULES[1], stickiness=Stickiness())

    # When
    take_back(stage)

    # Then
    assert stickiness(stage) == [OFF, Stickiness()]
    assert record(stage).stickiness == {RULES[0]: TEN_MINUTES}


def test_a_rule_that_others_have_taken_keeps_the_stickiness_they_gave_it():
    # Given
    stage = sticky()
    let(stage, RULES[1], weights={STABLE: 40, CANARY: 40, OTHER: 20})

    # Then
    assert take_back(stage).outcome == "blocked"
    assert stickiness(stage) == [OFF, TEN_MINUTES]
    assert wanted(stage) == 2


def test_stickiness_that_does_not_say_how_long_may_last_as_long_as_any():
    # Given
    stage = sticky(stickiness=Stickiness(True))

    # When
    take_back(stage)

    # Then
    assert record(stage).sticky_seconds == LONGEST_COOKIE


# --- target groups that are sticky themselves --------------------------------------------------------------


def with_sticky_targets() -> Stage:
    stage = sticky()
    stage.ports.listener_rules.sticky_groups |= {STABLE, CANARY}
    return stage


def test_where_the_rule_has_to_be_sticky_it_forwards_to_the_stable_group_alone():
    # Given
    stage = with_sticky_targets()

    # When
    outcome = once(stage)

    # Then
    assert outcome == "returning"
    assert list(stage.ports.listener_rules.rules.values()) == [
        ListenerRule(rule, {STABLE: 100}, OFF) for rule in RULES
    ]
    assert record(stage).alone == RULES

    # When its time is over
    settle(stage)

    # Then
    assert once(stage) == "withdrawn"
    assert wanted(stage) == 0
    assert told(stage) == [(rule, "alone") for rule in RULES]


def test_such_a_rule_has_both_groups_again_when_its_stickiness_is_restored():
    # Given
    stage = with_sticky_targets()
    take_back(stage)

    # When
    assert not over(stage)
    stage.ports.clock.advance(600)

    # Then
    assert over(stage)
    assert list(stage.ports.listener_rules.rules.values()) == [
        ListenerRule(rule, {STABLE: 100, CANARY: 0}, TEN_MINUTES) for rule in RULES
    ]
    assert_at_rest(stage)


def test_such_a_rule_that_people_have_given_both_groups_is_theirs():
    # Given
    stage = with_sticky_targets()
    take_back(stage)
    let(stage, RULES[0], weights={STABLE: 100, CANARY: 0}, stickiness=Stickiness(True, 60))

    # When
    stage.ports.clock.advance(600)

    # Then
    assert over(stage)
    assert stickiness(stage) == [Stickiness(True, 60), TEN_MINUTES]


def test_a_rule_that_cannot_be_changed_at_all_is_an_error_and_the_tasks_are_kept():
    # Given
    stage = with_sticky_targets()
    stage.ports.listener_rules.set_weights = lambda *_, **__: False

    # Then
    with pytest.raises(Terminal, match="cannot be made to send all clients"):
        once(stage)
    assert wanted(stage) == 2


# --- kept again --------------------------------------------------------------------------------------------


def test_stickiness_is_restored_when_no_cookie_can_lead_to_the_canary_any_more():
    # Given
    stage = sticky(decision="roll_back")
    take_back(stage)

    # When
    stage.ports.clock.advance(599)
    early = over(stage)

    # Then nothing else is left of it, and its pulse goes on
    assert not early
    assert stickiness(stage) == [OFF, OFF]
    assert record(stage).phase == "withdrawn"
    assert pulse(stage) in stage.ports.schedules.started

    # When
    stage.ports.clock.advance(1)

    # Then
    assert over(stage)
    assert stickiness(stage) == [TEN_MINUTES, TEN_MINUTES]
    assert share(stage) == [0.0, 0.0]
    assert (record(stage).phase, record(stage).stickiness) == ("ended", {})
    assert stage.ports.schedules.started == {}
    assert told(stage)[2:] == [(rule, "on") for rule in RULES]


def test_the_longest_duration_that_was_ever_seen_is_waited_for():
    # Given people who have shortened the duration while the canary had traffic
    stage = sticky(sticky_seconds=1800)
    take_back(stage)

    # Then
    stage.ports.clock.advance(600)
    assert not over(stage)
    stage.ports.clock.advance(1200)
    assert over(stage)
    assert stickiness(stage) == [TEN_MINUTES, TEN_MINUTES]


@pytest.mark.parametrize(
    "changed",
    [
        {"stickiness": Stickiness(True, 30)},
        {"weights": {STABLE: 100}},
        {"weights": {STABLE: 60, CANARY: 0, OTHER: 40}},
    ],
)
def test_what_people_change_meanwhile_stays_as_they_want_it(changed: dict):
    # Given
    stage = sticky()
    take_back(stage)
    let(stage, RULES[0], **changed)
    wanted_so = stage.ports.listener_rules.rules[RULES[0]]

    # When
    assert not over(stage)
    stage.ports.clock.advance(600)

    # Then
    assert over(stage)
    assert stage.ports.listener_rules.rules[RULES[0]] == wanted_so
    assert stickiness(stage)[1] == TEN_MINUTES
    assert told(stage)[2:] == [(RULES[0], "left"), (RULES[1], "on")]


def test_stickiness_that_people_have_switched_off_before_is_not_switched_on():
    # Given
    stage = sticky(stickiness=OFF, sticky_seconds=600)
    take_back(stage)

    # Then nobody has to wait either
    assert over(stage)
    assert stickiness(stage) == [OFF, OFF]


def test_a_rule_that_is_gone_keeps_the_others_from_nothing():
    # Given
    stage = sticky()
    take_back(stage)
    del stage.ports.listener_rules.rules[RULES[0]]
    stage.ports.clock.advance(600)

    # Then
    assert over(stage)
    assert stickiness(stage) == [TEN_MINUTES]


def test_what_a_late_function_gives_back_to_the_canary_gets_no_cookies():
    # Given
    stage = sticky()
    take_back(stage)
    let(stage, RULES[0], weights=weights_for(50, STABLE, CANARY))

    # When
    stage.ports.clock.advance(600)

    # Then
    assert not over(stage)
    assert (share(stage), stickiness(stage)) == ([0.0, 0.0], [OFF, OFF])
    assert over(stage)
    assert stickiness(stage) == [TEN_MINUTES, TEN_MINUTES]


def test_a_canary_whose_machine_has_died_is_taken_back_in_the_same_way():
    # Given
    stage = sticky()
    stage.ports.machines.finish(stage.root, "ABORTED")

    # When its pulse goes on
    command = pulses.Command(service="checkout", environment=stage.place)
    outcomes = []
    for _ in range(13):
        outcomes.append(pulses.run(command, stage.ports)["outcome"])
        stage.ports.clock.advance(60)

    # Then
    assert outcomes == ["returning", "withdrawn", *["fail"] * 9, "ended", "ended"]
    assert stickiness(stage) == [TEN_MINUTES, TEN_MINUTES]
    assert_at_rest(stage)


def test_a_rollback_takes_sticky_clients_back_too():
    # Given
    stage = sticky()
    stage.ports.machines.finish(stage.root, "ABORTED")
    rollback = execution_arn("rollback", "rollback")
    stage.ports.locks.held.clear()
    locked(stage, owner=rollback)
    stage.ports.clock.advance(LONGEST_FUNCTION_SECONDS)  # What a rollback waits for before it begins.

    # When
    taken = take_back(stage, rollback)

    # Then
    assert taken.outcome == "withdrawn"
    assert stickiness(stage) == [OFF, OFF]


def test_a_record_of_a_canary_that_was_never_sticky_has_nothing_to_wait_for():
    # Given
    stage = living()
    take_back(stage)
    edit(stage, sticky_seconds=600)

    # Then
    assert record(stage).cookies_until is None
    assert over(stage)


def test_whatever_breaks_while_clients_are_called_back_trying_again_finishes_it():
    def make():
        stage = with_sticky_targets()
        return stage.ports, lambda: {"outcome": take_back(stage).outcome}

    check_repeatable(make, forgiven=FORGIVEN | UNSTORED)


def test_whatever_breaks_while_stickiness_is_restored_trying_again_finishes_it():
    def make():
        stage = sticky(decision="roll_back")
        take_back(stage)
        stage.ports.clock.advance(600)
        return stage.ports, lambda: {"ended": over(stage)}

    check_repeatable(make)


def test_nobody_rescues_a_sticky_canary_whose_machine_runs():
    # Given
    stage = sticky()

    # Then
    with pytest.raises(Terminal, match="Somebody is in charge"):
        rescue(stage.ports, record(stage))
    assert stickiness(stage) == [TEN_MINUTES, TEN_MINUTES]


# --- judged by who really came -----------------------------------------------------------------------------


@pytest.mark.parametrize("weight_step", [0, 1, 2])
def test_the_same_requests_give_the_same_evidence_whatever_the_weight(weight_step: int):
    # Given clients who keep to the stable service, so that the canary has 5 % of the requests at every weight
    at_every_weight = [canary_world.analysing(step=step) for step in (0, weight_step)]

    # When
    for world in at_every_weight:
        world.pulse_through(0, 5, canary_world.CLEAN)

    # Then
    judged = [world.ports.canaries.periods(world.record.id) for world in at_every_weight]
    seen = [[(each.figures, each.log_evidence, each.verdict) for each in periods[:2]] for periods in judged]
    assert seen[0] == seen[1]
    assert seen[0][1][0] == {"errors": canary_world.CLEAN}


def test_a_canary_that_keeps_more_clients_than_its_weight_is_not_blamed_for_their_number():
    # Given a weight of 5 %, and sticky clients who bring it half of the requests, as good as the others
    world = canary_world.analysing(step=0)
    half: canary_world.Flow = (15_000, 15, 15_000, 15)

    # When
    outcome = world.pulse_through(0, 6, half)

    # Then by the weight it would have 20 times the errors that it should have
    assert outcome in ("analysing", "preparing")
    assert world.record.evidence is None
    assert JudgeState.from_json(world.record.judge).log_evidence < 1


def test_a_canary_that_keeps_fewer_clients_than_its_weight_is_not_excused_by_their_number():
    # Given a weight of 95 %, a hundredth of the requests, and ten times as many errors each
    world = canary_world.analysing(step=2)
    few: canary_world.Flow = (300, 30, 29_700, 297)

    # When
    outcome = world.pulse_through(0, 8, few)

    # Then
    assert (outcome, world.record.evidence) == ("roll_back", "judge")
