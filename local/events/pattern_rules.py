"""Whether an event pattern is valid, as EventBridge checks it in PutRule and TestEventPattern.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html.
"""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

from local.events.pattern import LARGEST_NUMBER, InvalidPatternError, Pattern

LONGEST_PATTERN = 4096
_STRING_OPERATORS = frozenset({"prefix", "suffix", "equals-ignore-case", "wildcard"})
_SIGNS = frozenset({"=", "<", "<=", ">", ">="})


def parse(text: str) -> Pattern:
    """A valid pattern from its JSON text.

    Raises:
        InvalidPatternError: It is no JSON object, or breaks a rule.
    """
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise InvalidPatternError("Invalid JSON") from error
    if not isinstance(pattern, dict):
        raise InvalidPatternError("Filter is not an object")
    if len(text.encode()) > LONGEST_PATTERN:
        raise InvalidPatternError(f"Event pattern is longer than {LONGEST_PATTERN} characters")
    if not pattern:
        raise InvalidPatternError("Empty objects are not allowed")
    check(pattern)
    return pattern


def check(pattern: Pattern) -> None:
    """Check all fields of a pattern.

    Raises:
        InvalidPatternError: The first rule that it breaks.
    """
    for name, wanted in pattern.items():
        if isinstance(wanted, dict):
            if not wanted:
                raise InvalidPatternError("Empty objects are not allowed")
            check(wanted)
        elif not isinstance(wanted, list):
            raise InvalidPatternError(f'"{name}" must be an object or an array')
        elif not wanted:
            raise InvalidPatternError("Empty arrays are not allowed")
        else:
            _check_rules(name, wanted)


def _check_rules(name: str, rules: list[Any]) -> None:
    if name == "$or" and all(isinstance(rule, dict) for rule in rules):
        if len(rules) < 2:
            raise InvalidPatternError('"$or" needs two or more objects')
        for rule in rules:
            check(rule)
        return
    for rule in rules:
        if isinstance(rule, dict):
            _check_comparison(rule)
        elif isinstance(rule, list):
            raise InvalidPatternError("Match value must be String, number, true, false, or null")


def _check_comparison(rule: dict[str, Any]) -> None:
    if len(rule) != 1:
        raise InvalidPatternError("Only one key allowed in match expression")
    ((operator, operand),) = rule.items()
    if operator in _STRING_OPERATORS:
        _check_text(operator, operand)
    elif operator == "exists":
        if not isinstance(operand, bool):
            raise InvalidPatternError("exists match pattern must be either true or false.")
    elif operator == "numeric":
        _check_numeric(operand)
    elif operator == "cidr":
        _check_network(operand)
    elif operator == "anything-but":
        _check_anything_but(operand)
    else:
        raise InvalidPatternError(f"Unrecognized match type {operator}")


def _check_text(operator: str, operand: Any) -> None:
    if operator in {"prefix", "suffix"} and isinstance(operand, dict):
        if set(operand) != {"equals-ignore-case"}:
            raise InvalidPatternError(f"Unsupported {operator} match expression")
        operand = operand["equals-ignore-case"]
    if not isinstance(operand, str):
        raise InvalidPatternError(f"{operator} match pattern must be a string")
    if operator == "wildcard":
        if re.search(r"(?<!\\)\*\*", operand):
            raise InvalidPatternError("Consecutive wildcard characters are not allowed")
        if re.search(r"\\[^*\\]|(?<!\\)(\\\\)*\\$", operand):
            raise InvalidPatternError("Invalid escape character in wildcard match")


def _check_numeric(operand: Any) -> None:
    if not isinstance(operand, list) or not operand:
        raise InvalidPatternError("Value of numeric must be an array.")
    signs, limits = operand[::2], operand[1::2]
    for position, sign in enumerate(signs):
        if sign not in _SIGNS:
            raise InvalidPatternError(f"Unrecognized numeric range operator: {sign}")
        if position >= len(limits) or isinstance(limits[position], bool):
            raise InvalidPatternError(f"Value of {sign} must be numeric")
        if not isinstance(limits[position], int | float):
            raise InvalidPatternError(f"Value of {sign} must be numeric")
        if abs(limits[position]) > LARGEST_NUMBER:
            raise InvalidPatternError(
                f"Value must be between -{LARGEST_NUMBER} and {LARGEST_NUMBER}, inclusive"
            )
    if len(signs) > 2 or (len(signs) == 2 and (signs[0][0] != ">" or signs[1][0] != "<")):
        raise InvalidPatternError("Bad numeric range operator")
    if len(limits) == 2 and limits[0] >= limits[1]:
        raise InvalidPatternError("Bottom must be less than top")


def _check_network(operand: Any) -> None:
    try:
        ipaddress.ip_network(operand, strict=False)
    except (ValueError, TypeError) as error:
        raise InvalidPatternError(f"Malformed CIDR: {operand}") from error


def _check_anything_but(operand: Any) -> None:
    if isinstance(operand, dict):
        if len(operand) != 1 or not set(operand) <= _STRING_OPERATORS:
            raise InvalidPatternError(f"Unsupported anything-but pattern: {next(iter(operand), '')}")
        inner = next(iter(operand.values()))
        for choice in inner if isinstance(inner, list) else [inner]:
            if not isinstance(choice, str) or not choice:
                raise InvalidPatternError("Inside anything but list, operands must be non-empty strings")
        return
    values = operand if isinstance(operand, list) else [operand]
    texts = all(isinstance(value, str) for value in values)
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    if not values or not (texts or numbers):
        raise InvalidPatternError("Inside anything but list, either all values are Number or String")
