"""Resume whoever waits: the other half of every step that stores a task token.

The signal is only a hint of what happened. The state that follows the wait reads the truth, so waking
somebody once too often costs a few transitions and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from tidegate.domain.lock import lock_key
from tidegate.domain.plain import time_text
from tidegate.errors import Terminal, Transient

if TYPE_CHECKING:
    from tidegate.ports import Ports, Wait


def wake(ports: Ports, subject: str, signal: str) -> int:
    """Resume everybody who waits for a subject.

    Args:
        ports: The world.
        subject: For example ``service-deployment/<service arn>``.
        signal: What is said to have happened.

    Returns:
        How many were still waiting.
    """
    return resume(ports, ports.waits.on(subject), signal)


def call_next(ports: Ports, service: str, environment: str) -> None:
    """Resume who waits for a lock that was just given back.

    That somebody else cannot be answered must not fail who gave it back, whose work is done. It is tried
    twice and then written down; the sweep finds who still waits for a free lock.
    """
    subject = f"lock/{lock_key(service, environment)}"
    for is_last in (False, True):
        try:
            wake(ports, subject, "released")
        except (Transient, Terminal) as error:
            if is_last:
                now = ports.clock.now()
                entry, key = {"subject": subject, "why": str(error)}, f"wake/{time_text(now)}"
                ports.journal.append(f"{service}/{environment}", "wake.failed", entry, at=now, key=key)
        else:
            return


def wake_release(ports: Ports, release: str, signal: str) -> int:
    """Resume everything that a release waits for; returns how many were still waiting."""
    return resume(ports, ports.waits.of_release(release), signal)


def resume(ports: Ports, waits: Iterable[Wait], signal: str) -> int:
    """Resume some waits, and forget each once it is answered or waits no longer.

    One that cannot be answered does not keep the others asleep: the error is raised when all were tried, so
    that trying again finds only those that are left.

    Returns:
        How many were still waiting.

    Raises:
        Transient: somebody could not be answered for now.
        Terminal: somebody could not be answered at all.
    """
    resumed = 0
    failure: Transient | Terminal | None = None
    for wait in waits:
        try:
            resumed += ports.machines.resume(wait.token, {"signal": signal})
            ports.waits.remove(wait)
        except (Transient, Terminal) as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return resumed
