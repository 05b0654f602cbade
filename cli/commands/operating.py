"""What operators ask the machine `operate` for: cancel, retry, quarantine, release, freeze, thaw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from cli.commands.options import Digest, Environment, MaybeReason, Reason, ReleaseId, Service, Wait
from cli.commands.watching import concluded
from cli.exits import Exit, exit_of
from cli.following import Deadline, follow, until
from cli.records import release_named, service_named
from cli.requests import Timeout, ask, deadline_of, printed
from cli.session import STACK, AsJson, RequestedBy, Session, StackName, session_of
from tidegate.contracts.inputs import OperateInput
from tidegate.domain.release import Release

_BEGINS_SECONDS = 120
"""How long the next attempt of a release may take to begin."""


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (cancel, retry, quarantine, release, freeze, thaw):
        app.command()(command)


def cancel(
    context: typer.Context,
    release: ReleaseId,
    *,
    reason: Reason,
    wait: Wait = False,
    timeout: Timeout = None,
    requested_by: RequestedBy = None,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Stop a release; what it was changing is restored."""
    session = session_of(context, stack, as_json=as_json)
    code = _operate(
        session, "cancel", timeout, requested_by, {"release": release, "reason": reason}, quiet=wait
    )
    if code is not Exit.SUCCEEDED or not wait:
        return code
    ended = follow(session, release, deadline_of(session, timeout))
    concluded(session, ended)
    code = exit_of(str(ended.outcome))
    return Exit.SUCCEEDED if code is Exit.CANCELLED else code


def retry(
    context: typer.Context,
    release: ReleaseId,
    *,
    reason: MaybeReason = None,
    wait: Wait = True,
    timeout: Timeout = None,
    requested_by: RequestedBy = None,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Let a failed release go on from where it failed."""
    session = session_of(context, stack, as_json=as_json)
    before = release_named(session.tidegate.ports, release)
    code = _operate(
        session, "retry", timeout, requested_by, {"release": release, "reason": reason}, quiet=wait
    )
    if code is not Exit.SUCCEEDED or not wait:
        return code

    def begun() -> Release | None:
        now = session.tidegate.ports.releases.get(release)
        return now if now is not None and now.attempt > before.attempt else None

    late = f"timeout: the next attempt of {release} has not begun; `tidegate watch {release}` follows it."
    until(session, begun, Deadline(session, _BEGINS_SECONDS), late)
    return concluded(session, follow(session, release, deadline_of(session, timeout)))


def quarantine(
    context: typer.Context,
    service: Service,
    digest: Annotated[
        str | None,
        typer.Argument(metavar="DIGEST", help="Digest of an image; without it, list what is in."),
    ] = None,
    *,
    reason: MaybeReason = None,
    requested_by: RequestedBy = None,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Keep an image out of all environments; or list those."""
    session = session_of(context, stack, as_json=as_json)
    if digest is None:
        return _list_quarantine(session, service)
    given = {"service": service, "digest": digest, "reason": reason}
    return _operate(session, "quarantine", None, requested_by, given)


def release(
    context: typer.Context,
    service: Service,
    digest: Digest,
    *,
    reason: Reason,
    requested_by: RequestedBy = None,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Take an image out of quarantine."""
    session = session_of(context, stack, as_json=as_json)
    given = {"service": service, "digest": digest, "reason": reason}
    return _operate(session, "lift_quarantine", None, requested_by, given)


def freeze(
    context: typer.Context,
    service: Service,
    environment: Environment,
    *,
    reason: Reason,
    requested_by: RequestedBy = None,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Let nothing into an environment until it is thawed.

    Going back stays possible.
    """
    session = session_of(context, stack, as_json=as_json)
    given = {"service": service, "environment": environment, "reason": reason}
    return _operate(session, "freeze", None, requested_by, given)


def thaw(
    context: typer.Context,
    service: Service,
    environment: Environment,
    *,
    reason: MaybeReason = None,
    requested_by: RequestedBy = None,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Let releases into a frozen environment again.

    Those that were held go on.
    """
    session = session_of(context, stack, as_json=as_json)
    given = {"service": service, "environment": environment, "reason": reason}
    return _operate(session, "thaw", None, requested_by, given)


def _operate(
    session: Session,
    action: str,
    timeout: str | None,
    requested_by: str | None,
    given: Mapping[str, str | None],
    *,
    quiet: bool = False,
) -> Exit:
    """Ask the machine `operate` for one action; when quiet, a success leaves the document to the caller."""
    subject = given.get("service") or str(given.get("release", "")).partition("-")[0]
    whole = {"action": action, **given, "requested_by": session.requester(requested_by)}
    ending = ask(session, "operate", f"{action}-{subject}", OperateInput, whole, timeout)
    if quiet and exit_of(ending.outcome) is Exit.SUCCEEDED:
        session.out.say(ending.reason)
        return Exit.SUCCEEDED
    return printed(session, ending)


def _list_quarantine(session: Session, service: str) -> int:
    ports = session.tidegate.ports
    service_named(ports, service)
    held = ports.quarantine.digests(service)
    if not held:
        session.out.say(f"No image of {service} is in quarantine.")
    for digest, reason in sorted(held.items()):
        session.out.say((digest, "bold"))
        session.out.paragraph(reason, indent=2)
    session.out.document({"service": service, "quarantine": held})
    return Exit.SUCCEEDED
