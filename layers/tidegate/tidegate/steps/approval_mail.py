"""The mails of a request for approval: one to each approver, with a link of their own."""

from __future__ import annotations

from tidegate.domain.approval import Approval, link_hash
from tidegate.domain.images import parse_image
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.notices import tell
from tidegate.steps.scope import Scope

DIGEST = 19
"""Characters of a digest that people are shown: ``sha256:`` and twelve digits."""


def send(ports: Ports, scope: Scope, approval: Approval, links: dict[str, str], question: str = "") -> None:
    """Send every approver who has not had it yet the mail with a link.

    Args:
        ports: The world.
        scope: The release and where it wants to go.
        approval: The stored request.
        links: Approver to link, as far as they are known because this very call has made them.
        question: What is asked, where it is more than whether to deploy.

    Raises:
        Terminal: no approver's mail is accepted; if only some are refused, the journal says so.
    """
    failure: Terminal | None = None
    reached = False
    for approver in approval.asked:
        mark = f"asked/{approval.id}/{approver}"
        if ports.intake.seen(mark) is not None:
            reached = True
            continue
        link = links.get(approver) or _further_link(ports, approval, approver)
        try:
            subject, body = mail(ports, scope, approval, link, question)
            ports.notifier.ask_approver(approver, subject, body)
        except Terminal as error:
            failure = error
            entry = {"approver": approver, "why": str(error)}
            ports.journal.append(
                approval.release, "approval.mail_refused", entry, at=ports.clock.now(), key=mark
            )
            continue
        ports.intake.first(mark, at=ports.clock.now(), value="sent")
        reached = True
    if failure is not None and not reached:
        raise failure


def mail(ports: Ports, scope: Scope, approval: Approval, link: str, question: str = "") -> tuple[str, str]:
    """Subject and body: what is asked, from what to what, until when, and the link."""
    where = f"{scope.service.name} in {approval.environment}"
    images = ", ".join(
        f"{image.repository}:{image.tag}" if image.tag else image.digest[:DIGEST]
        for _, image in sorted(scope.release.images.items())
    )
    lines = [f"{images} waits for your approval: {where}.", ""]
    lines += [question, ""] if question else []
    for name, image in sorted(scope.release.images.items()):
        before = approval.from_images.get(name)
        lines += [
            f"{name}",
            f"  from: {_short(before) if before else 'nothing'}",
            f"  to:   {image.repository}{f':{image.tag}' if image.tag else ''} ({image.digest[:DIGEST]})",
        ]
    lines += [
        "",
        f"Release: {approval.release}",
        f"Requested by: {approval.requested_by or 'a push'}",
        *([f"Reason: {scope.release.reason}"] if scope.release.reason else []),
        f"Expires: {approval.expires_at:%Y-%m-%d %H:%M} UTC",
        "",
        "Look at it and decide here:",
        f"{ports.web_address.rstrip('/')}/approve/{link}",
        "",
        "Opening the page decides nothing. The link is yours: whoever has it can decide in your name.",
    ]
    return f"Approve {images}: {where}?", "\n".join(lines)


def announce(
    ports: Ports, scope: Scope, approval: Approval, lacking: str, root: str, question: str = ""
) -> None:
    """Write the request into the journal and tell that it waits, once; links go to the approvers alone."""
    entry = {
        "approval": approval.id,
        "environment": approval.environment,
        "asked": list(approval.asked),
        "not_asked": lacking or None,
        "digests": approval.digests,
        "from": approval.from_task_definition,
        "expires_at": approval.expires_at,
    }
    key = f"approval/{approval.id}"
    ports.journal.append(approval.release, "approval.requested", entry, at=approval.requested_at, key=key)
    tell(
        ports,
        key=key,
        kind="waiting",
        what=f"{scope.service.name}: {approval.environment} waits for approval",
        details={
            "Question": question,
            "Release": approval.release,
            "Asked": ", ".join(approval.asked),
            "Not asked": lacking,
            "Expires": f"{approval.expires_at:%Y-%m-%d %H:%M} UTC",
        },
        service=scope.service,
        execution=root,
    )


def _further_link(ports: Ports, approval: Approval, approver: str) -> str:
    link = ports.clock.secret()
    ports.approvals.add_links(approval.id, {link_hash(link): approver})
    return link


def _short(reference: str) -> str:
    """An image reference without its registry, and with a short digest."""
    name = parse_image(reference)
    tag = f":{name.tag}" if name.tag else ""
    return f"{name.repository}{tag}{f' ({name.digest[:DIGEST]})' if name.digest else ''}"
