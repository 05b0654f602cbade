"""The EventBridge Scheduler schedules that stacks have made, for whoever runs them."""

from __future__ import annotations

from dataclasses import dataclass

from local.cfn.template import Json


@dataclass(frozen=True)
class Schedule:
    """One schedule.

    Attributes:
        expression: `rate(1 minute)`, `cron(…)` or `at(…)`.
        target_arn: What is invoked.
        input: The text that the target gets; empty sends Scheduler's own event.
        role: Role with which the target is invoked.
        state: `ENABLED` or `DISABLED`.
        group: Schedule group.
        timezone: Time zone of a cron expression.
        target: All of the target: dead-letter queue, retries, parameters.
    """

    expression: str
    target_arn: str
    input: str
    role: str
    state: str = "ENABLED"
    group: str = "default"
    timezone: str = "UTC"
    target: Json = None


SCHEDULES: dict[str, Schedule] = {}
"""By schedule name."""
