"""The roles under which EventBridge Scheduler works: who may assume them, and what they may do.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/setting-up.html#setting-up-execution-role
https://docs.aws.amazon.com/scheduler/latest/UserGuide/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Iterator
from typing import Any

from moto.iam.models import iam_backends

from local import permissions

PRINCIPAL = "scheduler.amazonaws.com"


def assumable(role_arn: str, group_arn: str) -> bool:
    """Whether Scheduler may assume a role on behalf of a group of schedules; a missing role may not."""
    role = _role(role_arn)
    if role is None:
        return False
    account = role_arn.split(":")[4]
    statements = _statements(json.loads(role.assume_role_policy_document or "{}"))
    return permissions.allows(statements, PRINCIPAL, "sts:AssumeRole", group_arn, account)


def may(role_arn: str, action: str, resource: str) -> bool:
    """Whether the policies of a role let it do something, as far as they have no conditions."""
    role = _role(role_arn)
    if role is None:
        return False
    answers = {
        statement.get("Effect")
        for statement in _of(role)
        if not statement.get("Condition")
        and any(fnmatch.fnmatchcase(action.lower(), each.lower()) for each in _listed(statement, "Action"))
        and any(fnmatch.fnmatchcase(resource, each) for each in _listed(statement, "Resource"))
    }
    return answers == {"Allow"}


def _role(arn: str) -> Any | None:
    account = arn.split(":")[4]
    roles = iam_backends[account]["aws"].roles.values()
    return next((role for role in roles if role.arn == arn), None)


def _of(role: Any) -> Iterator[dict[str, Any]]:
    for text in role.policies.values():
        yield from _statements(json.loads(text))
    for policy in role.managed_policies.values():
        yield from _statements(json.loads(policy.document))


def _statements(document: dict[str, Any]) -> list[dict[str, Any]]:
    found = document.get("Statement", [])
    return found if isinstance(found, list) else [found]


def _listed(statement: dict[str, Any], name: str) -> list[str]:
    value = statement.get(name, [])
    return value if isinstance(value, list) else [value]
