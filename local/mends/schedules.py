"""Mends: EventBridge Scheduler. moto stores any schedule, with any name, expression and role.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

from __future__ import annotations

import re

from local.mends.patching import Foreign, Mends, load

MENDS = Mends()
_NAME = re.compile(r"[0-9a-zA-Z\-_.]{1,64}")


@MENDS.wraps("moto.scheduler.models:EventBridgeSchedulerBackend.create_schedule", "513099380dbd")
def create_schedule(original: Foreign, self: Foreign, **asked: Foreign) -> Foreign:
    """moto fails with a KeyError where the group is missing, and checks nothing else."""
    _check(self, asked)
    return original(self, **asked)


@MENDS.wraps("moto.scheduler.models:EventBridgeSchedulerBackend.update_schedule", "15f9bd86f239")
def update_schedule(original: Foreign, self: Foreign, **asked: Foreign) -> Foreign:
    """moto changes a schedule into anything, checking nothing."""
    self.get_schedule(group_name=asked["group_name"], name=asked["name"])
    _check(self, asked)
    return original(self, **asked)


def _check(backend: Foreign, asked: dict[str, Foreign]) -> None:
    from local.events import expressions, roles  # they read moto, which is mended before they are wanted

    refused = load("moto.scheduler.exceptions:ValidationException")
    if not _NAME.fullmatch(asked["name"]):
        raise refused(f"Value '{asked['name']}' at 'name' failed to satisfy constraint: [0-9a-zA-Z-_.]+")
    group = backend.get_schedule_group(asked["group_name"])
    try:
        expressions.parse(asked["schedule_expression"])
    except expressions.InvalidExpressionError as error:
        raise refused(str(error)) from error
    role = asked["target"].get("RoleArn")
    if not role or not roles.assumable(role, group.arn):
        raise refused(
            "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."
        )
