"""Checks of the query language: JSONata alone, in expressions of one line that can be read aloud."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonata

from tests.statemachines.machines import Machine, State

LONGEST_EXPRESSION = 160
JSONPATH_FIELDS = {
    "InputPath", "OutputPath", "ResultPath", "ResultSelector", "Parameters", "ItemsPath",
    "ItemSelectorPath", "SecondsPath", "TimestampPath", "TimeoutSecondsPath", "HeartbeatSecondsPath",
    "ErrorPath", "CausePath", "Variable", "MaxConcurrencyPath", "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
}  # fmt: skip
# https://docs.jsonata.org/overview and, for the last five, the functions that Step Functions adds:
# https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html
FUNCTIONS = {
    "string", "length", "substring", "substringBefore", "substringAfter", "uppercase", "lowercase", "trim",
    "pad", "contains", "split", "join", "match", "replace", "base64encode", "base64decode",
    "encodeUrlComponent", "encodeUrl", "decodeUrlComponent", "decodeUrl", "number", "abs", "floor", "ceil",
    "round", "power", "sqrt", "random", "formatNumber", "formatBase", "formatInteger", "parseInteger",
    "sum", "max", "min", "average", "boolean", "not", "exists", "count", "append", "sort", "reverse",
    "shuffle", "distinct", "zip", "keys", "lookup", "spread", "merge", "sift", "each", "error", "assert",
    "type", "map", "filter", "single", "reduce", "now", "millis", "fromMillis", "toMillis", "partition",
    "range", "hash", "uuid", "parse",
}  # fmt: skip
NAME = re.compile(r"\$([A-Za-z_]\w*)")
LOCAL_NAME = re.compile(r"function\s*\(([^)]*)\)|\$(\w+)\s*:=")


def strings(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string in a JSON value, with the path to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from strings(item, f"{path}[{number}]")


def keys(value: Any) -> Iterator[str]:
    """Every key in a JSON value, at any depth."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from keys(item)


def is_expression(text: str) -> bool:
    """Whether Step Functions evaluates this string as JSONata."""
    return text.startswith("{%") and text.endswith("%}")


def expressions(machine: Machine) -> Iterator[tuple[str, str]]:
    """Every (state name and path, JSONata) of a machine."""
    for name, state in machine.states():
        for path, text in strings(_own(state)):
            if is_expression(text):
                yield f"{name}.{path}", text[2:-2].strip()


def _own(state: State) -> State:
    """The state without the states inside it, which are visited by themselves."""
    return {key: value for key, value in state.items() if key not in {"ItemProcessor", "Branches"}}


def not_jsonata(machine: Machine) -> Iterator[str]:
    """Machines that do not declare JSONata once, at the top, and states that use JSONPath."""
    if machine.definition.get("QueryLanguage") != "JSONata":
        yield 'the top of the machine does not say "QueryLanguage": "JSONata"'
    for name, state in machine.states():
        if "QueryLanguage" in state:
            yield f"{name}: the query language is declared at the top, nowhere else"
        fields = {key for key in state if key in JSONPATH_FIELDS}
        fields |= {key for key in keys(_own(state)) if key.endswith(".$")}
        fields |= {key for rule in state.get("Choices", []) for key in rule if key in JSONPATH_FIELDS}
        for field in sorted(fields):
            yield f"{name}: {field} belongs to JSONPath"
        if state.get("Type") == "Choice":
            for number, rule in enumerate(state.get("Choices", [])):
                if not is_expression(str(rule.get("Condition", ""))):
                    yield f"{name}: Choices[{number}].Condition is not an expression"


def forgotten_braces(machine: Machine) -> Iterator[str]:
    """Strings that look like an expression, but would be passed on as text."""
    for name, state in machine.states():
        for path, text in strings(_own(state)):
            looks_so = NAME.search(text) or "States." in text or text.startswith("$.")
            error_names = "ErrorEquals" in path or path.endswith("Comment")
            if ("{%" in text or looks_so) and not is_expression(text) and not error_names:
                yield f"{name}.{path}: {text!r} is an expression without {{% … %}} around all of it"


def unreadable(machine: Machine) -> Iterator[str]:
    """Expressions that do not parse, run over one line, or are so long that they belong into a function."""
    for where, expression in expressions(machine):
        if "\n" in expression or len(expression) > LONGEST_EXPRESSION:
            yield f"{where}: longer than one line of {LONGEST_EXPRESSION} characters: make it a function"
        try:
            jsonata.Jsonata(expression)
        except Exception as error:  # noqa: BLE001 - whatever the parser throws, the expression is wrong
            yield f"{where}: not JSONata: {error}"


def unknown_names(machine: Machine) -> Iterator[str]:
    """Variables that no Assign sets, most often a slip of the pen."""
    assigned = {name for _, state in machine.states() for name in _assigned(state)}
    for where, expression in expressions(machine):
        found = LOCAL_NAME.findall(expression)
        local = {name for parameters, name in found} | {
            name for pair in found for name in NAME.findall(pair[0])
        }
        used = set(NAME.findall(_without_text(expression)))
        for name in sorted(used - assigned - local - FUNCTIONS - {"states"}):
            yield f"{where}: ${name} is assigned nowhere"


def _without_text(expression: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"", "''", expression)


def _assigned(state: dict[str, Any]) -> set[str]:
    blocks = [state, *state.get("Catch", []), *state.get("Choices", [])]
    return {name for block in blocks for name in block.get("Assign", {})}
