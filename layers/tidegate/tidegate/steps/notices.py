"""Messages to people: the first line says what happened, then who, where, why, and one link."""

from __future__ import annotations

from tidegate.domain.service import Service
from tidegate.errors import Terminal
from tidegate.ports import Ports


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

    A topic that refuses the message must not stop a deployment or a rollback: the journal then says so.
    """
    mark = f"notice/{key}"
    if ports.intake.seen(mark) is not None:
        return
    lines = [what, "", *(f"{label}: {text}" for label, text in details.items() if text)]
    lines += ["", f"Execution: {execution_link(execution)}"]
    attributes = {"kind": kind, **({"service": service.name} if service else {})}
    topic = service.notifications.topic if service else None
    now = ports.clock.now()
    try:
        ports.notifier.publish(topic, what, "\n".join(lines), attributes)
    except Terminal as error:
        ports.journal.append(
            service.name if service else "tidegate",
            "notice.failed",
            {"what": what, "why": str(error)},
            at=now,
            key=mark,
        )
    ports.intake.first(mark, at=now, value="sent")


def execution_link(execution: str) -> str:
    """The address of an execution in the Step Functions console; its ARN when it is no execution ARN."""
    parts = execution.split(":")
    if len(parts) < 8 or parts[2] != "states":
        return execution
    region = parts[3]
    console = f"https://{region}.console.aws.amazon.com/states/home?region={region}"
    return f"{console}#/v2/executions/details/{execution}"
