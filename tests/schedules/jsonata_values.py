"""Evaluates what a state machine writes between `{%` and `%}`, fast enough for a thousand schedules.

Most expressions only name a value (`$states.input.outcome`): these are looked up. Everything else goes to the
evaluator of the local cloud, whose answer is remembered, because an expression depends on nothing but what
it names. `test_machine_run.py` compares both ways on every expression of every machine that it passes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from local.mends import queries

OPEN, CLOSE = "{%", "%}"
_PATH = re.compile(r"\$([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)\Z")
_NAMED = re.compile(r"\$([A-Za-z_]\w*)((?:\.[A-Za-z_]\w*)*)")
_CHANGES_BY_ITSELF = re.compile(r"\$(random|uuid|now|millis|eval)\b")
NOT_FOUND = object()


class QueryFailed(Exception):
    """An expression failed, or yielded nothing: `States.QueryEvaluationError`."""


class NotUnderstood(Exception):
    """The machine uses a part of the language that this interpreter does not know."""


def is_expression(text: str) -> bool:
    """Whether Step Functions evaluates this string."""
    return text.startswith(OPEN) and text.endswith(CLOSE)


def evaluate(written: Any, names: Mapping[str, Any]) -> Any:
    """A JSON value as it is written in a machine, with every expression in it evaluated.

    Args:
        written: Part of a definition.
        names: Variables by name, without the dollar sign; `states` among them.

    Raises:
        QueryFailed: an expression failed.
    """
    if isinstance(written, str):
        return _query(written[2:-2].strip(), names) if is_expression(written) else written
    if isinstance(written, dict):
        return {key: evaluate(value, names) for key, value in written.items()}
    if isinstance(written, list):
        return [evaluate(value, names) for value in written]
    return written


def _query(expression: str, names: Mapping[str, Any]) -> Any:
    path = _PATH.match(expression)
    if path is not None:
        found = look_up(path[1], path[2], names)
        if found is not NOT_FOUND:
            return found
    return by_library(expression, names)


def look_up(name: str, path: str, names: Mapping[str, Any]) -> Any:
    """What a plain path names; `NOT_FOUND` where JSONata's own rules (lists, absence) would begin."""
    value = names.get(name, NOT_FOUND)
    for key in path.split(".")[1:]:
        value = value.get(key, NOT_FOUND) if isinstance(value, dict) else NOT_FOUND
    return value


def by_library(expression: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression by the evaluator of the local cloud."""
    if _CHANGES_BY_ITSELF.search(expression):
        raise NotUnderstood(f"{expression} does not always yield the same")
    needed: dict[str, Any] = {}
    for match in _NAMED.finditer(expression):
        _need(match[1], match[2], names, needed)
    return json.loads(_remembered(expression, json.dumps(needed)))


def _need(name: str, path: str, names: Mapping[str, Any], needed: dict[str, Any]) -> None:
    """Note of `$states` only the parts that are named: the rest is large and changes all the time."""
    if name not in names:
        return
    if name != "states" or not path:
        needed[name] = names[name]
        return
    here, there = names[name], needed.setdefault(name, {})
    keys = path.split(".")[1:]
    for key in keys[:-1]:
        if not isinstance(here, dict) or key not in here or not isinstance(here[key], dict):
            break
        here, there = here[key], there.setdefault(key, {})
    else:
        key = keys[-1]
    if isinstance(here, dict) and key in here and isinstance(there, dict):
        there[key] = here[key]


@lru_cache(maxsize=200_000)
def _remembered(expression: str, names: str) -> str:
    try:
        result = queries.evaluate(expression, json.loads(names))
    except queries.QueryError as error:
        raise QueryFailed(f"The JSONata expression '{expression}' {error}") from error
    if result is queries.UNDEFINED:
        raise QueryFailed(f"The JSONata expression '{expression}' returned nothing (undefined).")
    return json.dumps(result)
