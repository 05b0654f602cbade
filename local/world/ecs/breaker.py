"""When the deployment circuit breaker trips: arithmetic only."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

LEAST, MOST = 3, 200
DEFAULT_PERCENT = 50


def threshold(configuration: Mapping[str, Any], desired_count: int) -> int:
    """How many failed tasks fail a deployment.

    COUNT is the number itself; the percentages are of the latest desired count, rounded up, and
    BOUNDED_PERCENT stays between 3 and 200. Without a configuration it is BOUNDED_PERCENT of 50.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
    """
    chosen = configuration.get("thresholdConfiguration") or {}
    kind = chosen.get("type", "BOUNDED_PERCENT")
    value = int(chosen.get("value", DEFAULT_PERCENT))
    if kind == "COUNT":
        return value
    share = math.ceil(value * desired_count / 100)
    return share if kind == "UNBOUNDED_PERCENT" else min(max(share, LEAST), MOST)


def resets_on_healthy_task(configuration: Mapping[str, Any]) -> bool:
    """Whether a task that becomes healthy sets the failure count back to 0, as it does by default.

    https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
    """
    return configuration.get("resetOnHealthyTask") is not False
