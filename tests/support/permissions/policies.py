"""What a role's policies allow, decided as IAM does for one account and no deny but an explicit one.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html,
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html and
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Statement = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """One question to IAM.

    Attributes:
        action: As policies name it.
        resource: An ARN, or `*` where the request names no resource.
        context: Condition keys, small letters, with their values in this request.
        because: What made AWS ask, when it was not the call itself.
    """

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)
    because: str = ""


def allows(statements: list[Statement], check: Check) -> bool:
    """Whether the statements allow what is asked for."""
    effects = {each["Effect"] for each in statements if applies(each, check)}
    return effects == {"Allow"}


def applies(statement: Statement, check: Check) -> bool:
    """Whether a statement speaks of what is asked for."""
    return (
        any(names_action(pattern, check.action) for pattern in listed(statement.get("Action")))
        and any(like(pattern, check.resource) for pattern in listed(statement.get("Resource")))
        and holds(statement.get("Condition") or {}, check.context)
    )


def names_action(pattern: str, action: str) -> bool:
    """Actions have no case."""
    return like(pattern.lower(), action.lower())


def like(pattern: str, text: str) -> bool:
    """`*` stands for any characters, `?` for one; nothing else is special."""
    return _expression(pattern).fullmatch(text) is not None


def holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    """Whether every test of a condition holds.

    Raises:
        NotImplementedError: It has an operator that nothing here has needed yet.
    """
    return all(
        _test(operator, context.get(key.lower()), [str(one) for one in listed(wanted)])
        for operator, tests in condition.items()
        for key, wanted in tests.items()
    )


def _test(operator: str, actual: str | None, wanted: list[str]) -> bool:
    base = operator.removesuffix("IfExists")
    if actual is None:
        return base != operator
    if base in {"StringEquals", "Bool"}:
        return actual in wanted
    if base in {"StringLike", "ArnLike", "ArnEquals"}:
        return any(like(one, actual) for one in wanted)
    raise NotImplementedError(f"The condition operator {operator}")


def pairs(statements: list[Statement]) -> Iterator[tuple[str, str, Statement]]:
    """Every single action and resource pattern that is allowed."""
    for statement in statements:
        if statement["Effect"] == "Allow":
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    yield action, resource, statement


def listed(value: Any) -> list[Any]:
    """One value and a list of one are the same in a policy."""
    return value if isinstance(value, list) else [value]


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)
