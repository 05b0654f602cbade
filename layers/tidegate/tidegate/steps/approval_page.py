"""The page on which an approver looks and decides. Opening it changes nothing; only the form decides."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import RootModel

from tidegate.domain.approval import Approval, ApprovalStatus, Vote, link_hash, same
from tidegate.errors import Terminal, Transient
from tidegate.ports import Linked, Ports
from tidegate.steps import approving
from tidegate.steps.approval_evidence import gather
from tidegate.steps.scope import Scope
from tidegate.web import forms, pages
from tidegate.web.forms import Form
from tidegate.web.messages import BROKEN, FORGED, NO_FORM, PLEASE_WAIT, TOO_LONG, TOO_MANY
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


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a link leads to, as far as the page needs it."""

    approval: Approval
    approver: str
    linked: Linked

    @property
    def scope(self) -> Scope:
        """The release, its service and the environment that it wants to enter.

        Raises:
            Terminal: the catalogue or the ledger has lost what the request was about.
        """
        release, service = self.linked.release, self.linked.service
        if release is None or service is None:
            raise Terminal(f"{self.approval.id} is about what the ledger or the catalogue no longer knows.")
        try:
            return Scope(release, service, service.environment(self.approval.environment))
        except LookupError as error:
            raise Terminal(str(error)) from error


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Answer one request: GET shows, POST decides, and whatever goes wrong is a page as well.

    A decision that is sent twice is taken once, and both get the receipt. What is shown is read anew for
    every request, so a page that was left open decides nothing that has changed since.
    """
    app = APIGatewayHttpResolver()

    @app.route("/approve/<link>", method=["GET", "HEAD"])
    def show(link: str) -> Response[str]:
        return _answered(lambda: _show(ports, link))

    @app.post("/approve/<link>")
    def decide(link: str) -> Response[str]:
        return _answered(lambda: _decide(ports, app, link))

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
        return _answer(pages.message_page(PLEASE_WAIT if isinstance(error, Transient) else BROKEN))

    return app.resolve(command.root, LambdaContext())


def _answered(answer: Any) -> Response[str]:
    try:
        response: Response[str] = answer()
    except _Refused as refused:
        return _answer(pages.message_page(refused.message))
    return response


def _answer(page: Page, more: dict[str, str] | None = None) -> Response[str]:
    return Response(page.status, pages.HTML, page.body, headers={**pages.headers(), **(more or {})})


def _find(ports: Ports, link: str, *, deciding: bool) -> _Asked:
    """What a link leads to. A link that is used too often is refused before anything is read."""
    name = link_hash(link)
    if not ports.approvals.admit(name, at=ports.clock.now(), deciding=deciding):
        raise _Refused(TOO_MANY)
    linked = ports.approvals.linked(name)
    if linked is None:
        raise _Refused(UNKNOWN)
    return _Asked(linked.approval, linked.approver, linked)


def _show(ports: Ports, link: str) -> Response[str]:
    asked = _find(ports, link, deciding=False)
    _check_open(ports, asked, status=410)
    return _answer(_page(ports, asked, link))


def _page(ports: Ports, asked: _Asked, link: str, **more: Any) -> Page:
    deployments = asked.linked.deployments
    if asked.approval.revision is None:  # of an earlier version, which did not note them
        deployments = ports.deployments.of_release(asked.approval.release)
    view = gather(ports, asked.approval, asked.approver, asked.scope, deployments)
    return pages.approval_page(view, forms.nonce(link, _shown(asked.approval)), **more)


def _shown(approval: Approval) -> str:
    """What a form is bound to: the request, and the difference that it shows."""
    return approval.id if approval.difference is None else f"{approval.id}/{approval.difference}"


def _check_open(ports: Ports, asked: _Asked, status: int) -> None:
    """Make sure that the request takes a decision and that somebody waits for it."""
    approval = asked.approval
    if not approval.open_at(ports.clock.now()):
        message = outcome_message(approval)
        raise _Refused(message if status == 410 else replace(message, status=status))
    why = approving.not_waiting(ports, asked.linked.release)
    if why is not None:
        title = f"No longer needed: {approval.service} in {approval.environment}"
        raise _Refused(Message(title, why, (("Release", approval.release),), status))


def _decide(ports: Ports, app: APIGatewayHttpResolver, link: str) -> Response[str]:
    form = _form(app)
    asked = _find(ports, link, deciding=True)
    approval, approver = asked.approval, asked.approver
    if not forms.is_genuine(form, link, _shown(approval)):
        raise _Refused(FORGED)
    if _was_taken(ports, asked, form):
        return _receipt(link)
    try:
        _check_open(ports, asked, status=409)
    except _Refused as refused:
        if form.decision is not None:
            why = refused.message.title
            approving.note_refused(ports, approval, approver, form.decision.value, form.comment, why)
        raise
    mistake = forms.mistake(form)
    if mistake is not None or form.decision is None:
        return _answer(_page(ports, asked, link, form=form, mistake=mistake))
    if form.decision is ApprovalStatus.REJECTED:
        # Always taken: it is safe, whatever has changed.
        approving.reject(ports, approval, approver, form.comment)
        return _receipt(link)
    scope = asked.scope
    _check_may(ports, asked, form, scope)
    vote = Vote(approver, ports.clock.now(), form.comment or None, form.break_glass)
    approving.approve(ports, approval, scope, vote)
    return _receipt(link)


def _was_taken(ports: Ports, asked: _Asked, form: Form) -> bool:
    """Whether it has been taken in: it was sent twice, or broke off before the machine was woken."""
    approval, approver = asked.approval, asked.approver
    if form.decision is ApprovalStatus.APPROVED:
        vote = approval.vote_of(approver)
        if vote is not None and approval.status in (ApprovalStatus.PENDING, ApprovalStatus.APPROVED):
            approving.approve(ports, approval, asked.scope, vote)
            return True
    both = (approval.status, form.decision) == (ApprovalStatus.REJECTED, ApprovalStatus.REJECTED)
    if both and same(approval.decided_by or "", approver):
        approving.reject(ports, approval, approval.decided_by or "", approval.comment or "")
        return True
    return False


def _form(app: APIGatewayHttpResolver) -> Form:
    """The form as it was sent, if a page of ours can have sent it."""
    event = app.current_event
    sent = {name.lower(): value for name, value in event.headers.items()}
    if forms.is_foreign(sent):
        raise _Refused(FORGED)
    if not forms.is_form(sent):
        raise _Refused(NO_FORM)
    if len(event.body or "") > 2 * forms.LARGEST_FORM:
        raise _Refused(TOO_LONG)
    try:
        return forms.read_form(event.decoded_body or "")
    except ValueError as error:
        raise _Refused(FORGED) from error


def _check_may(ports: Ports, asked: _Asked, form: Form, scope: Scope) -> None:
    """Refuse an approval of one's own release, and one of something else than what would be deployed."""
    approval, approver = asked.approval, asked.approver
    stands = approving.standing(approval, scope)
    refusal = None
    if form.break_glass and not stands.may_break_glass(approver):
        refusal = "You may not approve this alone."
    if stands.is_own(approver) and not form.break_glass:
        refusal = "You asked for this release, so somebody else has to approve it."
    if refusal is not None:
        approving.note_refused(ports, approval, approver, "approved", form.comment, refusal)
        raise _Refused(Message("Not taken", refusal, status=403))
    why = approving.no_longer_holds(ports, approval, scope)
    if why is not None:
        approving.note_refused(ports, approval, approver, "approved", form.comment, why)
        approving.make_void(ports, approval, why)
        title = f"Not taken: {approval.service} in {approval.environment}"
        again = "You will get a new mail that shows how it is now."
        raise _Refused(Message(title, f"{why} {again}", (("Release", approval.release),), 409))


def _receipt(link: str) -> Response[str]:
    """Send the browser to the page of the link, which shows what was decided, and by whom if not by oneself.

    The address is relative, because the API may live under a path that it does not know of.
    """
    return _answer(Page(303, ""), {"Location": link})
