"""`open`: the way from a terminal to the status pages."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.exits import Exit, Stop, not_found
from cli.session import STACK, AsJson, StackName, session_of

FUNCTION = "open_session"
"""The function that mints a link. Only IAM decides who may call it: its caller is who the pages know."""


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command("open")(open_pages)


def open_pages(
    context: typer.Context,
    *,
    only_print: Annotated[bool, typer.Option("--print", help="Print the link; open no browser.")] = False,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Open the status pages by a one-time link."""
    session = session_of(context, stack, as_json=as_json)
    answer = session.tidegate.functions.invoke(FUNCTION, {"by": session.requester(None) or "unknown"})
    if answer is None:
        raise not_found(f"stack: {stack} has no status pages: there is no function {stack}-{FUNCTION}.")
    url, expires_at = answer.get("url"), answer.get("expires_at")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise Stop(Exit.FAILED, f"{stack}-{FUNCTION} gave no link.")
    session.out.say(url)
    session.out.say((f"It works once, until {expires_at}.", "dim"))
    if session.tools.show is not None and not only_print and not as_json:
        session.tools.show(url)
    session.out.document({"url": url, "expires_at": expires_at})
    return Exit.SUCCEEDED
