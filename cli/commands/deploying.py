"""`deploy` and `rollback`: what brings a release into an environment, or out of it."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.commands.options import Environment, MaybeReason, Reason, Service, Wait
from cli.commands.watching import concluded
from cli.exits import Exit
from cli.following import follow, release_of
from cli.requests import Timeout, ask, deadline_of, printed, start
from cli.session import STACK, AsJson, RequestedBy, StackName, session_of
from tidegate.contracts.inputs import DeployInput, NormalDeploymentInput, RollbackInput


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(deploy)
    app.command()(rollback)


def deploy(
    context: typer.Context,
    service: Service,
    *,
    tag: Annotated[str | None, typer.Option(help="The image by its tag.")] = None,
    digest: Annotated[str | None, typer.Option(help="The image by its digest.")] = None,
    earlier: Annotated[
        str | None, typer.Option("--release", metavar="RELEASE", help="The images of this release again.")
    ] = None,
    container: Annotated[
        str | None, typer.Option(help="Which container the image is for, where there are several.")
    ] = None,
    environment: Annotated[
        str | None, typer.Option(help="This environment alone; by default all of them in order.")
    ] = None,
    strategy: Annotated[str | None, typer.Option(help="The strategy that you expect to be used.")] = None,
    reason: MaybeReason = None,
    wait: Wait = True,
    timeout: Timeout = None,
    requested_by: RequestedBy = None,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Release an image by hand, by the same gates as a push.

    It goes through all environments in their order, or into the one that is named.
    """
    session = session_of(context, stack, as_json=as_json)
    deadline = deadline_of(session, timeout)
    given = {
        "service": service,
        "release": earlier,
        "tag": tag,
        "digest": digest,
        "container": container,
        "environment": environment,
        "strategy": strategy,
        "reason": reason,
        "requested_by": session.requester(requested_by),
    }
    machine, contract = (
        ("deploy", DeployInput) if environment else ("normal_deployment", NormalDeploymentInput)
    )
    execution = start(session, machine, f"deploy-{service}", contract, given)
    made, ending = release_of(session, execution, deadline)
    if ending is not None or made is None:
        return printed(session, ending) if ending else Exit.FAILED
    session.out.say((made, "bold"), "  has begun")
    if not wait:
        session.out.say(f"tidegate watch {made} follows it.")
        session.out.document({"release": made, "execution": execution})
        return Exit.SUCCEEDED
    return concluded(session, follow(session, made, deadline))


def rollback(
    context: typer.Context,
    service: Service,
    environment: Environment,
    *,
    target: Annotated[
        str | None, typer.Option("--to", metavar="RELEASE", help="Come back to this one.")
    ] = None,
    bad: Annotated[
        str | None, typer.Option("--from", metavar="RELEASE", help="Get away from this one; else what runs.")
    ] = None,
    reason: Reason,
    wait: Wait = True,
    timeout: Timeout = None,
    requested_by: RequestedBy = None,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Bring an environment back to a known good release.

    No freeze, lock or failed scan stands in its way.
    """
    session = session_of(context, stack, as_json=as_json)
    given = {
        "service": service,
        "environment": environment,
        "release": bad,
        "target": target,
        "reason": reason,
        "requested_by": session.requester(requested_by),
    }
    what = ("rollback", f"rollback-{service}-{environment}", RollbackInput, given)
    if not wait:
        execution = start(session, *what)
        session.out.say(f"The rollback of {environment} has begun: {execution.rpartition(':')[2]}")
        session.out.document({"execution": execution})
        return Exit.SUCCEEDED
    return printed(session, ask(session, *what, timeout))
