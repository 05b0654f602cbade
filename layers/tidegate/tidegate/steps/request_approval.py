"""Ask the approvers of an environment, and wait for the first decision."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel

from tidegate.domain.approval import Approval, link_hash
from tidegate.domain.asking import Approvers, choose_approvers
from tidegate.domain.service import ApprovalRule
from tidegate.domain.task_definition import fingerprint
from tidegate.errors import Terminal
from tidegate.ports import Ports, Wait
from tidegate.steps.approval_mail import announce, remind, send
from tidegate.steps.approving import AskedTooOften, current, rendered, subject
from tidegate.steps.guard import told_to_stop
from tidegate.steps.requester import Requester, identify
from tidegate.steps.scope import Scope, release_of, scope_of

SLACK = timedelta(days=1)


class Command(BaseModel):
    """``waiter`` names the waiting state; ``round`` counts the approvals that were given here before.

    For a canary of which the figures allow no conclusion, ``question`` says so, and ``also`` is the subject
    under which the pulse tells that it has decided after all.
    """

    root: str
    release: str
    service: str
    environment: str
    round: int = 0
    token: str
    waiter: str
    also: str | None = None
    question: str = ""


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Make sure that somebody can decide, store the request, wait, and send each approver a link.

    Entered again late in the time for a decision, it reminds those who have not decided, once.

    Idempotent: the request is found again, and who has had the mail gets no second one. Of a link only the
    hash is stored, so a try that broke off before a mail was sent cannot be repeated with the same link: the
    approver gets another one, and both work.
    """
    scope = scope_of(ports, command.release, command.environment)
    rule = scope.environment.approval
    if told_to_stop(scope.release) is not None or scope.release.ended:
        return _answer(command, ports, {"signal": "stopped"})
    try:
        name, approval = current(ports, scope.release, command.environment, command.round)
    except AskedTooOften:
        return _answer(command, ports, {"signal": "void"})
    links: dict[str, str] = {}
    lacking = ""
    if approval is None:
        if rule is None:
            return _nobody(command, ports, f"{command.environment} has no approval rule.")
        asker = identify(ports, scope.release)
        scope = Scope(asker.release, scope.service, scope.environment)
        approvers = _approvers(ports, scope, rule, asker)
        if approvers.hopeless is not None:
            return _nobody(command, ports, approvers.hopeless)
        wanted = _draft(ports, scope, name, rule, approvers, asker)
        if isinstance(wanted, str):
            return _nobody(command, ports, wanted)
        wanted = replace(wanted, question=command.question or None)
        lacking = _lacking(approvers)
        links = _create(ports, wanted)
        approval = ports.approvals.get(name) or wanted
    announce(ports, scope, approval, lacking, command.root)
    if _wait(command, ports, approval):
        return {"outcome": "decided", "approval": approval.id}
    send(ports, scope, approval, links)
    if ports.clock.now() >= approval.remind_at:
        remind(ports, scope, ports.approvals.get(approval.id) or approval)
    return {"outcome": "waiting", "approval": approval.id}


def _approvers(ports: Ports, scope: Scope, rule: ApprovalRule, asker: Requester) -> Approvers:
    """Who is asked. The others are invited to subscribe again: an invitation expires after some days."""
    approvers = choose_approvers(rule, ports.notifier.confirmed_approvers(), asker.addresses)
    for address in approvers.unconfirmed:
        try:
            ports.notifier.subscribe_approver(address)
        except Terminal as error:
            entry = {"address": address, "why": str(error)}
            key = f"approver/{address}"
            ports.journal.append(
                scope.service.name, "approver.unreachable", entry, at=ports.clock.now(), key=key
            )
    return approvers


def _lacking(approvers: Approvers) -> str:
    """Who is not asked, and what follows from it, for whoever can mend it while the others think."""
    few = " and ".join(approvers.shortage)
    glass = (
        f"Too few approvers are asked, {few} will be missing: only breaking the glass is left." if few else ""
    )
    return " ".join(text for text in (approvers.lacking, glass) if text)


