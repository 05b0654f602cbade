"""What production must look like when everything has come to rest: traffic, canaries, scaling, pulses."""

from __future__ import annotations

from collections.abc import Iterator

from tests.schedules.canary_ecs import SUFFIX
from tests.schedules.production import PROD
from tests.schedules.strategies import SCALING, groups_of, rules_of
from tests.schedules.world import World


def unrest(world: World) -> Iterator[str]:
    """Everything around production that is not as it was before the first release."""
    ports = world.ports
    yield from (f"still pulsing: {name}" for name in ports.schedules.started)
    for canary in ports.canaries.active():
        yield f"canary {canary.id} has not ended: {canary.phase}, {canary.decision}, {canary.reason}"
    for service in world.names:
        yield from _traffic(world, service)
        yield from _scaling(world, service)
        beside = world.production.canary(service)
        if beside is not None and (beside.desired, beside.running) != (0, 0):
            yield f"{beside.name} wants {beside.desired} tasks and has {beside.running}"
        yield from _harmful(world, service)


def _traffic(world: World, service: str) -> Iterator[str]:
    """Each rule gives everything to the tasks that run what is recorded."""
    live = world.ports.services._live.get((PROD, service), 0)
    stable, other = groups_of(service)[live], groups_of(service)[1 - live]
    if world.production.tasks(other):
        yield f"{service} has {world.production.tasks(other)} tasks in {other}"
    if world.ports.services._hook((PROD, service)) is not None:
        yield f"a pause of {service} waits: {world.ports.services._newest((PROD, service))}"
    for rule in rules_of(service):
        weights = world.ports.listener_rules.rules[rule].weights
        if weights != {stable: 100, other: 0}:
            yield f"{rule} gives {weights}"
    if world.production.tasks(stable) != world.ports.services.described[PROD, service].desired:
        yield f"{service} has traffic and {world.production.tasks(stable)} tasks"


def _scaling(world: World, service: str) -> Iterator[str]:
    scaled = world.ports.scaling.scaled
    if scaled.get((PROD, service)) != SCALING:
        yield f"{service} scales as {scaled.get((PROD, service))}"
    if (PROD, service + SUFFIX) in scaled:
        yield f"{service}{SUFFIX} still scales by itself"


def _harmful(world: World, service: str) -> Iterator[str]:
    """A harmful image stays only where nothing judges."""
    runs = world.ports.services.described[PROD, service].task_definition
    harmful = world.production.harmful_in(runs)
    if harmful is not None and not world.watchman.disturbed[service] & {"unjudged", "accepted"}:
        yield f"{service} runs {harmful.tag}, which is harmful, in production"
