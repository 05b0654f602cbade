"""Mend: JSONata in state machines.

moto 5.2.5 has no evaluator for it, pastes variables as unescaped text, and reports what goes wrong as
`States.Runtime`. Step Functions reports `States.QueryEvaluationError`, also for an expression that yields
nothing (https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html).
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import TypeAlias

from local.mends import queries
from local.mends.language import ASL, COMMON, QUERY_EVALUATION_ERROR, Component, Environment, failure
from local.mends.patching import Foreign, Mends

Json: TypeAlias = object

MENDS = Mends()

_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")
_STATES_PART = re.compile(r"\$states\.(\w+)")


def bindings_for(expression: str, env: Environment) -> dict[str, Json]:
    """The variables that an expression names, with their values in this frame."""
    wanted = set(_VARIABLE.findall(expression))
    store = env.variable_store
    scopes: Mapping[str, Json] = {**store._outer_scope, **store._inner_scope}  # noqa: SLF001
    bound = {name: value for name, value in scopes.items() if name in wanted}
    if "states" in wanted:
        bound["states"] = _states(expression, env)
    return bound


def _states(expression: str, env: Environment) -> dict[str, Json]:
    """`$states`, with only those parts that the expression reads; `result` only once there is one."""
    data = env.states._states_data  # noqa: SLF001
    parts = set(_STATES_PART.findall(expression))
    whole = len(parts) == 0 or expression.count("$states") > len(_STATES_PART.findall(expression))
    return dict(data) if whole else {name: value for name, value in data.items() if name in parts}


def query(component: Component, env: Environment) -> Json:
    """Evaluate a component's expression in a frame.

    Raises:
        FailureEventException: `States.QueryEvaluationError`, with the field named as AWS names it.
    """
    expression = component.expression
    try:
        result = queries.evaluate(expression, bindings_for(expression, env))
    except queries.QueryError as error:
        raise query_failure(component, env, str(error)) from error
    if result is queries.UNDEFINED:
        raise query_failure(component, env, "returned nothing (undefined).")
    expected = getattr(component, "expected", None)
    if expected and not _is(expected, result):
        raise query_failure(
            component,
            env,
            f"returned an unexpected result type. Expected '{expected}', but was '{_type(result)}'.",
        )
    return result


def _type(value: Json) -> str:
    if value is None:
        return "null"
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        (bool, "boolean"),
        ((int, float), "number"),
        (str, "string"),
        (list, "array"),
    ]
    return next((name for kind, name in kinds if isinstance(value, kind)), "object")


def _is(expected: str, value: Json) -> bool:
    if expected == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return _type(value) == expected


def query_failure(component: Component, env: Environment, what: str) -> Exception:
    """The exception for a failed query, worded as Step Functions words it."""
    field = getattr(component, "field", None)
    place = f" specified for the field '{field}'" if field else ""
    cause = f"The JSONata expression '{component.expression.strip()}'{place} {what}"
    return failure(env, QUERY_EVALUATION_ERROR, cause, "EvaluationFailed")


@MENDS.replaces(f"{COMMON}.string.string_expression:StringJSONata._eval_body", "277b6f413214")
def evaluate_jsonata(self: Component, env: Environment) -> None:
    """moto evaluates text with pasted variables through a Java bridge that it does not contain."""
    env.stack.append(query(self, env))


@MENDS.replaces(f"{COMMON}.string.string_expression:StringVariableSample._eval_body", "4aa01e616a98")
def evaluate_variable(self: Component, env: Environment) -> None:
    """A variable in a JSONPath state (`$name.part`) goes through the same missing Java bridge."""
    env.stack.append(query(self, env))


@MENDS.replaces(f"{ASL}.eval.states:States.reset", "3026ea3d7689")
def reset_states(self: Foreign, input_value: Json) -> None:
    """moto keeps an absent result as null, so a task that returned null could not be told from no task."""
    self._states_data["input"] = copy.deepcopy(input_value)
    self._states_data.pop("result", None)
    self._states_data.pop("errorOutput", None)
