"""Take in that an alarm went off: what was deployed a moment ago is rolled back."""

from __future__ import annotations

from typing import Any

from tidegate.contracts.events import AlarmStateChange
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports
from tidegate.steps.scope import service_at
from tidegate.steps.watching import roll_back_if_accused


class Command(AlarmStateChange):
    """A `CloudWatch Alarm State Change` event."""


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Roll back wherever a manifest lists the alarm and the newest deployment is in its watch period.

    The event is not believed: the alarm's state is read. One environment that cannot be looked at does not
    save the others: the error is raised when all were tried.

    Returns:
        ``rollbacks``: the ARNs of the executions; or ``ignored``: ``not_in_alarm``, ``unlisted_alarm`` or
        ``not_accused``.
    """
    if command.detail.state.value != "ALARM":
        return {"ignored": "not_in_alarm"}
    listed = ports.catalogue.watching(command.detail.name)
    if not listed:
        return {"ignored": "unlisted_alarm"}
    rollbacks: list[str] = []
    failure: Transient | Terminal | None = None
    for service, environment in listed:
        try:
            rollback = _look(command, ports, service, environment)
        except (Transient, Terminal) as error:
            failure = failure or error
        else:
            rollbacks += [rollback] if rollback else []
    if failure is not None:
        raise failure
    return {"rollbacks": rollbacks} if rollbacks else {"ignored": "not_accused"}


def _look(command: Command, ports: Ports, service: str, environment: str) -> str | None:
    _, manifest = service_at(ports, service)
    try:
        place = manifest.environment(environment)
    except LookupError:
        return None  # A newer manifest has dropped it since.
    return roll_back_if_accused(ports, service, place, [command.detail.name], command.time)
