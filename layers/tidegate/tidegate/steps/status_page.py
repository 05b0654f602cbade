"""The operators' status pages: they change nothing but the session of who reads them, and that by POST."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools import Logger
from pydantic import RootModel

from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports
from tidegate.steps import status_views
from tidegate.steps.signed_in import Visitor, by_session, offered, sign_in, sign_out
from tidegate.web.forms import is_foreign
from tidegate.web.status import pages
from tidegate.web.status.pages import Frame
from tidegate.web.status.request import Answer, Request, request_of

logger = Logger(service="tidegate", child=True)

READING = ("GET", "HEAD")
_OPEN = 3
"""Parts of the path of a link: status, open, and the link itself."""


class Command(RootModel[dict[str, Any]]):
    """A request to the HTTP API, in payload format 2.0."""


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Answer one request; whatever goes wrong is a page as well."""
    request = request_of(command.root)
    try:
        return _answer(ports, request).to_api()
    except (Transient, Terminal) as error:
        logger.warning("status page failed", error=type(error).__name__, reason=str(error))
        return _broken(_frame(ports, request), error).to_api()


def _answer(ports: Ports, request: Request) -> Answer:
    if request.method == "POST":
        return _change_session(ports, request)
    if request.method not in READING:
        return Answer(405, "", {**pages.headers(), "Allow": "GET, HEAD, POST"})
    if request.parts[:2] == ("status", "open"):
        return _show_link(ports, request)
    visitor = by_session(ports, request)
    if visitor is None:
        return _closed(ports)
    return status_views.show(ports, request, _frame(ports, request, visitor))


def _change_session(ports: Ports, request: Request) -> Answer:
    """The two forms that there are: the one behind a link, and the one to sign out."""
    if is_foreign(request.headers):
        return _closed(ports)
    if request.parts == ("status", "sign-out"):
        return pages.redirect(f"{request.root}status", (sign_out(ports, request),))
    cookie = sign_in(ports, request, request.parts[2]) if _is_link(request) else None
    return pages.redirect(f"{request.root}status", (cookie,)) if cookie else _closed(ports)


def _show_link(ports: Ports, request: Request) -> Answer:
    """The page behind a link. Scanners of mail and chat open links too, so this exchanges nothing."""
    session = offered(ports, request.parts[2]) if _is_link(request) else None
    if session is None:
        return _closed(ports)
    return pages.page("link", _frame(ports, request), by=session.by)


def _is_link(request: Request) -> bool:
    return len(request.parts) == _OPEN and request.parts[:2] == ("status", "open")


def _closed(ports: Ports) -> Answer:
    """The one page for everybody who is not signed in, whatever they asked for."""
    return pages.page("closed", Frame("", ports.clock.now()), status=401)


def _frame(ports: Ports, request: Request, visitor: Visitor | None = None) -> Frame:
    now = ports.clock.now()
    if visitor is None:
        return Frame(request.root, now)
    here = _MENU.get(request.parts[1] if len(request.parts) > 1 else "", "")
    return Frame(request.root, now, visitor.name, visitor.until, here)


_MENU: Mapping[str, str] = {"": "home", "services": "services", "audit": "audit"}


def _broken(frame: Frame, error: Exception) -> Answer:
    if isinstance(error, Transient):
        text = "Something that is needed does not answer. Open the page again in a minute."
        return pages.page("message", frame, status=503, title="Please try again", text=text)
    text = "The page cannot be shown. The reason is in the log of the status pages."
    return pages.page("message", frame, status=500, title="Something is broken", text=text)
