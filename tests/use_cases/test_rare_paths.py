"""Paths that few releases take, so that what is allowed for them is used as well."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from local.sample import Place
from tests.statemachines.machines import ROOT
from tests.support.story import Story
from tests.support.variants import only_production, watched_by_an_alarm, with_migration

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


def with_a_test_task(manifest: dict[str, Any]) -> None:
    only_production(manifest)
    check = {
        "kind": "task",
        "name": "integration",
        "container": "app",
        "command": ["test"],
        "timeout_seconds": 30,
    }
    manifest["environments"][0]["checks"].append(check)


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
    there = checkout.quarantined()
    lifted = checkout.run("operate", action="lift_quarantine", **named)

    # Then
    assert (put.outcome, lifted.outcome) == ("succeeded", "succeeded"), (put.reason, lifted.reason)
    assert there == {digest}
    assert checkout.quarantined() == set()
