"""Roll a deployment back that an alarm accuses during its watch period."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tidegate.domain.service import Environment
from tidegate.domain.watch import is_watched, rollback_name
from tidegate.ports import Ports


def roll_back_if_accused(
    ports: Ports, service: str, environment: Environment, alarms: Sequence[str], happened: datetime
) -> str | None:
    """Start a rollback when one of the alarms is red now and the newest deployment is being watched.

    Args:
        ports: The world.
        service: The service.
        environment: The environment, as its newest manifest describes it.
        alarms: The alarms in question; their state is read.
        happened: When they are said to have gone off.

    Returns:
        The ARN of the rollback, the same one however often and of whichever alarm one is told; or None.
    """
    newest = ports.deployments.latest(service, environment.name, 1)
    if not newest or not is_watched(newest[0], happened=happened, now=ports.clock.now()):
        return None
    states = ports.alarms.states(environment.target, alarms)
    red = [name for name in alarms if states.get(name) == "ALARM"]
    if not red:
        return None
    deployment = newest[0]
    reason = f"Alarm {red[0]} went off in the watch period after {deployment.release} was deployed."
    return ports.machines.start(
        "rollback",
        rollback_name(deployment.release, f"alarm/{deployment.environment}/{deployment.id}"),
        {
            "service": service,
            "environment": environment.name,
            "release": deployment.release,
            "reason": reason[:500],
            "evidence": "alarm",
            "automatic": True,
        },
    )
