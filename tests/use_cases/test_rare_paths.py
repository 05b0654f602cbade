"""Paths that few releases take, so that what is allowed for them is used as well."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from local.sample import Place
from local.sample.place import STACK
from tests.statemachines.machines import ROOT
from tests.support.canaries import with_canary
from tests.support.story import Story
from tests.support.variants import (
    only_production,
    only_production_with_approval,
    watched_by_an_alarm,
    with_a_test_task,
    with_migration,
)

pytestmark = pytest.mark.thorough

Tell = Callable[..., Story]


@pytest.fixture
def breaks(place: Place) -> Iterator[Callable[..., None]]:
    """Lets a function fail before it does anything."""

    def let(function: str, times: int | None = None) -> None:
        fault = {"kind": "function_crash", "caller": f"tidegate-{function}", "before": True, "times": times}
        place.world("POST", "/faults", fault)

    yield let
    place.world("DELETE", "/faults")


@pytest.mark.parametrize("machine", ["operate", "register_service"])
def test_a_machine_whose_function_is_broken_still_writes_its_record(
    machine: str, story: Tell, breaks: Callable[..., None]
) -> None:
    # Given
    checkout = story(only_production)
    breaks(machine)

    # When
    payload = {"action": "freeze", "service": checkout.name, "environment": "prod", "reason": "A test."}
    end = checkout.run(
        machine, **(payload if machine == "operate" else {"manifest": checkout.service.manifest})
    )

    # Then
    assert (end.status, end.outcome) == ("FAILED", "failed"), end.reason


def test_a_release_is_tested_by_a_task(story: Tell) -> None:
    # Given
    checkout = story(with_a_test_task)

    # When
    digest = checkout.push("1.1.0", tasks={"test": {"exit_code": 0, "seconds": 0.2}})
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_a_migration_that_does_not_end_is_stopped(story: Tell) -> None:
    # Given
    checkout = story(partial(with_migration, timeout_seconds=5))

    # When
    checkout.push("1.1.0", tasks={"migrate": {"exit_code": 0, "seconds": 600}})
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "rolled_back", end.reason
    stopped = checkout.place.client("ecs").list_tasks(cluster="prod", desiredStatus="STOPPED")["taskArns"]
    assert stopped


def test_a_manifest_that_watches_no_alarm_any_more_is_forgotten_by_it(story: Tell) -> None:
    # Given
    checkout = story(watched_by_an_alarm)
    alarm = f"{checkout.name}-errors"
    manifest = json.loads(json.dumps(checkout.service.manifest))
    manifest["environments"][0]["strategy"].pop("alarms")

    # When
    checkout.service.register(manifest)

    # Then
    event = json.loads((ROOT / "events" / "aws" / "cloudwatch_alarm.json").read_text())
    event["detail"]["alarmName"] = alarm
    assert checkout.invoke("receive_alarm", event)["ignored"] == "unlisted_alarm"


def test_a_digest_is_put_in_quarantine_by_hand_and_taken_out_again(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    digest = checkout.service.digests["app"]
    named = {"service": checkout.name, "digest": digest, "reason": "Heard of it elsewhere."}

    # When
    put = checkout.run("operate", action="quarantine", **named)
    again = checkout.run("operate", action="quarantine", **named)
    there = checkout.quarantined()
    lifted = checkout.run("operate", action="lift_quarantine", **named)

    # Then
    assert (put.outcome, lifted.outcome) == ("succeeded", "succeeded"), (put.reason, lifted.reason)
    assert there == {digest}
    assert "was in quarantine before" in again.reason
    assert checkout.quarantined() == set()


def test_a_rollback_registers_anew_what_was_deregistered(story: Tell) -> None:
    # Given two releases of Tidegate's, one after the other
    checkout = story(only_production)
    ecs = checkout.place.client("ecs")

    def definition() -> str:
        found = ecs.describe_services(cluster="prod", services=[checkout.name])["services"][0]
        return str(found["taskDefinition"])

    digests, definitions = [], []
    for tag in ("1.1.0", "1.2.0"):
        digests.append(checkout.push(tag))
        assert checkout.ended(checkout.release()).outcome == "succeeded"
        definitions.append(definition())

    # When
    ecs.deregister_task_definition(taskDefinition=definitions[0])
    end = checkout.run("rollback", service=checkout.name, environment="prod", reason="Wrong totals.")

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digests[0]
    assert definition() not in definitions


def test_what_somebody_deployed_by_hand_is_not_rolled_back(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    ecs, before = checkout.place.client("ecs"), checkout.runs("prod")

    def deployments() -> set[str]:
        found = ecs.describe_services(cluster="prod", services=[checkout.name])["services"][0]
        return {each["taskDefinition"] for each in found["deployments"]} | {found["taskDefinition"]}

    first = deployments()
    checkout.redeploy_by_hand("prod")
    checkout.until(lambda: not first & deployments() or None, "ECS runs what was deployed by hand alone")

    # When
    end = checkout.run("rollback", service=checkout.name, environment="prod", reason="Wrong totals.")

    # Then
    assert end.outcome == "rejected", end.reason
    assert "which Tidegate did not deploy" in end.reason
    assert checkout.runs("prod") == before


def test_what_amazon_inspector_tells_of_a_scan_is_heard(story: Tell) -> None:
    # Given
    checkout = story(only_production)
    rule = {
        "scanFrequency": "SCAN_ON_PUSH",
        "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}],
    }

    # When
    checkout.place.client("ecr").put_registry_scanning_configuration(scanType="ENHANCED", rules=[rule])
    try:
        digest = checkout.push("1.1.0")
    finally:
        checkout.place.scan_on_push()
    end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.runs("prod") == digest


def test_an_approver_whose_subscription_is_gone_is_asked_to_confirm_again(story: Tell) -> None:
    # Given
    checkout = story(only_production_with_approval)
    sns, topic = checkout.place.client("sns"), checkout.place.resource("ApprovalsTopic")
    for page in sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic):
        for each in page["Subscriptions"]:
            if each["Endpoint"] == checkout.address:
                sns.unsubscribe(SubscriptionArn=each["SubscriptionArn"])

    # When
    checkout.push("1.1.0")
    end = checkout.ended(checkout.release())

    # Then nobody could approve, and the approver has a new mail with a link to confirm
    assert end.outcome == "failed", end.reason
    assert checkout.address in end.reason
    mails = checkout.place.world("GET", f"/mailbox?address={checkout.address}&confirmations=true")
    assert sum(1 for mail in mails if mail.get("confirm_token")) == 2


def test_a_scan_that_never_comes_blocks_after_the_timeout(story: Tell) -> None:
    # Given
    def impatient(manifest: dict[str, Any]) -> None:
        manifest["scan"]["timeout_seconds"] = 5

    checkout = story(impatient)

    # When
    with checkout.without_scans():
        checkout.push("1.1.0")
        end = checkout.ended(checkout.release())

    # Then
    assert end.outcome == "rejected"
    assert checkout.runs("dev") == checkout.service.digests["app"]


def test_a_canary_that_machine_safety_net_and_pulse_have_left_is_taken_back_by_the_sweep(story: Tell) -> None:
    # Given
    checkout = with_canary(story)
    checkout.scales()
    _, release = checkout.push()
    checkout.reaches(50)
    checkout.is_judged(50)

    # When the pulse can read nothing, the machine is killed, and nobody hears of it
    checkout.record.is_hidden_from("pulse")
    with checkout.story.without_events("receive_failed_execution"):
        checkout.kill(release)

        def swept() -> bool | None:
            checkout.record.is_silent()
            checkout.story.invoke("sweep", {})
            return (checkout.record.phase() == "ended") or None

        checkout.story.until(swept, "the sweep has taken the canary back", longest_pause=3)
    checkout.record.is_shown_again()
    checkout.story.invoke("sweep", {"grace_seconds": 0})
    end = checkout.is_rolled_back()

    # Then
    assert end.outcome == "succeeded", end.reason
    assert checkout.story.runs("prod") == checkout.good
    checkout.loses_nothing()


def test_services_with_canaries_are_measured_on_a_schedule(story: Tell) -> None:
    # Given
    checkout = with_canary(story)
    (rule,) = checkout.place.client("events").list_rules(NamePrefix=f"{STACK}-CalibrateService")["Rules"]

    # When
    checkout.place.world("POST", f"/schedules/{rule['Name']}/fire")

    # Then
    measured = f"/calls?caller={STACK}-calibrate_service&action=GetMetricData"
    checkout.story.until(lambda: checkout.place.world("GET", measured) or None, "the metrics are read")
