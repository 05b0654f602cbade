"""The machine of a canary, its pulse, or both are killed at any moment: nothing is left half done.

A function outlives its execution: while the execution is stopped it hangs in the middle of its work, and goes
on afterwards.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.statemachines.machines import load_all
from tests.support.canaries import CanaryStory, Tell, with_canary
from tests.support.together import together
from tests.support.variants import APPROVERS, Manifest

pytestmark = [*together("canary_killed"), pytest.mark.thorough]

Call = tuple[str, str, str, dict[str, Any]]
"""A function, and the service, action and parameters of the call in which it hangs."""

(CANARY,) = (machine for machine in load_all() if machine.name == "canary")
TASKS = [name for name, _ in CANARY.tasks()]
WAITING = ("Await verdict", "Request approval", "Await deployment")
ASKING = ("Request approval", "Follow answer")


def call_of(checkout: CanaryStory, release: str, state: str) -> Call:
    """In which call the function of a state hangs: in one that changes the world, where it makes one."""
    rule = {"RuleArn": checkout.traces.strategy["listener_rules"][0]}
    stable, canary = checkout.traces.services
    record = {
        "pk": {"S": f"SERVICE#{stable}"},
        "sk": {"S": f"RELEASE#{release.rpartition(':')[2]}"},
    }
    calls: dict[str, Call] = {
        "Plan canary": ("plan_canary", "dynamodb", "GetItem", {"Key": record}),
        "Scale canary": ("scale_canary", "ecs", "CreateService", {"serviceName": canary}),
        "Shift traffic": ("shift_traffic", "elbv2", "ModifyRule", rule),
        "Verify traffic": ("verify_traffic", "dynamodb", "GetItem", {"Key": record}),
        "Follow answer": ("follow_answer", "dynamodb", "GetItem", {"Key": record}),
        "Start deployment": ("start_deployment", "ecs", "UpdateService", {"service": stable}),
        "Read deployment": ("read_deployment", "dynamodb", "GetItem", {"Key": record}),
        "Withdraw canary": ("withdraw_canary", "elbv2", "ModifyRule", rule),
        "Withdraw canary tasks": ("withdraw_canary", "ecs", "UpdateService", {"service": canary}),
    }
    return calls[state]


def approved_by_people(manifest: Manifest) -> None:
    manifest["environments"][0]["approval"] = dict(APPROVERS)


def with_canary_for(story: Tell, state: str) -> CanaryStory:
    """A service whose canary comes to a state of the machine."""
    if state not in ASKING:
        return with_canary(story, maximum_percent=125)
    return with_canary(
        story,
        also=approved_by_people,
        requests_per_second=0,
        maximum_seconds=3,
        when_inconclusive="ask",
    )


def in_the_middle_of(checkout: CanaryStory, release: str, state: str) -> None:
    """Wait until the machine is in a state, and its function hangs or has registered to wait."""
    hangs = None if state in WAITING else checkout.hangs(*call_of(checkout, release, state))
    if state in ASKING:
        checkout.story.approve("Try it.")
    if state == "Follow answer":
        checkout.story.approve("Go on.")
    if hangs is None:
        checkout.enters(release, state)
    else:
        hangs()


@pytest.mark.parametrize("state", TASKS)
def test_a_killed_machine_leaves_nothing_behind(story: Tell, state: str) -> None:
    # Given
    checkout = with_canary_for(story, state)
    checkout.scales()
    _, release = checkout.push()

    # When
    in_the_middle_of(checkout, release, state)
    checkout.kill(release)

    # Then production runs what it ran before; all else is asserted of every story
    end = checkout.is_rolled_back()
    assert end.outcome == "succeeded", end.reason
    assert checkout.story.runs("prod") == checkout.good
    assert checkout.story.quarantined() == set()
    assert checkout.traffic()["failed_requests"] == 0


def test_a_pulse_whose_schedule_is_deleted_is_started_again(story: Tell) -> None:
    # Given
    checkout = with_canary(story, requests_per_second=0)
    digest, release = checkout.push()
    checkout.reaches(50)

    # When
    checkout.deletes_schedule()
    checkout.story.service.set_traffic(4000)
    end = checkout.story.ended(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.story.runs("prod") == digest


def test_a_pulse_whose_schedule_is_disabled_is_enabled_again(story: Tell) -> None:
    # Given
    checkout = with_canary(story)
    checkout.record.has_disabled_pulse()
    rule = {"RuleArn": checkout.traces.strategy["listener_rules"][0]}
    hangs = checkout.hangs("shift_traffic", "elbv2", "ModifyRule", rule)

    # When it is disabled from before, and again while the weights are being set
    digest, release = checkout.push()
    hangs()
    checkout.disables_schedule_until(release, "Await verdict")
    end = checkout.story.ended(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.story.runs("prod") == digest
    checkout.loses_nothing()


def test_a_pulse_that_fails_for_a_while_decides_later(story: Tell) -> None:
    # Given
    checkout = with_canary(story)
    key = {"pk": {"S": f"CANARY#{checkout.story.name}/prod"}, "sk": {"S": "CANARY"}}

    # When the pulse is denied its record some times
    checkout.fails("pulse", "dynamodb", "GetItem", {"Key": key}, kind="access_denied", times=4)
    digest, release = checkout.push()
    end = checkout.story.ended(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.story.runs("prod") == digest
    checkout.loses_nothing()


def test_machine_and_pulse_are_killed_at_once(story: Tell) -> None:
    # Given
    checkout = with_canary(story)
    checkout.scales()
    _, release = checkout.push()
    checkout.reaches(50)

    # When
    checkout.deletes_schedule()
    checkout.kill(release)
    end = checkout.is_rolled_back()

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.story.runs("prod") == checkout.good
    checkout.loses_nothing()


def test_answers_that_are_lost_after_their_effect_change_nothing_twice(story: Tell) -> None:
    # Given
    checkout = with_canary(story, 10, 50)
    checkout.scales()
    stable, canary = checkout.traces.services
    rule = {"RuleArn": checkout.traces.strategy["listener_rules"][0]}
    lost: tuple[Call, ...] = (
        ("scale_canary", "ecs", "CreateService", {"serviceName": canary}),
        ("scale_canary", "ecs", "UpdateService", {"service": canary}),
        ("shift_traffic", "elbv2", "ModifyRule", rule),
        ("pulse", "ecs", "UpdateService", {"service": canary}),
        ("start_deployment", "ecs", "UpdateService", {"service": stable}),
        ("withdraw_canary", "elbv2", "ModifyRule", rule),
        ("withdraw_canary", "ecs", "UpdateService", {"service": canary}),
    )

    # When each of these calls is carried out, and its answer is an error
    for call in lost:
        checkout.fails(*call, kind="fail_after_effect")
    digest, release = checkout.push()
    end = checkout.story.ended(release)

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.story.runs("prod") == digest
    checkout.loses_nothing()
