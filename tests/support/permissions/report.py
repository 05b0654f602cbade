"""Compares recorded requests with the policies that were deployed when they were made."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.permissions import policies
from tests.support.permissions.checks import checks_of
from tests.support.permissions.exceptions import EXCEPTIONS
from tests.support.permissions.excused import Exceptions
from tests.support.permissions.policies import Check, Statement
from tests.support.permissions.reference import UnknownActionError, action, actions_like
from tests.support.permissions.stack import (
    Stack,
    assumes,
    delegates,
    holder_of,
    pattern_of,
    policy_of,
    shown,
    without_suffixes,
)
from tests.support.permissions.width import wide_parts

Key = tuple[str, str, str]
"""Holder, action and resource pattern of one permission."""


@dataclass(frozen=True)
class Finding:
    """One difference between what is allowed and what was asked for.

    Attributes:
        kind: `refused` (asked for, not allowed), `unused` (allowed, never asked for), `wide` (a wildcard
            that has always stood for the same), `meaningless` (can never allow anything), `needless` (an
            exception that nothing needs), `unknown` (AWS's reference has no such action).
        holder: Role without stack and suffix, or the resource with a policy of its own.
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
    explained: dict[Key, str] = field(default_factory=dict)
    asked: dict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    requests: int = 0
    strangers: Counter[str] = field(default_factory=Counter)

    def find(self, kind: str, holder: str, action: str, resource: str, why: str) -> None:
        """Note a finding; the same one again counts."""
        finding = Finding(kind, holder, action, resource, why)
        self.findings[finding] = self.findings.get(finding, 0) + 1


def compare(paths: Iterable[Path], exceptions: Exceptions = EXCEPTIONS) -> Report:
    """Hold every recording against its policies, and all of them together against what was never used."""
    report = Report()
    for path in paths:
        stack = Stack(path)
        _list_permissions(report, stack)
        for request in stack.requests:
            _judge(report, stack, request)
    _find_unused(report, exceptions)
    _find_wide(report, exceptions)
    return report


def _judge(report: Report, stack: Stack, request: dict[str, Any]) -> None:
    asker = stack.asker(request)
    if asker is None:
        report.strangers[request["caller"]] += 1
        return
    report.requests += request["times"]
    if asker.trust is not None:
        trust, assumed = assumes(asker, request)
        _decide(report, f"trust of {asker.holder}", trust, assumed)
    try:
        checks = checks_of(request, waits=asker.waits, keys=stack.place["keys"])
    except UnknownActionError as error:
        name = f"{request['service']}:{request['action']}"
        report.find("unknown", asker.holder, name, "*", str(error))
        return
    for check in checks:
        _decide(report, asker.holder, asker.statements, check)


def _decide(report: Report, holder: str, statements: list[Statement], check: Check) -> None:
    if not policies.allows(statements, check):
        why = f"asked for because of {check.because}" if check.because else "asked for"
        report.find("refused", holder, check.action, check.resource, why)
    for statement in statements:
        if statement["Effect"] == "Allow" and policies.applies(statement, check):
            for resource in policies.listed(statement.get("Resource", "*")):
                if policies.like(resource, check.resource):
                    key = (holder, check.action, shown(resource, statement))
                    report.permissions[key] += 1
                    report.asked[key].add(without_suffixes(check.resource))


def _list_permissions(report: Report, stack: Stack) -> None:
    """Every permission begins as one that was never used."""
    for role in stack.place["roles"]:
        for statement in stack.statements(role):
            _list_statement(report, holder_of(role), statement)
        for statement in stack.trust(role) or ():
            _list_statement(report, f"trust of {holder_of(role)}", statement | {"Resource": "*"})
    for arn, statements in stack.place["resources"].items():
        for statement in statements:
            if not delegates(statement):
                _list_statement(report, policy_of(arn), statement)


def _list_statement(report: Report, holder: str, statement: Statement) -> None:
    if statement["Effect"] != "Allow":
        return
    names = [name for pattern in policies.listed(statement["Action"]) for name in actions_like(pattern)]
    resources = policies.listed(statement.get("Resource", "*"))
    for name in names:
        fitting = [each for each in resources if action(name).can_be_allowed_on(each)]
        if not fitting:
            report.find("meaningless", holder, name, ", ".join(resources), "no such resource of this action")
        for key in statement.get("Condition", {}).values():
            for each in set(key) - {one for one in key if action(name).knows(one)}:
                report.find("meaningless", holder, name, each, "the action does not know this condition key")
        for each in fitting:
            report.permissions.setdefault((holder, name, shown(each, statement)), 0)
    for each in resources:
        if not any(action(name).can_be_allowed_on(each) for name in names):
            report.find("meaningless", holder, ", ".join(names), each, "no action works on such a resource")


def _find_unused(report: Report, exceptions: Exceptions) -> None:
    needed = set()
    for key, times in report.permissions.items():
        covering = [each for each in exceptions.unused if each.covers(*key)]
        needed.update(covering)
        if times:
            continue
        if covering:
            report.excused[key] = covering[0].reason
        else:
            report.find("unused", *key, "allowed, but no recorded run has used it")
    for each in exceptions.unused:
        if each not in needed:
            why = "the exception covers nothing that is allowed"
            report.find("needless", each.holder, each.action, each.resource, why)


def _find_wide(report: Report, exceptions: Exceptions) -> None:
    needed = set()
    for key, used in report.asked.items():
        holder, name, pattern = key
        if holder.startswith(("policy of ", "trust of ")):  # its resource is the holder itself
            continue
        needed.update(each for each in exceptions.wide if each.is_about(name, pattern))
        for wide in wide_parts(name, pattern_of(pattern), used):
            covering = [each for each in exceptions.wide if each.covers(name, pattern, wide.part)]
            if covering:
                report.explained[key] = covering[0].reason
            else:
                report.find("wide", *key, wide.why)
    for each in exceptions.wide:
        if each not in needed:
            report.find(
                "needless",
                "*",
                each.action,
                each.resource,
                "the explanation is about nothing that is asked for",
            )
