"""Do one thing that an operator asks for: cancel, retry, promote, quarantine or lift it, freeze, thaw."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from tidegate.contracts.inputs import OperateInput
from tidegate.contracts.validation import InvalidInput, validate
from tidegate.domain.arns import machine_of
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.release import Release, execution_name
from tidegate.ports import Ports
from tidegate.steps.acquire_lock import freeze_subject
from tidegate.steps.mint import Draft, by_hand
from tidegate.steps.planning import Refused, check_images
from tidegate.steps.resume import wake, wake_release

Answer = tuple[str, str, str | None]
"""Outcome, reason, release."""


class Command(BaseModel):
    """``input`` is what the execution was started with, as it came."""

    root: str
    input: Any


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Refuse with one sentence, or do it and write it down. Every action may be repeated."""
    try:
        request = validate(OperateInput, command.input)
    except InvalidInput as error:
        return _result("rejected", str(error), None, None)
    outcome, reason, release = _ACTIONS[request.action](request, command, ports)
    subject = release or request.release or f"{request.service}/{request.environment or '*'}"
    entry = {
        "action": request.action,
        "outcome": outcome,
        "reason": request.reason,
        "requested_by": request.requested_by,
        "digest": request.digest,
        "execution": command.root,
    }
    key = f"operate/{command.root.rpartition(':')[2]}"
    ports.journal.append(subject, f"operator.{request.action}", entry, at=ports.clock.now(), key=key)
    return _result(outcome, reason, release, f"{subject}/{key}")


def _cancel(request: OperateInput, _: Command, ports: Ports) -> Answer:
    release = _known(request, ports)
    if isinstance(release, str):
        return "rejected", release, None
    if release.ended:
        return "rejected", f"release: {release.id} has ended already as {release.outcome}.", release.id
    reason = f"Cancelled by {request.requested_by or 'an operator'}: {request.reason}"
    told = ports.releases.stop(release.id, StopSignal.CANCELLED, reason, unless_production=False)
    wake_release(ports, release.id, StopSignal.CANCELLED.value)
    now = ports.releases.get(release.id) or release
    if not told and now.stop is None:
        return "rejected", f"release: {release.id} has ended already as {now.outcome}.", release.id
    if not told and now.stop is not StopSignal.CANCELLED:
        return "rejected", f"release: {release.id} is being stopped already ({now.stop}).", release.id
    return "succeeded", f"{release.id} stops at its next gate; what it was changing is restored.", release.id


def _retry(request: OperateInput, command: Command, ports: Ports) -> Answer:
    """Start the next attempt; which one that is, and from where, is noted first: the attempt clears it."""
    release = _known(request, ports)
    if isinstance(release, str):
        return "rejected", release, None
    noted = ports.intake.seen(_mark(command))
    if noted is None:
        no = _no_retry(release, ports)
        if no is not None:
            return "rejected", no, release.id
        attempt = _next_attempt(release, ports)
        mine = json.dumps({"attempt": attempt, "from_environment": release.failed_environment})
        plan = json.loads(ports.intake.first(_mark(command), at=ports.clock.now(), value=mine))
    else:
        plan = json.loads(noted[0])
    name = execution_name(release.id, plan["attempt"])
    ports.machines.start("normal_deployment", name, {"release": release.id, **plan})
    where = f" from {plan['from_environment']}" if plan["from_environment"] else ""
    return "succeeded", f"Attempt {plan['attempt']} of {release.id} started{where}.", release.id


def _next_attempt(release: Release, ports: Ports) -> int:
    """The next number whose execution is not over: an attempt that broke at once has used up its name."""
    attempt = release.attempt + 1
    machine = (release.execution or "").rpartition(":")[0]
    while machine:
        execution = ports.machines.describe(f"{machine}:{execution_name(release.id, attempt)}")
        if execution is None or execution.running:
            break
        attempt += 1
    return attempt


def _no_retry(release: Release, ports: Ports) -> str | None:
    if not release.ended:
        return f"release: {release.id} still runs; cancel it first."
    if release.outcome is Outcome.SUCCEEDED:
        return f"release: {release.id} has succeeded; promote it instead."
    if machine_of(release.execution or "") == f"{ports.stack}-deploy":
        return f"release: {release.id} was deployed to one environment by hand; start deploy with it again."
    return None


def _mark(command: Command) -> str:
    """Under this an action notes what it was about to do, so that trying again does the same."""
    return f"operate/{command.root}"


