"""The mails of a request for approval: the question with a link of one's own, a reminder, how it ended."""

from __future__ import annotations

from functools import partial

from tidegate.domain.approval import Approval, ApprovalStatus, link_hash, same
from tidegate.domain.images import parse_image
from tidegate.domain.release import Release
from tidegate.errors import Terminal
from tidegate.ports import Ports
from tidegate.steps.notices import page_of, send_once, tell
from tidegate.steps.scope import Scope, release_of, service_at

DIGEST = 19
"""Characters of a digest that people are shown: ``sha256:`` and twelve digits."""


def send(ports: Ports, scope: Scope, approval: Approval, links: dict[str, str]) -> None:
    """Send every approver who has not had it yet the mail with a link.

    Args:
        ports: The world.
        scope: The release and where it wants to go.
        approval: The stored request.
        links: Approver to link, as far as they are known because this very call has made them.

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
            subject, body = mail(ports, scope, approval, link)
            ports.notifier.ask_approver(approver, subject, body)
        except Terminal as error:
            failure = error
            entry = {"approver": approver, "why": str(error)}
            now = ports.clock.now()
            ports.journal.append(approval.release, "approval.mail_refused", entry, at=now, key=mark)
            continue
        ports.intake.first(mark, at=ports.clock.now(), value="sent")
        reached = True
    if failure is not None and not reached:
        raise failure


def remind(ports: Ports, scope: Scope, approval: Approval) -> None:
    """Send every approver who has not decided a further link, once.

    Only hashes of links are stored, so the first link cannot be sent again; it keeps working.
    """
    for approver in approval.asked:
        mark = f"reminded/{approval.id}/{approver}"
        if approval.vote_of(approver) is not None or ports.intake.seen(mark) is not None:
            continue
        subject, body = mail(ports, scope, approval, _further_link(ports, approval, approver), again=True)
        ask = partial(ports.notifier.ask_approver, approver, subject, body)
        send_once(ports, mark, approval.release, subject, ask)


def tell_decided(ports: Ports, approval: Approval, root: str) -> None:
    """Tell everybody else who was asked how a request ended, once; a broken glass everybody there is.

    A request that became void because the question is asked anew is told by the new question.
    """
    release = release_of(ports, approval.release)
    what, why = _ending(approval)
    lines = [what, "", f"Release: {approval.release}", f"Environment: {approval.environment}"]
    lines += [f"Reason: {why}"] if why else []
    lines += ["", "You need not do anything; your link shows the same.", page_of(ports, release.id)]
    for approver in approval.asked:
        if not same(approver, approval.decided_by or ""):
            mark, body = f"told/{approval.id}/{approver}", "\n".join(lines)
            ask = partial(ports.notifier.ask_approver, approver, what, body)
            send_once(ports, mark, approval.release, what, ask)
    if approval.broke_glass is not None:
        _tell_glass(ports, approval, release, root)


def mail(
    ports: Ports, scope: Scope, approval: Approval, link: str, *, again: bool = False
) -> tuple[str, str]:
    """Subject and body: what is asked, from what to what, until when, and the link."""
    where = f"{scope.service.name} in {approval.environment}"
    images = ", ".join(
        f"{image.repository}:{image.tag}" if image.tag else image.digest[:DIGEST]
        for _, image in sorted(scope.release.images.items())
    )
    until = f"{approval.expires_at:%Y-%m-%d %H:%M} UTC"
    first = f"{images} waits for your approval: {where}."
    lines = [f"{first} It expires {until}." if again else first, ""]
    lines += [approval.question, ""] if approval.question else []
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
        f"Expires: {until}",
        "",
        "Look at it and decide here:",
        f"{ports.web_address.rstrip('/')}/approve/{link}",
        "",
        "Opening the page decides nothing. The link is yours: whoever has it can decide in your name.",
    ]
    return f"{'Reminder: approve' if again else 'Approve'} {images}: {where}?", "\n".join(lines)


def announce(ports: Ports, scope: Scope, approval: Approval, lacking: str, root: str) -> None:
    """Write the request into the journal and tell that it waits, once; links go to the approvers alone."""
    entry = {
        "approval": approval.id,
        "environment": approval.environment,
        "asked": list(approval.asked),
        "not_asked": lacking or None,
        "requested_by": approval.requested_by,
        "pushed_by": list(approval.pushed_by),
        "digests": approval.digests,
        "from": approval.from_task_definition,
        "difference": approval.difference,
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
            "Question": approval.question,
            "Release": approval.release,
            "Environment": approval.environment,
            "Asked": ", ".join(approval.asked),
            "Not asked": lacking,
            "Expires": f"{approval.expires_at:%Y-%m-%d %H:%M} UTC",
        },
        service=scope.service,
        execution=root,
    )


def _tell_glass(ports: Ports, approval: Approval, release: Release, root: str) -> None:
    """Tell the service's team and the operators, whatever kinds they chose: breaking the glass is loud."""
    _, service = service_at(ports, release.service, release.revision)
    vote = approval.broke_glass
    tell(
        ports,
        key=f"glass/{approval.id}",
        kind="glass_broken",
        what=f"{service.name}: {vote.by if vote else ''} broke the glass for {approval.environment}",
        details={
            "Release": approval.release,
            "Environment": approval.environment,
            "Reason": vote.comment if vote else None,
            "Asked": ", ".join(approval.asked),
        },
        service=service,
        execution=root,
        loud=True,
    )


def _ending(approval: Approval) -> tuple[str, str | None]:
    """What became of a request, and why, in one line each."""
    where = f"{approval.service} in {approval.environment}"
    word = {ApprovalStatus.VOID: "no longer asked for"}.get(approval.status, approval.status.value)
    who = f" by {approval.approved_by}" if approval.status is ApprovalStatus.APPROVED else ""
    if approval.status is ApprovalStatus.REJECTED:
        who = f" by {approval.decided_by}"
    if approval.broke_glass is not None:
        who += " alone, who broke the glass"
    nobody = "Nobody decided in time." if approval.status is ApprovalStatus.EXPIRED else None
    return f"{where}: approval {word}{who}", approval.comment or nobody


def _further_link(ports: Ports, approval: Approval, approver: str) -> str:
    link = ports.clock.secret()
    ports.approvals.add_links(approval.id, {link_hash(link): approver})
    return link


def _short(reference: str) -> str:
    """An image reference without its registry, and with a short digest."""
    name = parse_image(reference)
    tag = f":{name.tag}" if name.tag else ""
    return f"{name.repository}{tag}{f' ({name.digest[:DIGEST]})' if name.digest else ''}"
