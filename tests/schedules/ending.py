"""How a schedule ends: the world becomes kind, the sweep runs twice, and everything has to come to rest.

What was lost stays lost. Whoever is asked approves, scans and tasks end, ECS gets on, the frozen thaws.
"""

from __future__ import annotations

from datetime import timedelta

from tests.schedules.watchman import Violation
from tests.schedules.world import World

BEFORE_THE_SWEEP = 960
"""Seconds: longer than the grace of the sweep, and than a rollback may take to take a lock over."""
BETWEEN_SWEEPS = 310
AFTER_THE_SWEEP = timedelta(hours=1)
"""So long may what a sweep has begun take: a deployment with its waits."""
MOST_STEPS = 4000
MOST_ANSWERS = 2
"""So often is one request answered: the page refuses one whose execution was stopped."""


def settle(world: World) -> None:
    """Let everything come to rest.

    Raises:
        Violation: something still runs, or waits, when two sweeps have had their time.
    """
    rest(world)
    for service, place in sorted(world.ports.freezes.frozen):
        world.command("operate", action="thaw", service=service, environment=place)
    rest(world)
    for seconds in (BEFORE_THE_SWEEP, BETWEEN_SWEEPS):
        world.pass_time(seconds, work=True)
        rest(world)
        world.sweep()
        rest(world)
    until = world.clock.at + AFTER_THE_SWEEP
    while world.clock.at < until and _busy(world):
        world.pass_time(60, work=True)
        rest(world)
    still = [f"{each.arn} in {each.task.state if each.task else None}" for each in _busy(world)]
    if still:
        raise Violation(f"still running after two sweeps: {still}")


def _busy(world: World) -> list:
    return [each for each in world.runs.executions.values() if each.running]


def rest(world: World) -> None:
    """Do whatever can be done, until nothing is left but to wait."""
    for _ in range(MOST_STEPS):
        if not _one(world):
            return
    raise Violation("it never comes to rest")


def _one(world: World) -> bool:
    """Do the next thing that can be done; False when there is none."""
    world.calm()
    if world.paused:
        world.resume(world.paused[0])
    elif world.runs.invocations:
        world.perform(world.runs.invocations[0])
    elif world.queue.waiting:
        world.deliver(world.queue.waiting[0])
    elif world.scanning():
        world.finish_scan(world.scanning()[0])
    elif world.ports.services._in_flight():
        world.go_on(world.ports.services._in_flight()[0])
    elif world.ports.tasks._going():
        world.end_task(world.ports.tasks._going()[0].arn)
    elif requests := [each for each in world.open_requests() if world.asked[each[1].id] < MOST_ANSWERS]:
        link, approval = requests[0]
        world.asked[approval.id] += 1
        world.decide(link, approval, yes=True)
    else:
        return _short_wait(world)
    world.watchman.check()
    return True


def _short_wait(world: World) -> bool:
    """Wait for what a machine itself waits for, which no event ends."""
    soon = [timer for timer in world.runs.timers() if timer.kind in ("wait", "retry")]
    if not soon:
        return world.await_pulse()
    world.pass_time(max(0.0, (soon[0].at - world.clock.at).total_seconds()), work=True)
    return True
