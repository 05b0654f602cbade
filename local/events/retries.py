"""Attempts at a delivery: exponential back-off, a limit of attempts and age, then the dead-letter queue.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html, for rules and schedules alike.
Waiting times and ages are divided by the time scale.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from local import deliver, permissions
from local.deliver import Arn, UndeliverableError

if TYPE_CHECKING:
    from local.timers import Timers

log = logging.getLogger(__name__)

MOST_ATTEMPTS = 185
OLDEST_S = 86_400
FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 600.0


@dataclass(frozen=True)
class Attempt:
    """A delivery, and what to do about its end.

    Attributes:
        deliver: Does it, or raises UndeliverableError.
        delivered: Called once it is done.
        failed: Called with code and message when it is given up.
        policy: The target's RetryPolicy.
        dead_letter_arn: Queue for what could not be delivered.
        letter: What the queue then gets.
        source_arn: Rule or schedule.
        target_arn: Target.
        principal: The service that the queue's policy must allow; None for one that acts under a role.
        made: Attempts so far.
        began: When the first one was made.
    """

    deliver: Callable[[], object]
    delivered: Callable[[], object]
    failed: Callable[[str, str], object]
    policy: dict[str, Any]
    dead_letter_arn: str | None
    letter: str
    source_arn: str
    target_arn: str
    principal: str | None = "events.amazonaws.com"
    made: int = 0
    began: float = field(default_factory=time.monotonic)


class Retries:
    """Makes attempts."""

    def __init__(self, timers: Timers, time_scale: float) -> None:
        self._timers = timers
        self._time_scale = time_scale

    def attempt(self, attempt: Attempt) -> None:
        """Try once; what failed is tried again later or goes to the dead-letter queue."""
        try:
            attempt.deliver()
        except UndeliverableError as error:
            self._failed(replace(attempt, made=attempt.made + 1), error)
        else:
            attempt.delivered()

    def _failed(self, attempt: Attempt, error: UndeliverableError) -> None:
        if not error.retryable:
            self._give_up(attempt, error, None)
            return
        wait = min(FIRST_WAIT_S * 2 ** (attempt.made - 1), LONGEST_WAIT_S) * random.uniform(0.5, 1.0)  # noqa: S311
        age = (time.monotonic() - attempt.began) * self._time_scale + wait
        if attempt.made > int(attempt.policy.get("MaximumRetryAttempts", MOST_ATTEMPTS)):
            self._give_up(attempt, error, "MaximumRetryAttempts")
        elif age > float(attempt.policy.get("MaximumEventAgeInSeconds", OLDEST_S)):
            self._give_up(attempt, error, "MaximumEventAgeInSeconds")
        else:
            self._timers.after(wait / self._time_scale, lambda: self.attempt(attempt))

    def _give_up(self, attempt: Attempt, error: UndeliverableError, exhausted: str | None) -> None:
        attempt.failed(error.code, str(error))
        if attempt.dead_letter_arn is None:
            return
        attributes = {
            "RULE_ARN": attempt.source_arn,
            "TARGET_ARN": attempt.target_arn,
            "ERROR_CODE": error.code,
            "ERROR_MESSAGE": str(error)[:1024],
            "RETRY_ATTEMPTS": str(attempt.made - 1),
        }
        if exhausted:
            attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
        queue, principal = attempt.dead_letter_arn, attempt.principal
        if principal and not permissions.queue_allows(queue, principal, attempt.source_arn):
            log.warning("%s may not write to its dead-letter queue %s", attempt.source_arn, queue)
            return
        deliver.to_queue(Arn.parse(queue), attempt.letter, attributes)
