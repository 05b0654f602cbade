"""The rule of a composite alarm.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

STATES = {"ALARM": "ALARM", "OK": "OK", "INSUFFICIENT_DATA": "INSUFFICIENT_DATA"}


def composite_state(rule: str, states: Mapping[str, str]) -> str | None:
    """ALARM where the rule is true of the states of other alarms, else OK; None for a rule not understood."""
    text = re.sub(r"\b(AND|OR|NOT|TRUE|FALSE)\b", lambda word: word[0].capitalize(), rule)
    text = re.sub(r"\b(And|Or|Not)\b", lambda word: word[0].lower(), text)
    text = re.sub(r"\b(ALARM|OK|INSUFFICIENT_DATA)\(([^\"')]+)\)", r'\1("\2")', text)
    try:
        return "ALARM" if _true(ast.parse(text.strip(), mode="eval").body, states) else "OK"
    except (SyntaxError, ValueError):
        return None


def _true(node: ast.AST, states: Mapping[str, str]) -> bool:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return node.value
    if isinstance(node, ast.BoolOp):
        parts = [_true(each, states) for each in node.values]
        return all(parts) if isinstance(node.op, ast.And) else any(parts)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return not _true(node.operand, states)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in STATES:
        argument = node.args[0]
        if isinstance(argument, ast.Constant):
            name = str(argument.value).rsplit(":", 1)[-1].strip()
            return states.get(name) == node.func.id
    raise ValueError(ast.unparse(node))
