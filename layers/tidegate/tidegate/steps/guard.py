"""The fence in front of every mutation, and the gates at which a release stops."""

from __future__ import annotations

from tidegate.domain.lock import Lock
from tidegate.domain.release import Release
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.scope import Scope


def check_owner(ports: Ports, service: str, environment: str, root: str) -> Lock:
    """Make sure that the lock is still ours, directly before a workload is changed.

    Returns:
        The lock, with the fencing token under which we hold it, and since when.

    Raises:
        Terminal: somebody else holds the lock, or nobody does; then nothing may be changed any more.
    """
    lock = ports.locks.holder(service, environment)
    if lock is None or lock.owner != root:
        holder = "nobody" if lock is None else lock.owner
        raise Terminal(f"The lock of {service} in {environment} is no longer ours; it belongs to {holder}.")
    return lock


def told_to_stop(release: Release) -> dict[str, str] | None:
    """The negative result of a release that must not go on, or None when it may."""
    if release.stop is None:
        return None
    return {"outcome": str(release.stop), "reason": release.stop_reason or f"The release was {release.stop}."}


def stopped_here(scope: Scope) -> dict[str, str] | None:
    """The same for a release that is changing an environment.

    Where its migration ran past the point of no return there is no way back, so it goes on to the next gate.
    """
    return None if scope.past_no_return else told_to_stop(scope.release)
