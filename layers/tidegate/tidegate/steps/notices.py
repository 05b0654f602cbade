"""Messages to people: the first line says what happened, then who, where, why, and one link."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

from tidegate.domain.arns import machine_of
from tidegate.domain.service import NoticeKind, Service
from tidegate.domain.visible import indented, one_line
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports

LONGEST = 3000
"""Characters of one detail: a message may have 256 KiB, but nobody reads them."""
_CALM = frozenset({"started", "waiting", "deployed", "succeeded", "superseded"})
"""Kinds after which nobody has to look anything up; every other message names its runbook."""


def tell(
    ports: Ports,
    *,
    key: str,
    kind: str,
    what: str,
    details: dict[str, str | None],
    service: Service | None,
    execution: str,
    loud: bool = False,
) -> None:
    """Publish a message once.

    Args:
        ports: The world.
        key: Names the message; a repeated step does not send it twice.
        kind: ``started``, ``waiting``, ``succeeded``, ``failed`` …, for subscription filters and for the
            kinds that a team has chosen.
        what: One sentence; the subject and the first line.
        details: Label to text; empty ones are left out. ``Release`` leads to the page of the release.
        service: Whose topic it goes to; None is the topic of the stack.
        execution: ARN of the execution, the link where there is no release; its machine names the runbook.
        loud: Sent whatever kinds the team has chosen, and to the topic of the stack as well.

    A topic that refuses the message must not stop a deployment or a rollback: the journal then says so. One
    that cannot take it for now is tried once more by the step's own retry, and then given up in the same way.

    Raises:
        Transient: the topic could not take the message for the first time.
    """
    if not loud and not _is_wanted(service, kind):
        return
    what = one_line(what)
    body = "\n".join(_lines(ports, kind, what, details, execution))
    attributes = {"kind": kind, **({"service": service.name} if service else {})}
    topic = service.notifications.topic if service else None
    about = service.name if service else "tidegate"
    send_once(
        ports,
        f"notice/{key}",
        about,
        what,
        lambda: ports.notifier.publish(topic, what, body, attributes),
    )
    if loud and topic is not None:
        send_once(
            ports,
            f"notice/{key}/stack",
            about,
            what,
            lambda: ports.notifier.publish(None, what, body, attributes),
        )


def _is_wanted(service: Service | None, kind: str) -> bool:
    """Whether a team wants a message. Of kinds that nobody can choose, everybody is told."""
    chosen = service.notifications.kinds if service else None
    return chosen is None or kind in chosen or kind not in get_args(NoticeKind)


def _lines(ports: Ports, kind: str, what: str, details: dict[str, str | None], execution: str) -> list[str]:
    release = details.get("Release")
    lines = [what, "", *(f"{label}: {indented(_short(text))}" for label, text in details.items() if text), ""]
    lines.append(page_of(ports, release) if release else f"Execution: {execution_link(execution)}")
    machine = machine_of(execution)
    if kind in _CALM or machine is None:
        return lines
    return [*lines, f"Runbook: {_runbook(ports, machine)}"]


def send_once(ports: Ports, mark: str, about: str, what: str, send: Callable[[], None]) -> None:
    """Send a message once; one that cannot be sent is tried again once, and then written down.

    Args:
        ports: The world.
        mark: Names the message.
        about: The journal's subject under which a failure is noted.
        what: The message in a few words, for that note.
        send: Sends it.

    Raises:
        Transient: it could not be sent for the first time.
    """
    if ports.intake.seen(mark) is not None:
        return
    now = ports.clock.now()
    try:
        send()
    except (Transient, Terminal) as error:
        if isinstance(error, Transient) and ports.intake.seen(f"{mark}/tried") is None:
            ports.intake.first(f"{mark}/tried", at=now, value=str(error)[:LONGEST])
            raise
        entry = {"what": what, "why": str(error)}
        ports.journal.append(about, "notice.failed", entry, at=now, key=mark)
    ports.intake.first(mark, at=now, value="sent")


def _short(text: str) -> str:
    """A text that people still read; the rest is in the record."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def page_of(ports: Ports, release: str) -> str:
    """The line with the address of the status page of a release."""
    return f"Look: {ports.web_address.rstrip('/')}/status/releases/{release}"


def _runbook(ports: Ports, machine: str) -> str:
    """Where the runbook of a machine is published; its file, where nobody has said."""
    page = f"{machine.removeprefix(f'{ports.stack}-')}.md"
    return f"{ports.runbooks.rstrip('/')}/{page}" if ports.runbooks else f"docs/runbooks/{page}"


def execution_link(execution: str) -> str:
    """The address of an execution in the Step Functions console; its ARN when it is no execution ARN."""
    parts = execution.split(":")
    if len(parts) < 8 or parts[2] != "states":
        return execution
    region = parts[3]
    console = f"https://{region}.console.aws.amazon.com/states/home?region={region}"
    return f"{console}#/v2/executions/details/{execution}"
