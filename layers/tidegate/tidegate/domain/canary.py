"""A canary while it lives: what the machine, the pulse and the sweep know of it, and what each may do next.

The machine gives traffic, the pulse judges; both work on one record, whose version lets only one of two
simultaneous changes win. A decision, once made, stands until the machine has followed it.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from tidegate.domain.rollout import Evidence
from tidegate.domain.scaling import ServiceScaling
from tidegate.domain.strategy import CanaryStep
from tidegate.domain.traffic import Stickiness

Phase = Literal["preparing", "analysing", "asking", "promoting", "returning", "withdrawn", "ended"]
Decision = Literal["none", "advance", "promote", "ask", "roll_back", "fail", "cancel"]
LEAVING: frozenset[Decision] = frozenset({"roll_back", "fail", "cancel"})
"""The decisions after which all traffic goes back to the stable service."""


@dataclass(frozen=True, slots=True)
class JudgedPeriod:
    """One closed metric period and what the judge made of it.

    `figures` maps a metric's name to canary requests, canary bad, stable requests, stable bad; `groups` are
    requests and errors of each group of stable tasks, where those were read.
    """

    at: datetime
    step: int
    weight: float
    figures: dict[str, tuple[float, float, float, float]]
    log_evidence: float
    log_certificate: float
    verdict: str
    groups: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Canary:
    """One canary, or (with strategy ``blue_green``) one bake that is judged.

    Attributes:
        id: That of the ledger's deployment.
        root: The root execution, which owns the lock; when it has stopped the pulse cleans up.
        phase: ``preparing``: capacity for the next step is being made; ``analysing``: traffic flows and is
            judged; ``asking``: people decide; ``promoting``: the stable service is being updated;
            ``returning``: weights are going to 0; ``withdrawn``: they are, the last tasks drain and the
            cookies of its clients expire;
            ``ended``: nothing is left of it.
        step: Index of the step whose weight is given; -1 before the first.
        weight: The canary's share that the rules should have now, in percent.
        shifted_at: Since when the rules were seen to have it; periods that began before are not judged.
        decision: What the machine is to do next.
        promoted: Whether the stable service was seen to run the new version.
        judge: `JudgeState` as JSON; empty before the first step.
        readings: The metric periods that are not final yet, as they were read last.
        judged_until: Beginning of the last period that was judged.
        capacity_since: Since when the tasks for the next step were seen to be healthy.
        preparing_since: Since when those tasks are being made; None for the first step: since it was opened.
        short_since: Since when fewer tasks than it should have were healthy while it had traffic.
        accepted: Index of the last step that people let end although the judge could not conclude.
        red_before: Alarms that were red before it got traffic, where the manifest accepts that.
        seen_at: When the pulse looked last, to half a minute.
        scaling: How the stable service scaled when the canary began; what is restored.
        held: Whether scale-in of the stable service is suspended by us.
        sticky_seconds: For how long a client may bring a cookie that leads to it, after its last request.
        stickiness: What each listener rule had of target-group stickiness that we switched off; is restored.
        alone: Rules that forward to the stable target group alone until then.
        returned_at: When the listener rules were last changed so that they lead nobody to it.
        withdrawn_at: When they were seen to hold, so that no client has got a cookie of it since.
        note: What people should know of the calibration.
        evidence_at: Address of the stored evidence.
        version: Counts the changes of the record.
    """

    id: str
    release: str
    service: str
    environment: str
    attempt: int
    root: str
    task_definition: str
    stable_task_definition: str
    opened_at: datetime
    strategy: str = "canary"
    phase: Phase = "preparing"
    step: int = -1
    weight: float = 0.0
    shifted_at: datetime | None = None
    decision: Decision = "none"
    reason: str = ""
    evidence: Evidence | None = None
    promoted: bool = False
    judge: str = ""
    readings: dict[str, Any] = field(default_factory=dict)
    judged_until: datetime | None = None
    capacity_since: datetime | None = None
    preparing_since: datetime | None = None
    short_since: datetime | None = None
    accepted: int = -1
    red_before: tuple[str, ...] = ()
    seen_at: datetime | None = None
    scaling: ServiceScaling | None = None
    held: bool = False
    sticky_seconds: int = 0
    stickiness: dict[str, Stickiness] = field(default_factory=dict)
    alone: tuple[str, ...] = ()
    returned_at: datetime | None = None
    withdrawn_at: datetime | None = None
    note: str = ""
    evidence_at: str = ""
    ended_at: datetime | None = None
    version: int = 0

    @property
    def subject(self) -> str:
        """What the machine waits for while it waits for a decision."""
        return f"canary/{self.id}"

    @property
    def over(self) -> bool:
        """Whether no traffic is, or will be, given to it."""
        return self.phase in ("returning", "withdrawn", "ended")

    @property
    def cookies_until(self) -> datetime | None:
        """Until when clients may bring cookies that lead to it; None where there are none to wait for.

        While stickiness is off nobody gets one, and none is renewed.
        """
        if self.withdrawn_at is None or not self.stickiness:
            return None
        return self.withdrawn_at + timedelta(seconds=self.sticky_seconds)


def schedule_name(stack: str, service: str, environment: str) -> str:
    """Name of the schedule that invokes the pulse of a service and environment: 64 characters at most.

    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
    """
    return f"{stack[:40]}-pulse-{hashlib.sha256(f'{service}/{environment}'.encode()).hexdigest()[:16]}"


def canary_service(service: str) -> str:
    """Name of the ECS service beside the stable one."""
    return f"{service}-canary"


def tasks_for(desired: int, percent: float) -> int:
    """How many canary tasks carry so many percent of what `desired` stable tasks carry: at least one."""
    return max(1, math.ceil(desired * percent / 100 - 1e-9))


def tells(canary: Canary, decision: Decision, reason: str, evidence: Evidence | None = None) -> Canary:
    """The record with a decision, unless what it says stands: who leaves, leaves for the first reason."""
    if canary.over or canary.promoted or canary.decision in LEAVING:
        return canary
    return replace(canary, decision=decision, reason=reason, evidence=evidence)


def is_shifted(canary: Canary) -> bool:
    """Whether the step that was decided on has its weight already, which nobody has verified yet."""
    return canary.decision == "advance" and canary.step >= 0 and canary.shifted_at is None


def next_weight(canary: Canary, steps: Sequence[CanaryStep]) -> float:
    """The share of the step after the present one; that of the last step stays."""
    return steps[min(canary.step + 1, len(steps) - 1)].weight


def expected_shares(canary: Canary, steps: Sequence[CanaryStep]) -> frozenset[float]:
    """The shares that a listener rule may give to the canary now; any other is somebody else's.

    While the machine follows a decision to advance, the rules change one after the other.
    """
    if canary.over:
        return frozenset({0.0})
    if canary.decision != "advance" or is_shifted(canary):
        return frozenset({canary.weight})
    return frozenset({canary.weight, next_weight(canary, steps)})
