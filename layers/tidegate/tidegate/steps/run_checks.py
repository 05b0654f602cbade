"""Run the checks of an environment: one try of each HTTP check; the task checks are only named."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from pydantic import BaseModel

from tidegate.domain.service import HttpCheck, HttpExpectation, TaskCheck
from tidegate.domain.verification import Check
from tidegate.ports import HttpAnswer, Ports
from tidegate.steps.guard import told_to_stop
from tidegate.steps.scope import scope_of


class Command(BaseModel):
    """``round`` counts the tries from 1."""

    root: str
    release: str
    service: str
    environment: str
    task_definition: str
    round: int


def run(command: Command, ports: Ports) -> dict[str, Any]:
    """Passed when every HTTP check passes in one round; a check may fail as often as its attempts allow."""
    scope = scope_of(ports, command.release, command.environment)
    tasks = [
        {**asdict(check), "command": list(check.command)}
        for check in scope.environment.checks
        if isinstance(check, TaskCheck)
    ]
    stopped = told_to_stop(scope.release)
    if stopped is not None:
        return {**stopped, "evidence": None, "checks": [], "tasks": tasks, "wait_seconds": 0}
    checks = [check for check in scope.environment.checks if isinstance(check, HttpCheck)]
    results = [(check, _try(ports, check)) for check in checks]
    failed = [(check, result) for check, result in results if result.status == "failed"]
    outcome, reason = "passed", f"{len(results)} HTTP checks passed."
    if failed:
        exhausted = [pair for pair in failed if command.round >= pair[0].attempts]
        outcome = "failed" if exhausted else "pending"
        reason = " ".join(f"{result.name}: {result.reason}" for _, result in exhausted or failed)
    return {
        "outcome": outcome,
        "reason": reason[:2000],
        "evidence": "check" if outcome == "failed" else None,
        "checks": [] if outcome == "pending" else [asdict(result) for _, result in results],
        "tasks": tasks,
        "wait_seconds": max([check.interval_seconds for check, _ in failed], default=0),
    }


def _try(ports: Ports, check: HttpCheck) -> Check:
    answer = ports.http.request(
        check.method, check.url, check.headers, max(1.0, check.expect.within_ms / 1000 * 2)
    )
    fault = _fault(answer, check.expect)
    if fault is not None:
        return Check(check.name, "failed", f"{check.method} {check.url} {fault}.")
    return Check(
        check.name, "passed", f"{check.method} {check.url} gave {answer.status} in {answer.elapsed_ms} ms."
    )


def _fault(answer: HttpAnswer, expect: HttpExpectation) -> str | None:
    if answer.status is None:
        return f"gave no answer ({answer.error})"
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
