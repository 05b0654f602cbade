"""`approve` and `reject`: the approval page, read and answered in a terminal."""

from __future__ import annotations

import sys
from typing import Annotated
from urllib.parse import urljoin

import typer

from cli.exits import Exit, Stop, not_found, usage
from cli.pages import Page, address_of
from cli.session import STACK, AsJson, Session, StackName, session_of

Link = Annotated[
    str,
    typer.Argument(
        metavar="LINK", help="The link in your mail, or its last part; - to read it from standard input."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Decide without being asked once more.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(approve)
    app.command()(reject)


def approve(
    context: typer.Context,
    link: Link,
    *,
    comment: Annotated[str, typer.Option(help="A comment; it is kept in the record.")] = "",
    yes: Yes = False,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Show what the link asks for, and approve it."""
    session = session_of(context, stack, as_json=as_json)
    return _decide(session, link, "approve", comment, yes=yes)


def reject(
    context: typer.Context,
    link: Link,
    *,
    comment: Annotated[str, typer.Option(help="Why; it is kept in the record.")],
    yes: Yes = False,
    stack: StackName = STACK,
    as_json: AsJson = False,
) -> int:
    """Show what the link asks for, and reject it."""
    session = session_of(context, stack, as_json=as_json)
    return _decide(session, link, "reject", comment, yes=yes)


def _decide(session: Session, link: str, decision: str, comment: str, *, yes: bool) -> int:
    """The rule is that of the page: it is read first, and what is sent is its form, with its nonce."""
    if decision == "reject" and not comment.strip():
        raise usage("comment: say why you reject it.")
    asked = session.tools.ask
    if not yes and (asked is None or session.out.as_json):
        raise usage("yes: nobody can be asked here; give --yes to decide without a question.")
    address = _address(session, link)
    page = session.tools.browser.open(address)
    if page.form is None:
        return _refused(session, page)
    _show(session, page)
    if not yes and asked is not None and not asked(f"{decision.capitalize()} this?"):
        raise Stop(Exit.INTERRUPTED, "Nothing was decided.")
    fields = {**page.form.hidden, "decision": decision, "comment": comment}
    answer = session.tools.browser.open(urljoin(address, page.form.action or address), fields)
    if answer.form is not None or answer.status >= 400:
        return _refused(session, answer)
    # Somebody else may have decided in the meantime; the receipt then is theirs.
    other = "Rejected" if decision == "approve" else "Approved"
    code = Exit.REJECTED if answer.title.startswith(other) else Exit.SUCCEEDED
    _conclude(session, answer, code)
    return code


def _address(session: Session, link: str) -> str:
    """The address of the page. Only a link that is not whole needs the stack, and so AWS."""
    text = sys.stdin.readline().strip() if link == "-" else link.strip()
    whole = "/" in text
    return address_of(text, None if whole else session.tidegate.ports.web_address)


def _refused(session: Session, page: Page) -> int:
    """The page takes no decision: the link is unknown, used or void, or the decision was not taken."""
    texts = [each.text for each in page.lines if not each.heading]
    sentence = ". ".join([page.title, *texts[:1]])
    if page.status == 404:
        raise not_found(f"link: {sentence}")
    if page.status == 429 or page.status >= 500:
        raise Stop(Exit.TRY_AGAIN, f"link: {sentence or 'the page does not answer as it should'}")
    if page.form is not None:
        sentence = next((each for each in texts if each.startswith("Not sent")), sentence)
        raise usage(f"comment: {sentence}")
    _conclude(session, page, Exit.REJECTED)
    return Exit.REJECTED


def _conclude(session: Session, page: Page, code: Exit) -> None:
    session.out.say()
    _show(session, page)
    lines = [each.text for each in page.lines]
    session.out.document({"title": page.title, "lines": lines, "exit_code": int(code)})


def _show(session: Session, page: Page) -> None:
    """Print the text of a page."""
    for at, each in enumerate(page.lines):
        if each.heading:
            if at:
                session.out.say()
            session.out.say((each.text, "bold"))
        else:
            session.out.say(each.text, indent=2 * (1 + each.depth))