def _promote(request: OperateInput, command: Command, ports: Ports) -> Answer:
    earlier = _known(request, ports)
    if isinstance(earlier, str):
        return "rejected", earlier, None
    found = ports.catalogue.get(earlier.service)
    if found is None:
        return "rejected", f"release: its service {earlier.service} is no longer registered.", None
    try:
        check_images(earlier.images, found[1])
    except Refused as error:
        return "rejected", str(error), None
    draft = Draft(
        service=earlier.service,
        revision=found[0],
        images=dict(earlier.images),
        pushed_at=earlier.newest_push,
        trigger="operator",
        requested_by=request.requested_by,
        reason=request.reason or f"{earlier.id} again.",
    )
    release = by_hand(ports, draft, command.root)
    ports.machines.start("normal_deployment", execution_name(release.id, 1), {"release": release.id})
    return "succeeded", f"{release.id} brings the images of {earlier.id} again.", release.id


def _quarantine(request: OperateInput, command: Command, ports: Ports) -> Answer:
    """Keep a digest out by hand. Nothing that runs is changed: going back is a rollback."""
    service, digest = str(request.service), str(request.digest)
    if ports.catalogue.get(service) is None:
        return "rejected", f"service: {service} is not registered.", None
    reason = f"Put in by {request.requested_by or 'an operator'}: {request.reason}"
    at = _first_time(command, ports)
    if not ports.quarantine.add(service, digest, reason=reason, release=None, at=at):
        before = ports.quarantine.digests(service).get(digest)
        return "succeeded", f"{digest} of {service} was in quarantine before: {before}", None
    return "succeeded", f"{digest} of {service} is in quarantine: no release of it goes on.", None


def _first_time(command: Command, ports: Ports) -> datetime:
    """When this was done first: the store knows a repeated call by its time."""
    now = ports.clock.now()
    return datetime.fromisoformat(ports.intake.first(_mark(command), at=now, value=now.isoformat()))


def _lift_quarantine(request: OperateInput, command: Command, ports: Ports) -> Answer:
    service, digest = str(request.service), str(request.digest)
    at = _first_time(command, ports)
    if not ports.quarantine.lift(service, digest, reason=str(request.reason), by=request.requested_by, at=at):
        return "rejected", f"digest: {digest} of {service} is not in quarantine.", None
    return "succeeded", f"{digest} of {service} may be deployed again.", None


def _freeze(request: OperateInput, _: Command, ports: Ports) -> Answer:
    place = _place(request, ports)
    if place is not None:
        return "rejected", place, None
    service, environment = str(request.service), str(request.environment)
    now = ports.clock.now()
    ports.freezes.set(service, environment, reason=str(request.reason), by=request.requested_by, at=now)
    stands = ports.freezes.reason(service, environment)
    before = f" It was frozen before: {stands}" if stands not in (None, request.reason) else ""
    text = f"Nothing is promoted into {environment} of {service}; rollback is always possible.{before}"
    return "succeeded", text, None


def _thaw(request: OperateInput, _: Command, ports: Ports) -> Answer:
    place = _place(request, ports)
    if place is not None:
        return "rejected", place, None
    service, environment = str(request.service), str(request.environment)
    lifted = ports.freezes.lift(service, environment)
    wake(ports, freeze_subject(service, environment), "thawed")
    if not lifted:
        return "succeeded", f"{environment} of {service} was not frozen.", None
    return "succeeded", f"{environment} of {service} takes releases again.", None


def _known(request: OperateInput, ports: Ports) -> Release | str:
    release = ports.releases.get(str(request.release))
    return release or f"release: the ledger does not know {request.release}."


def _place(request: OperateInput, ports: Ports) -> str | None:
    found = ports.catalogue.get(str(request.service))
    if found is None:
        return f"service: {request.service} is not registered."
    try:
        found[1].environment(str(request.environment))
    except LookupError as error:
        return f"environment: {error}."
    return None


def _result(outcome: str, reason: str, release: str | None, record: str | None) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason, "release": release, "record": record}


_ACTIONS: dict[str, Callable[[OperateInput, Command, Ports], Answer]] = {
    "cancel": _cancel,
    "retry": _retry,
    "promote": _promote,
    "quarantine": _quarantine,
    "lift_quarantine": _lift_quarantine,
    "freeze": _freeze,
    "thaw": _thaw,
}
