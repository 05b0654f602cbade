"""The stories in which the matrix lets things go wrong: what begins, what people do meanwhile, how it ends.

The first of them that reaches a state is the one in which the state meets its faults. Each runs again and
again on one service, with a new image each time.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.faults.slot import Slot
from tests.support.variants import (
    APPROVERS,
    Change,
    Manifest,
    blue_green_in_production,
    canary_in_production,
    only_production,
    only_production_with_approval,
    watched_by_an_alarm,
    with_migration,
    without_approval,
)

TRAFFIC = 4000
"""Requests per second: so many that the judge of a canary knows after a few periods."""
DONE = {"exit_code": 0, "seconds": 0.2}


@dataclass(frozen=True)
class Scenario:
    """One story that can be told again and again.

    Attributes:
        name: As reports call it.
        change: What is changed in the sample's manifest.
        begin: Lets it begin; returns the execution.
        outcome: How it ends when nothing goes wrong.
        bad: Whether the image it brings does not work: it must not stay, and may be put in quarantine.
        given: What must be so before each time.
        meanwhile: What people do while it runs, looked at again and again.
        after: What is cleared away after each time.
        tasks: How often the command of a task check is run when nothing goes wrong.
        standing: Faults that belong to the story: a function that is broken, say.
        seconds: About how long it takes without faults, to begin with the longest.
    """

    name: str
    change: Change
    begin: Callable[[Slot], str]
    outcome: str = "succeeded"
    bad: bool = False
    given: Callable[[Slot], None] | None = None
    meanwhile: Callable[[Slot], None] | None = None
    after: Callable[[Slot], None] | None = None
    tasks: int = 1
    standing: tuple[dict[str, Any], ...] = ()
    seconds: float = 5


def pushed(slot: Slot, **behaviour: Any) -> str:
    """A new image is pushed."""
    slot.new = slot.story.push(slot.tag(), **behaviour)
    return slot.released()


def deployed(slot: Slot, **behaviour: Any) -> str:
    """A new image is deployed by hand."""
    tag = f"trial-{slot.tag()}"
    slot.new = slot.story.push(tag, **behaviour)
    return slot.story.start("deploy", service=slot.story.name, environment="prod", tag=tag)


def registered(slot: Slot) -> str:
    """The service is registered again, with another number in its manifest."""
    manifest = copy.deepcopy(slot.story.service.manifest)
    manifest["scan"]["timeout_seconds"] += slot.number()
    return slot.story.start("register_service", manifest=manifest)


def frozen(slot: Slot) -> str:
    """Production is frozen."""
    named = {"service": slot.story.name, "environment": "prod", "reason": "A test."}
    return slot.story.start("operate", action="freeze", **named)


def thawed(slot: Slot) -> None:
    """Production is not frozen."""
    slot.story.run("operate", action="thaw", service=slot.story.name, environment="prod")


def rolled_back(slot: Slot) -> str:
    """An operator goes back to what ran before."""
    slot.allowed = {slot.behind}
    return slot.story.start("rollback", service=slot.story.name, environment="prod")


def good_release(slot: Slot) -> None:
    """A good release that can be rolled back."""
    slot.behind = slot.story.runs("prod")
    end = slot.ended(pushed(slot))
    assert end.outcome == "succeeded", end.reason
    slot.new = None


def red(slot: Slot) -> None:
    """An alarm of production is red."""
    slot.place.client("cloudwatch").set_alarm_state(
        AlarmName=f"{slot.story.name}-errors", StateValue="ALARM", StateReason="A test."
    )


def waits_for_thaw(slot: Slot) -> None:
    """Production is thawed as soon as the release waits for that."""
    if "thawed" not in slot.done and slot.waits("freeze/"):
        slot.done.add("thawed")
        thawed(slot)


def freeze_first(slot: Slot) -> None:
    """Production is frozen before the push."""
    slot.story.ended(frozen(slot))


def approving(slot: Slot) -> None:
    """The approver says yes to every question."""
    slot.answer("approve")


def rejecting(slot: Slot) -> None:
    """The approver says no."""
    slot.answer("reject")


def cancelling(slot: Slot) -> None:
    """An operator cancels the release while it waits between two environments."""
    if "cancelled" not in slot.done and slot.waits("soak/"):
        slot.done.add("cancelled")
        slot.story.run("operate", action="cancel", release=slot.release, reason="A test.")


def with_users(slot: Slot) -> None:
    """Users, so many that a canary is judged soon."""
    slot.story.service.set_traffic(TRAFFIC)


def standing_with_users(slot: Slot) -> None:
    """Users, and a service whose last deployment by ECS has ended."""
    with_users(slot)
    ecs, named = slot.place.client("ecs"), {"cluster": "prod", "service": slot.story.name}

    def stands() -> bool | None:
        return (
            not ecs.list_service_deployments(**named, status=["PENDING", "IN_PROGRESS"])["serviceDeployments"]
            or None
        )

    slot.story.until(stands, "no deployment is being made")


def without_users(slot: Slot) -> None:
    """Nobody."""
    slot.story.service.set_traffic(0)


def gated(manifest: Manifest) -> None:
    """Approval, a task before the deployment and one after it."""
    with_migration(manifest)
    production = manifest["environments"][0]
    production["approval"] = dict(APPROVERS)
    production["checks"].append(_task_check("integration"))


def soaking(seconds: int) -> Change:
    """Two environments and a soak between them."""

    def change(manifest: Manifest) -> None:
        manifest["environments"] = [manifest["environments"][0], manifest["environments"][2]]
        without_approval(manifest)
        manifest["environments"][0]["soak_seconds"] = seconds

    return change


def asking_canary(manifest: Manifest) -> None:
    """A canary without users, about which people are asked."""
    canary_in_production(maximum_seconds=3, when_inconclusive="ask")(manifest)
    manifest["environments"][0]["approval"] = dict(APPROVERS)


def tested_blue_green(manifest: Manifest) -> None:
    """Blue/green with a check by request and one by task before the switch."""
    blue_green_in_production(bake_minutes=5)(manifest)
    production = manifest["environments"][0]
    production["checks"].append(_task_check("integration"))
    production["strategy"]["test_checks"].append("integration")


def _task_check(name: str) -> dict[str, Any]:
    command = {"container": "app", "command": ["test"], "timeout_seconds": 30}
    return {"kind": "task", "name": name, **command}


def _broken(machine: str, state: str) -> dict[str, Any]:
    """The function of a state is refused whatever it asks for."""
    caller = f"tidegate-{machine}"
    return {"kind": "access_denied", "caller": caller, "state": f"{caller}/{state}", "times": None}


_tasks = {"migrate": DONE, "test": DONE}
_failing = {"migrate": {"exit_code": 3, "seconds": 0.2}}

SCENARIOS = (
    Scenario("registration", only_production, registered, seconds=1),
    Scenario(
        "broken registration",
        only_production,
        registered,
        outcome="failed",
        standing=(_broken("register_service", "Register service"),),
        seconds=1,
    ),
    Scenario("request", only_production, frozen, after=thawed, seconds=2),
    Scenario(
        "broken request",
        only_production,
        frozen,
        outcome="failed",
        after=thawed,
        standing=(_broken("operate", "Operate"),),
        seconds=2,
    ),
    Scenario("rolling", only_production, pushed),
    Scenario("red alarm", watched_by_an_alarm, pushed, outcome="failed", given=red, seconds=3),
    Scenario(
        "failing check",
        only_production,
        partial(pushed, error_rate=1.0, http={"/health": 200}),
        outcome="rolled_back",
        bad=True,
        seconds=10,
    ),
    Scenario(
        "failed migration",
        with_migration,
        partial(pushed, tasks=_failing),
        outcome="rolled_back",
    ),
    Scenario("late scan", only_production, partial(pushed, scan_seconds=12), seconds=16),
    Scenario("gates", gated, partial(pushed, tasks=_tasks), meanwhile=approving, seconds=9),
    Scenario(
        "rejected", only_production_with_approval, pushed, outcome="rejected", meanwhile=rejecting, seconds=4
    ),
    Scenario("soak", soaking(6), pushed, seconds=12),
    Scenario("cancelled", soaking(3600), pushed, outcome="cancelled", meanwhile=cancelling, seconds=8),
    Scenario("deploy", only_production_with_approval, deployed, meanwhile=approving, seconds=7),
    Scenario(
        "deploy crash",
        only_production,
        partial(deployed, starts=False),
        outcome="rolled_back",
        bad=True,
        seconds=10,
    ),
    Scenario(
        "crash", only_production, partial(pushed, starts=False), outcome="rolled_back", bad=True, seconds=10
    ),
    Scenario("rollback", only_production, rolled_back, given=good_release, seconds=10),
    Scenario("canary", canary_in_production(), pushed, given=with_users, seconds=30),
    Scenario("canary asks", asking_canary, pushed, given=without_users, meanwhile=approving, seconds=35),
    Scenario(
        "bad canary",
        canary_in_production(),
        partial(pushed, error_rate=0.2),
        outcome="rolled_back",
        bad=True,
        given=with_users,
        seconds=30,
    ),
    Scenario(
        "blue/green",
        tested_blue_green,
        partial(pushed, tasks=_tasks),
        given=standing_with_users,
        tasks=2,
        seconds=20,
    ),
    Scenario(
        "bad blue/green",
        blue_green_in_production(bake_minutes=100),
        partial(pushed, error_rate=0.3, http={"/": 200}),
        outcome="rolled_back",
        bad=True,
        given=standing_with_users,
        seconds=20,
    ),
    Scenario(
        "frozen",
        only_production,
        pushed,
        given=freeze_first,
        meanwhile=waits_for_thaw,
        after=thawed,
        seconds=9,
    ),
)
BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}