def _draft(
    ports: Ports, scope: Scope, name: str, rule: ApprovalRule, approvers: Approvers, asker: Requester
) -> Approval | str:
    """The request, bound to what runs now and to what would; or the sentence that says why it cannot be."""
    place = scope.environment
    state = ports.services.describe(place.target, place.cluster, place.service)
    if state is None:
        return f"There is no active service {place.service} in cluster {place.cluster}."
    now = ports.clock.now()
    return Approval(
        id=name,
        release=scope.release.id,
        service=scope.service.name,
        environment=place.name,
        digests=scope.release.digests,
        from_task_definition=state.task_definition,
        from_images=_running_images(ports, scope, state.task_definition),
        requested_at=now,
        expires_at=now + timedelta(seconds=rule.expires_after_seconds),
        requested_by=scope.release.requested_by,
        asked=approvers.asked,
        requesters=asker.addresses,
        difference=fingerprint(rendered(ports, scope)),
        revision=scope.release.revision,
        results=_results(ports, scope),
        provenance=asker.images,
        pushed_by=scope.release.pushed_by,
    )


def _results(ports: Ports, scope: Scope) -> dict[str, str]:
    """Environment to the newest deployment of the release there."""
    every = ports.deployments.of_release(scope.release.id)
    return {each.environment: each.id for each in every if each.environment != scope.environment.name}


def _create(ports: Ports, approval: Approval) -> dict[str, str]:
    """Store the request; returns approver to link, or nothing when somebody else has stored it just now."""
    links = {approver: ports.clock.secret() for approver in approval.asked}
    hashes = {link_hash(link): approver for approver, link in links.items()}
    return links if ports.approvals.create(approval, hashes) else {}


def _running_images(ports: Ports, scope: Scope, task_definition: str) -> dict[str, str]:
    """Container name to the image that runs: by our own record, which has digests, else as ECS has it."""
    for deployment in ports.deployments.latest(scope.service.name, scope.environment.name):
        if deployment.task_definition == task_definition:
            return deployment.images
    described = ports.task_definitions.describe(scope.environment.target, task_definition)
    return {
        str(each["name"]): str(each.get("image", "")) for each in described.get("containerDefinitions", [])
    }


def _wait(command: Command, ports: Ports, approval: Approval) -> bool:
    """Store the token, then look again: the decision, the deadline or a stop signal may have come first."""
    now = ports.clock.now()
    until = approval.expires_at + SLACK
    waits = [
        Wait(each, command.waiter, command.token, approval.release, now, until)
        for each in (subject(approval.id), command.also)
        if each is not None
    ]
    for wait in waits:
        ports.waits.put(wait)
    stands = ports.approvals.get(approval.id) or approval
    release = release_of(ports, command.release)
    is_open = stands.open_at(now) and told_to_stop(release) is None and not release.ended
    if is_open and not _is_overtaken(command, ports):
        return False
    _answer(command, ports, {"signal": "already"})
    for wait in waits:
        ports.waits.remove(wait)
    return True


def _is_overtaken(command: Command, ports: Ports) -> bool:
    """Whether the canary that is asked about was decided in the meantime."""
    if command.also is None:
        return False
    canary = ports.canaries.get(command.service, command.environment)
    return canary is None or canary.subject != command.also or canary.decision != "ask"


def _nobody(command: Command, ports: Ports, reason: str) -> dict[str, Any]:
    """Nobody can decide: say so at once, instead of waiting until the request expires."""
    return _answer(command, ports, {"outcome": "failed", "reason": reason})


def _answer(command: Command, ports: Ports, output: dict[str, Any]) -> dict[str, Any]:
    ports.machines.resume(command.token, output)
    return {"outcome": output.get("outcome", "answered"), "reason": output.get("reason")}
