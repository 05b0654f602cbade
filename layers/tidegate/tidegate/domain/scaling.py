"""How an ECS service scales by itself: Application Auto Scaling, reduced to what is kept and put back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Suspended:
    """Which scaling activities are suspended; the names are those of `SuspendedState`."""

    scale_in: bool = False
    scale_out: bool = False
    scheduled: bool = False


@dataclass(frozen=True, slots=True)
class ServiceScaling:
    """A scalable target with its policies.

    `policies` are PutScalingPolicy requests without the service's own coordinates: name, type and settings.
    """

    minimum: int
    maximum: int
    suspended: Suspended = Suspended()
    policies: tuple[Mapping[str, Any], ...] = ()
