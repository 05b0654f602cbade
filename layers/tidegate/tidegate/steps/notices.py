"""Messages to people: the first line says what happened, then who, where, why, and one link."""

from __future__ import annotations

from tidegate.domain.service import Service
from tidegate.domain.visible import indented, one_line
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports

LONGEST = 3000
"""Characters of one detail: a message may have 256 KiB, but nobody reads them."""


def tell(
    ports: Ports,
    *,
    key: str,
    kind: str,
    what: str,
    details: dict[str, str | None],
    service: Service | None,
    execution: str,
) -> None:
    """Publish a message once.

    Args:
        ports: The world.
        key: Names the message; a repeated step does not send it twice.
        kind: ``started``, ``waiting``, ``succeeded``, ``failed`` …, for subscription filters.
        what: One sentence; the subject and the first line.
        details: Label to text; empty ones are left out.
        service: Whose topic it goes to; None is the topic of the stack.
        execution: ARN of the execution that people can open.

    A topic that refuses the message must not stop a deployment or a rollback: the journal then says so. One
    that cannot take it for now is tried once more by the step's own retry, and then given up in the same way.

    Raises:
        Transient: the topic could not take the message for the first time.
    """
    mark = f"notice/{key}"
    if ports.intake.seen(mark) is not None:
        return
    what = one_line(what)
    lines = [what, "", *(f"{label}: {indented(_short(text))}" for label, text in details.items() if text)]
    lines += ["", f"Execution: {execution_link(execution)}"]
    attributes = {"kind": kind, **({"service": service.name} if service else {})}
    topic = service.notifications.topic if service else None
    now = ports.clock.now()
    try:
        ports.notifier.publish(topic, what, "\n".join(lines), attributes)
    except (Transient, Terminal) as error:
        if isinstance(error, Transient) and ports.intake.seen(f"{mark}/tried") is None:
            ports.intake.first(f"{mark}/tried", at=now, value=str(error)[:LONGEST])
            raise
        entry = {"what": what, "why": str(error)}
        ports.journal.append(
            service.name if service else "tidegate", "notice.failed", entry, at=now, key=mark
        )
    ports.intake.first(mark, at=now, value="sent")


def _short(text: str) -> str:
    """A text that people still read; the rest is in the record."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def execution_link(execution: str) -> str:
    """The address of an execution in the Step Functions console; its ARN when it is no execution ARN."""
    parts = execution.split(":")
    if len(parts) < 8 or parts[2] != "states":
        return execution
    region = parts[3]
    console = f"https://{region}.console.aws.amazon.com/states/home?region={region}"
    return f"{console}#/v2/executions/details/{execution}"
