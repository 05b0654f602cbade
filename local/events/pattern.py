"""Event patterns: does an event match, and is a pattern valid at all?

Implements https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html and,
for arrays, https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns-arrays.html, with the
finer points of https://github.com/aws/event-ruler, which EventBridge runs. SNS filter policies use the
same operators: https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

Json = Any
Pattern = dict[str, Any]

LARGEST_NUMBER = 5_000_000_000


class InvalidPatternError(ValueError):
    """The pattern breaks a rule of the documentation; the message says which."""


def matches(pattern: Pattern, event: Json) -> bool:
    """Whether the event has everything that the pattern asks for."""
    if not isinstance(event, dict):
        return False
    return all(_field_matches(name, wanted, event) for name, wanted in pattern.items())


def _field_matches(name: str, wanted: Json, event: dict[str, Any]) -> bool:
    if name == "$or" and _is_or(wanted):
        return any(matches(choice, event) for choice in wanted)
    actual = event.get(name)
    if isinstance(wanted, dict):
        # One element of an array must match everything below, not several elements together.
        return any(matches(wanted, element) for element in _elements(actual) if isinstance(element, dict))
    values = list(_leaves(actual)) if name in event else []
    return any(_rule_matches(rule, values) for rule in wanted)


def _is_or(wanted: Json) -> bool:
    """`$or` is an operator only in front of two or more objects none of which is a comparison."""
    if not isinstance(wanted, list) or len(wanted) < 2:
        return False
    return all(isinstance(choice, dict) and choice and not set(choice) & set(_OPERATORS) for choice in wanted)


def _elements(value: Json) -> Iterator[Json]:
    if isinstance(value, list):
        for element in value:
            yield from _elements(element)
    else:
        yield value


def _leaves(value: Json) -> Iterator[Json]:
    """The plain values of a field; an object is not a leaf, and no comparison sees it."""
    return (element for element in _elements(value) if not isinstance(element, dict))


def _rule_matches(rule: Json, values: list[Json]) -> bool:
    if not isinstance(rule, dict):
        return any(_same(value, rule) for value in values)
    ((operator, operand),) = rule.items()
    if operator == "exists":
        return bool(values) is operand
    compare = _OPERATORS[operator]
    return any(compare(operand, value) for value in values)


def _same(left: Json, right: Json) -> bool:
    """Equality of JSON values; 300 and 300.0 differ, as EventBridge compares numbers as they are written."""
    return type(left) is type(right) and bool(left == right)


def _starts_with(operand: Json, value: Json) -> bool:
    if isinstance(operand, dict):
        return isinstance(value, str) and value.lower().startswith(operand["equals-ignore-case"].lower())
    return isinstance(value, str) and value.startswith(operand)


def _ends_with(operand: Json, value: Json) -> bool:
    if isinstance(operand, dict):
        return isinstance(value, str) and value.lower().endswith(operand["equals-ignore-case"].lower())
    return isinstance(value, str) and value.endswith(operand)


def _equals_ignoring_case(operand: Json, value: Json) -> bool:
    return isinstance(value, str) and value.lower() == operand.lower()


def _anything_but(operand: Json, value: Json) -> bool:
    if isinstance(operand, dict):
        ((operator, inner),) = operand.items()
        if not isinstance(value, str):
            return False
        choices = inner if isinstance(inner, list) else [inner]
        return not any(_OPERATORS[operator](choice, value) for choice in choices)
    excluded = operand if isinstance(operand, list) else [operand]
    return not any(
        _is_number(value) and value == one if _is_number(one) else value == one for one in excluded
    )


def _numeric(operand: Json, value: Json) -> bool:
    if not _is_number(value):
        return False
    comparisons = zip(operand[::2], operand[1::2], strict=True)
    return all(_COMPARISONS[sign](value, limit) for sign, limit in comparisons)


def _in_network(operand: Json, value: Json) -> bool:
    try:
        return ipaddress.ip_address(value) in ipaddress.ip_network(operand, strict=False)
    except ValueError:
        return False


def _wildcard(operand: Json, value: Json) -> bool:
    return isinstance(value, str) and _wildcard_expression(operand).fullmatch(value) is not None


@lru_cache(maxsize=512)
def _wildcard_expression(text: str) -> re.Pattern[str]:
    pieces = re.findall(r"\\[*\\]|\*|[^*\\]+|\\", text)
    parts = [".*" if piece == "*" else re.escape(re.sub(r"\\([*\\])", r"\1", piece)) for piece in pieces]
    return re.compile("".join(parts), re.DOTALL)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _exists(operand: Json, value: Json) -> bool:  # noqa: ARG001 - `exists` looks at all values at once
    return bool(operand)


_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda value, limit: value == limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}
_OPERATORS: dict[str, Callable[[Json, Json], bool]] = {
    "prefix": _starts_with,
    "suffix": _ends_with,
    "equals-ignore-case": _equals_ignoring_case,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _in_network,
    "wildcard": _wildcard,
    "exists": _exists,
}
