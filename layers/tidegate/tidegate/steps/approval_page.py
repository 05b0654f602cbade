"""The page on which an approver looks and decides. Opening it changes nothing; only the form decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import RootModel

from tidegate.domain.approval import Approval, ApprovalStatus, link_hash
from tidegate.errors import Terminal, Transient
from tidegate.ports import Ports
from tidegate.steps import approving
from tidegate.steps.approval_evidence import gather
from tidegate.steps.scope import scope_of
from tidegate.web import forms, pages
from tidegate.web.pages import Page
from tidegate.web.view import UNKNOWN, Message, outcome_message

logger = Logger(service="tidegate", child=True)

METHODS = ("GET", "HEAD", "OPTIONS", "POST")


class Command(RootModel[dict[str, Any]]):
    """A request to the HTTP API, in payload format 2.0."""


class _Refused(Exception):
    """The form is not taken; the message is shown instead."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.title)
        self.message = message


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Answer one request: GET shows, POST decides, and whatever goes wrong is a page as well.

    A decision that is sent twice is taken once, and both get the receipt. What is shown is read anew for
    every request, so a page that was left open decides nothing that has changed since.
    """
    app = APIGatewayHttpResolver()

    @app.route("/approve/<link>", method=["GET", "HEAD"])
    def show(link: str) -> Response[str]:
        return _answer(_show(ports, link))

    @app.post("/approve/<link>")
    def decide(link: str) -> Response[str]:
        try:
            return _decide(ports, app, link)
        except _Refused as refused:
            return _answer(pages.message_page(refused.message))

    @app.route("/approve/<link>", method=["OPTIONS", "PUT", "PATCH", "DELETE"])
    def other(link: str) -> Response[str]:
        del link
        status = 204 if app.current_event.request_context.http.method == "OPTIONS" else 405
        return _answer(Page(status, ""), {"Allow": ", ".join(METHODS)})

    @app.not_found
    def nothing(_: Exception) -> Response[str]:
        return _answer(pages.message_page(UNKNOWN))

    @app.exception_handler([Transient, Terminal])  # type: ignore[untyped-decorator] # of the library
    def broken(error: Exception) -> Response[str]:
        logger.warning("approval page failed", error=type(error).__name__, reason=str(error))
        return _answer(pages.message_page(_broken(error)))

    return app.resolve(command.root, LambdaContext())


def _answer(page: Page, more: dict[str, str] | None = None) -> Response[str]:
    return Response(page.status, pages.HTML, page.body, headers={**pages.headers(), **(more or {})})


def _found(ports: Ports, link: str) -> tuple[Approval, str]:
    """The request of a link and whose link it is."""
    found = ports.approvals.by_link(link_hash(link))
    if found is None:
        raise _Refused(UNKNOWN)
    return found


def _show(ports: Ports, link: str) -> Page:
    try:
        approval, approver = _found(ports, link)
        _check_open(ports, approval, status=410)
    except _Refused as refused:
        return pages.message_page(refused.message)
    return pages.approval_page(gather(ports, approval, approver), forms.nonce(link, approval.id))


def _check_open(ports: Ports, approval: Approval, status: int) -> None:
    """Make sure that the request takes a decision and that somebody waits for it."""
    if not approval.open_at(ports.clock.now()):
        message = outcome_message(approval)
        raise _Refused(message if status == 410 else replace(message, status=status))
    why = approving.not_waiting(ports, approval)
    if why is not None:
        title = f"No longer needed: {approval.service} in {approval.environment}"
        raise _Refused(Message(title, why, (("Release", approval.release),), status))


def _decide(ports: Ports, app: APIGatewayHttpResolver, link: str) -> Response[str]:
    form = _form(app)
    approval, approver = _found(ports, link)
    if not forms.is_genuine(form, link, approval.id):
        raise _Refused(_FORGED)
    wanted = form.decision
    if wanted is not None and (approval.status, approval.decided_by) == (wanted, approver):
        # Sent twice, or the first answer was lost before the machine was woken.
        approving.decide(ports, approval, wanted, approver, form.comment or None)
        return _receipt(link)
    _check_open(ports, approval, status=409)
    mistake = forms.mistake(form)
    if mistake is not None or wanted is None:
        view = gather(ports, approval, approver)
        page = pages.approval_page(
            view, forms.nonce(link, approval.id), form=form, mistake=mistake or "Choose Approve or Reject."
        )
        return _answer(page)
    _check_may(ports, approval, approver, wanted)
    approving.decide(ports, approval, wanted, approver, form.comment or None)
    return _receipt(link)


def _form(app: APIGatewayHttpResolver) -> forms.Form:
    """The form as it was sent, if a page of ours can have sent it."""
    event = app.current_event
    sent = {name.lower(): value for name, value in event.headers.items()}
    if forms.is_foreign(sent):
        raise _Refused(_FORGED)
    if not forms.is_form(sent):
        raise _Refused(Message("Not a form", "Open the link and use the form on the page.", status=415))
    if len(event.body or "") > 2 * forms.LARGEST_FORM:
        raise _Refused(Message("Too much text", "Shorten the comment and send it again.", status=413))
    try:
        return forms.read_form(event.decoded_body or "")
    except ValueError as error:
        raise _Refused(_FORGED) from error


def _check_may(ports: Ports, approval: Approval, approver: str, wanted: ApprovalStatus) -> None:
    """Refuse an approval of one's own release, and one of something else than what would be deployed.

    A rejection is always taken: it is safe whatever has changed.
    """
    if wanted is not ApprovalStatus.APPROVED:
        return
    rule = scope_of(ports, approval.release, approval.environment).environment.approval
    own = (approval.requested_by or "").strip().casefold() == approver.casefold()
    if own and rule is not None and not rule.requester_may_approve:
        raise _Refused(
            Message(
                "Not taken", "You asked for this release, so somebody else has to approve it.", status=403
            )
        )
    why = approving.no_longer_holds(ports, approval)
    if why is not None:
        approving.make_void(ports, approval, why)
        title = f"Not taken: {approval.service} in {approval.environment}"
        again = "You will get a new mail that shows how it is now."
        raise _Refused(Message(title, f"{why} {again}", (("Release", approval.release),), 409))


def _receipt(link: str) -> Response[str]:
    """Send the browser to the page of the link, which shows what was decided, and by whom if not by oneself.

    The address is relative, because the API may live under a path that it does not know of.
    """
    return _answer(Page(303, ""), {"Location": link})


def _broken(error: Exception) -> Message:
    if isinstance(error, Transient):
        text = "Something that is needed does not answer. Open the link again in a minute and look."
        return Message("Please try again", text, status=503)
    text = "The page cannot be shown. The operators find the reason in the log of the approval page."
    return Message("Something is broken", text, status=500)


_FORGED = Message(
    "Not taken",
    "This form did not come from the page. Open the link in your mail and use its form.",
    status=403,
)
