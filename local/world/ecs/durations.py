"""How long the steps of a task take."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Durations:
    """How long the steps of a task take on AWS, in seconds."""

    provisioning: float = 6
    placing: float = 2
    pulling: float = 9
    starting: float = 3
    exiting: float = 3
    noticing: float = 4
    deprovisioning: float = 5
    stop_timeout: float = 30
