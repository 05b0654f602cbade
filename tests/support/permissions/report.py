"""Compares recorded requests with the policies that were deployed when they were made."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.permissions import policies
from tests.support.permissions.checks import checks_of
from tests.support.permissions.exceptions import UNUSED, Unused
from tests.support.permissions.policies import Check, Statement
from tests.support.permissions.reference import UnknownActionError, action, actions_like

# What a managed policy of AWS allows:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html
MANAGED = {
    "AWSLambdaBasicExecutionRole": {
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": "*",
    }
}
_SUFFIX = re.compile(r"-[0-9A-F]{12}\b|(?<=key/)[0-9a-f-]{36}|-[0-9a-f]{12}\b(?=$|/)")
Key = tuple[str, str, str]
"""Holder, action and resource pattern of one permission."""


@dataclass(frozen=True)
class Finding:
    """One difference between what is allowed and what was asked for.

    Attributes:
        kind: `refused` (asked for, not allowed), `unused` (allowed, never asked for), `meaningless` (can
            never allow anything), `needless` (an exception that nothing needs), `unknown` (AWS's reference
            has no such action).
        holder: Role without stack and suffix, or function with a policy of its own.
        action: As policies name it.
        resource: ARN or pattern.
        why: One sentence.
    """

    kind: str
    holder: str
    action: str
    resource: str
    why: str


@dataclass
class Report:
    """All recordings together."""

    permissions: dict[Key, int] = field(default_factory=dict)
    findings: dict[Finding, int] = field(default_factory=dict)
    excused: dict[Key, str] = field(default_factory=dict)
    requests: int = 0
    strangers: Counter[str] = field(default_factory=Counter)

    def find(self, kind: str, holder: str, action: str, resource: str, why: str) -> None:
        """Note a finding; the same one again counts."""
        finding = Finding(kind, holder, action, resource, why)
        self.findings[finding] = self.findings.get(finding, 0) + 1


class Stack:
    """One recording: who had which policies, and what was asked for."""

    def __init__(self, path: Path) -> None:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        self.place, self.requests = lines[0], lines[1:]

    def statements(self, role: str) -> list[Statement]:
        """The statements of a role, managed policies included."""
        given = self.place["roles"][role]
        managed = [MANAGED[arn.rpartition("/")[2]] for arn in given["managed"]]
        return [*given["statements"], *managed]

    def asker(self, caller: str) -> tuple[str, list[Statement], bool] | None:
        """Holder, statements, and whether it is a machine that waits; None for somebody of no concern."""
        if caller.startswith("role/"):
            role = caller.removeprefix("role/")
            return (holder_of(role), self.statements(role), False) if role in self.place["roles"] else None
        known = self.place["callers"].get(caller)
        if known is None:
            return None
        return holder_of(known["role"]), self.statements(known["role"]), known.get("waits", False)

    def own_policy(self, request: dict[str, Any]) -> tuple[str, list[Statement]] | None:
        """The policy of the function or queue that a service of AWS has called."""
        parameters = request["parameters"]
        arn = parameters.get("FunctionName") or parameters.get("QueueArn") or ""
        if arn not in self.place["resources"]:
            return None
        mine = [
            one
            for one in self.place["resources"][arn]
            if request["caller"] in policies.listed(one["Principal"].get("Service"))
        ]
        return f"policy of {arn.rpartition(':')[2]}", mine


def holder_of(role: str) -> str:
    """A role's name without the stack and the suffix that CloudFormation adds."""
    return role.partition("-")[2].rpartition("-")[0] or role


def compare(paths: Iterable[Path], unused: tuple[Unused, ...] = UNUSED) -> Report:
    """Hold every recording against its policies, and all of them together against what was never used."""
    report = Report()
    for path in paths:
        stack = Stack(path)
        _list_permissions(report, stack)
        for request in stack.requests:
            _judge(report, stack, request)
    _find_unused(report, unused)
    return report


def _judge(report: Report, stack: Stack, request: dict[str, Any]) -> None:
    caller = request["caller"]
    if caller.endswith(".amazonaws.com"):
        own = stack.own_policy(request)
        asker = (*own, False) if own else None
    else:
        asker = stack.asker(caller)
    if asker is None:
        report.strangers[caller] += 1
        return
    holder, statements, waits = asker
    report.requests += request["times"]
    try:
        checks = checks_of(request, waits=waits, keys=stack.place["keys"])
    except UnknownActionError as error:
        report.find("unknown", holder, f"{request['service']}:{request['action']}", "*", str(error))
        return
    for check in checks:
        if not policies.allows(statements, check):
            why = f"asked for because of {check.because}" if check.because else "asked for"
            report.find("refused", holder, check.action, check.resource, why)
        _mark(report, holder, statements, check)


def _mark(report: Report, holder: str, statements: list[Statement], check: Check) -> None:
    for statement in statements:
        if statement["Effect"] == "Allow" and policies.applies(statement, check):
            for resource in policies.listed(statement.get("Resource", "*")):
                if policies.like(resource, check.resource):
                    report.permissions[holder, check.action, without_suffixes(resource)] += 1


def _list_permissions(report: Report, stack: Stack) -> None:
    """Every permission begins as one that was never used."""
    for role in stack.place["roles"]:
        for statement in stack.statements(role):
            _list_statement(report, holder_of(role), statement)
    for arn, statements in stack.place["resources"].items():
        for statement in statements:
            _list_statement(report, f"policy of {arn.rpartition(':')[2]}", statement)


def _list_statement(report: Report, holder: str, statement: Statement) -> None:
    if statement["Effect"] != "Allow":
        return
    names = [name for pattern in policies.listed(statement["Action"]) for name in actions_like(pattern)]
    resources = [without_suffixes(each) for each in policies.listed(statement.get("Resource", "*"))]
    for name in names:
        fitting = [each for each in resources if action(name).can_be_allowed_on(each)]
        if not fitting:
            report.find("meaningless", holder, name, ", ".join(resources), "no such resource of this action")
        for key in statement.get("Condition", {}).values():
            for each in set(key) - {one for one in key if action(name).knows(one)}:
                report.find("meaningless", holder, name, each, "the action does not know this condition key")
        for each in fitting:
            report.permissions.setdefault((holder, name, each), 0)
    for each in resources:
        if not any(action(name).can_be_allowed_on(each) for name in names):
            report.find("meaningless", holder, ", ".join(names), each, "no action works on such a resource")


def _find_unused(report: Report, unused: tuple[Unused, ...]) -> None:
    needed: set[Unused] = set()
    for key, times in report.permissions.items():
        covering = [each for each in unused if each.covers(*key)]
        needed.update(covering)  # a run that happens to use it is no reason to forget the exception
        if times:
            continue
        if covering:
            report.excused[key] = covering[0].reason
        else:
            report.find("unused", *key, "allowed, but no recorded run has used it")
    for each in set(unused) - needed:
        report.find("needless", each.holder, each.action, each.resource, "the exception covers nothing")


def without_suffixes(resource: str) -> str:
    """A resource pattern without the suffixes that CloudFormation gives, which differ from stack to stack."""
    return _SUFFIX.sub("", resource)
