"""Run the checks of an environment: one try of each HTTP check; the task checks are only named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from tidegate.domain.service import Check as DomainCheck
from tidegate.domain.service import HttpCheck, HttpExpectation, TaskCheck
from tidegate.domain.verification import Check
from tidegate.ports import HttpAnswer, Ports
from tidegate.steps.analysis import analyse
from tidegate.steps.guard import stopped_here
from tidegate.steps.scope import Scope, current_deployment, scope_of

AT_ONCE = 20
"""As many checks as an environment may have, so that together they take no longer than the slowest."""
MARGIN_SECONDS = 1.0
"""How much longer than allowed an answer is waited for, to say how late it was."""


class Command(BaseModel):
    """``round`` counts the tries from 1."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    round: int


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Passed when every HTTP check passes in one round; a check may fail as often as its attempts allow.

    A failure carries its analysis: why the service answers badly is often what its tasks say.
    """
    scope = scope_of(ports, command.release, command.environment)
    return look(ports, scope, command, scope.environment.checks, "checks")


def look(
    ports: Ports, scope: Scope, command: Command, wanted: Sequence[DomainCheck], name: str
) -> dict[str, Any]:
    """One round of some checks; ``name`` is that of the evidence when they fail."""
    # The command may have a password in it, and many may read a history; run_task reads it from the manifest.
    tasks = [{**asdict(check), "command": []} for check in wanted if isinstance(check, TaskCheck)]
    stopped = stopped_here(scope)
    if stopped is not None:
        return {**stopped, "evidence": None, "checks": [], "tasks": tasks, "wait_seconds": 0}
    checks = [check for check in wanted if isinstance(check, HttpCheck)]
    with ThreadPoolExecutor(AT_ONCE) as at_once:
        results = list(zip(checks, at_once.map(lambda check: _try(ports, check), checks), strict=True))
    failed = [(check, result) for check, result in results if result.status == "failed"]
    outcome, reason = "passed", f"{len(results)} HTTP checks passed."
    if failed:
        exhausted = [pair for pair in failed if command.round >= pair[0].attempts]
        outcome = "failed" if exhausted else "pending"
        reason = " ".join(f"{result.name}: {result.reason}" for _, result in exhausted or failed)
    if outcome == "failed":
        deployment = current_deployment(ports, scope)
        since = deployment.opened_at if deployment else scope.release.created_at
        reason = reason[:2000] + analyse(ports, scope, command.task_definition, since=since, name=name)
    return {
        "outcome": outcome,
        "reason": reason[:3000],
        "evidence": "check" if outcome == "failed" else None,
        "checks": [] if outcome == "pending" else [asdict(result) for _, result in results],
        "tasks": tasks,
        "wait_seconds": max([check.interval_seconds for check, _ in failed], default=0),
    }


def _try(ports: Ports, check: HttpCheck) -> Check:
    timeout = check.expect.within_ms / 1000 + MARGIN_SECONDS
    answer = ports.http.request(check.method, check.url, check.headers, timeout)
    fault = _fault(answer, check.expect)
    request = f"{check.method} {_shown(check.url)}"
    if fault is not None:
        return Check(check.name, "failed", f"{request} {fault.replace(check.url, _shown(check.url))}.")
    return Check(check.name, "passed", f"{request} gave {answer.status} in {answer.elapsed_ms} ms.")


def _shown(url: str) -> str:
    """An address without what may be a secret: user, password and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _fault(answer: HttpAnswer, expect: HttpExpectation) -> str | None:
    if answer.status is None:
        return f"gave no answer ({str(answer.error).rstrip('.')})"
    if answer.status not in expect.status:
        return f"gave {answer.status} instead of {' or '.join(str(status) for status in expect.status)}"
    if answer.elapsed_ms > expect.within_ms:
        return f"took {answer.elapsed_ms} ms; {expect.within_ms} ms are allowed"
    if expect.body_contains is not None and expect.body_contains not in answer.body:
        return "gave a body without the expected text"
    if expect.json_equals is not None and _json(answer.body) != expect.json_equals:
        return "gave another JSON document than expected"
    return None


def _json(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
