"""Metric maths: arithmetic, comparisons and the usual functions over time series.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from typing import Any

Line = dict[float, float]
Value = float | Line | list[Line]

OPERATORS: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Gt: lambda left, right: float(left > right),
    ast.GtE: lambda left, right: float(left >= right),
    ast.Lt: lambda left, right: float(left < right),
    ast.LtE: lambda left, right: float(left <= right),
    ast.Eq: lambda left, right: float(left == right),
    ast.NotEq: lambda left, right: float(left != right),
    ast.And: lambda left, right: float(bool(left) and bool(right)),
    ast.Or: lambda left, right: float(bool(left) or bool(right)),
}
SUMMARIES: dict[str, Callable[[list[float]], float]] = {
    "SUM": sum,
    "MAX": max,
    "MIN": min,
    "AVG": lambda values: sum(values) / len(values),
}


class ExpressionError(ValueError):
    """An expression that cannot be understood."""


def evaluate(text: str, lines: Mapping[str, Line], stamps: list[float]) -> Line:
    """The time series that an expression means, given those of the ids that it names.

    Args:
        text: The expression.
        lines: A time series by query id; a period without data has no entry.
        stamps: The beginnings of all periods asked for, which FILL needs.

    Raises:
        ExpressionError: The expression is not understood.
    """
    prepared = text.replace("&&", " and ").replace("||", " or ")
    try:
        tree = ast.parse(prepared.strip(), mode="eval").body
    except SyntaxError as error:
        raise ExpressionError(f"Error in expression '{text}': {error.msg}") from error
    value = _Evaluator(lines, stamps).value(tree)
    if isinstance(value, list):
        raise ExpressionError(f"Error in expression '{text}': it gives more than one time series")
    return value if isinstance(value, dict) else dict.fromkeys(stamps, value)


class _Evaluator:
    def __init__(self, lines: Mapping[str, Line], stamps: list[float]) -> None:
        self._lines = lines
        self._stamps = stamps

    def value(self, node: ast.AST) -> Value:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return float(node.value)
        if isinstance(node, ast.Name):
            if node.id not in self._lines:
                raise ExpressionError(f"unknown id {node.id}")
            return self._lines[node.id]
        if isinstance(node, ast.BinOp):
            return _combine(node.op, self.value(node.left), self.value(node.right))
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return _combine(node.ops[0], self.value(node.left), self.value(node.comparators[0]))
        if isinstance(node, ast.BoolOp):
            values = [self.value(each) for each in node.values]
            return reduce(lambda left, right: _combine(node.op, left, right), values)
        return self._special(node)

    def _special(self, node: ast.AST) -> Value:
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return _combine(ast.Mult(), -1.0, self.value(node.operand))
        if isinstance(node, (ast.List, ast.Tuple)):
            return [_line(self.value(each), self._stamps) for each in node.elts]
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            return self._call(node.func.id.upper(), node.args)
        raise ExpressionError(f"{ast.unparse(node)} is not understood")

    def _call(self, name: str, arguments: list[ast.expr]) -> Value:
        if name == "METRICS":
            return list(self._lines.values())
        if name == "FILL":
            return self._fill(arguments)
        values = [self.value(each) for each in arguments]
        if name == "IF":
            return self._if(values)
        if name in SUMMARIES and len(values) == 1:
            return _summary(SUMMARIES[name], values[0])
        if name == "ABS":
            return {at: abs(value) for at, value in _line(values[0], self._stamps).items()}
        raise ExpressionError(f"the function {name} is not understood")

    def _fill(self, arguments: list[ast.expr]) -> Line:
        line = _line(self.value(arguments[0]), self._stamps)
        if isinstance(arguments[1], ast.Name) and arguments[1].id == "REPEAT":
            filled: Line = {}
            for at in self._stamps:
                if at in line:
                    filled[at] = line[at]
                elif filled:
                    filled[at] = filled[max(filled)]
            return filled
        other = _line(self.value(arguments[1]), self._stamps)
        return {at: line.get(at, other.get(at, 0.0)) for at in self._stamps}

    def _if(self, values: list[Value]) -> Line:
        condition = _line(values[0], self._stamps)
        yes = _line(values[1], self._stamps)
        no = _line(values[2], self._stamps) if len(values) > 2 else {}
        chosen = {at: (yes if flag else no).get(at) for at, flag in condition.items()}
        return {at: value for at, value in chosen.items() if value is not None}


def _line(value: Value, stamps: list[float]) -> Line:
    if isinstance(value, list):
        raise ExpressionError("one time series is expected, not several")
    return value if isinstance(value, dict) else dict.fromkeys(stamps, value)


def _combine(sign: Any, left: Value, right: Value) -> Value:
    if type(sign) not in OPERATORS:
        raise ExpressionError(f"the operator {type(sign).__name__} is not understood")
    apply = OPERATORS[type(sign)]
    if isinstance(left, list) or isinstance(right, list):
        raise ExpressionError("arithmetic on several time series at once is not understood")
    if not isinstance(left, dict) and not isinstance(right, dict):
        return _safely(apply, left, right) or 0.0
    stamps = list(left) if isinstance(left, dict) else list(right if isinstance(right, dict) else ())
    result: Line = {}
    for at in stamps:
        one = left.get(at) if isinstance(left, dict) else left
        two = right.get(at) if isinstance(right, dict) else right
        if one is not None and two is not None:
            value = _safely(apply, one, two)
            if value is not None:
                result[at] = value
    return result


def _safely(apply: Callable[[float, float], float], left: float, right: float) -> float | None:
    # A division by zero gives no datapoint.
    try:
        return apply(left, right)
    except ZeroDivisionError:
        return None


def _summary(apply: Callable[[list[float]], float], value: Value) -> Value:
    if isinstance(value, dict):
        return apply(list(value.values())) if value else {}
    if not isinstance(value, list):
        return value
    stamps = sorted({at for line in value for at in line})
    return {at: apply([line[at] for line in value if at in line]) for at in stamps}
