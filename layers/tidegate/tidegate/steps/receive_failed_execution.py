"""Take in that a root execution failed, timed out or was aborted: nothing of it may be left half done."""

from __future__ import annotations

import json
from typing import Any

from tidegate.contracts.events import ExecutionStatusChange
from tidegate.domain.release import Release
from tidegate.ports import Ports
from tidegate.steps.mint import of_execution
from tidegate.steps.recover import recover

STOPPED = frozenset({"FAILED", "TIMED_OUT", "ABORTED"})
ROOTS = ("normal_deployment", "deploy")
"""The machines that this safety net is for; never the rollback itself, which it starts."""


class Command(ExecutionStatusChange):
    """A `Step Functions Execution Status Change` event."""


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Read how the execution really stands, and do what it can no longer do.

    Most failed executions have written their terminal record: then only their locks are looked after.

    Returns:
        ``outcome`` as `recover.Recovery.done`, with ``reason`` and ``release``; or ``ignored``:
        ``no_root_execution``, ``unknown_execution``, ``not_stopped`` or ``no_release``.
    """
    detail = command.detail
    machine = detail.machine.rpartition(":")[2]
    if machine not in {f"{ports.stack}-{root}" for root in ROOTS}:
        return {"ignored": "no_root_execution"}
    execution = ports.machines.describe(detail.execution)
    if execution is None:
        return {"ignored": "unknown_execution"}
    if execution.status not in STOPPED:
        return {"ignored": "not_stopped"}  # Redriven since, or the event is wrong.
    release = of_execution(ports, execution.arn) or _named_in_input(command, ports)
    if release is None:
        return {"ignored": "no_release"}
    recovery = recover(ports, release, execution)
    return {"outcome": recovery.done, "reason": recovery.reason, "release": release.id}


def _named_in_input(command: Command, ports: Ports) -> Release | None:
    """The release that a person started again under a name of their own, if its record says so too."""
    try:
        given = json.loads(command.detail.input or "{}")
    except ValueError:
        return None
    name = given.get("release") if isinstance(given, dict) else None
    release = ports.releases.get(name) if isinstance(name, str) else None
    return release if release is not None and release.execution == command.detail.execution else None
