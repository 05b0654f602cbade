"""JSONata for Step Functions: compile once, evaluate with real bindings, tell null from nothing.

moto pastes variables as text in front of an expression and hands it to a Java library it does not ship. Here
the pure-Python library gets them as bindings, so no text can break an expression.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import lru_cache
from typing import TypeAlias

import jsonata
from jsonata.jexception import JException

from local.mends.jsonata_functions import FUNCTIONS, ResultError, from_jsonata, to_jsonata
from local.mends.patching import Foreign

Json: TypeAlias = object


class QueryError(ValueError):
    """An expression failed; the message is what follows the expression in the cause."""


class _Undefined:
    def __repr__(self) -> str:
        return "UNDEFINED"


UNDEFINED = _Undefined()
"""What an expression yields when it yields nothing: not null, and an error in every field."""


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> Foreign:
    return jsonata.Jsonata(expression)


def check_syntax(expression: str) -> None:
    """Parse an expression without evaluating it.

    Raises:
        QueryError: It is not JSONata.
    """
    try:
        _compiled(expression)
    except JException as error:
        raise QueryError(f"{error.error}: {error}") from error


def evaluate(expression: str, bindings: Mapping[str, Json]) -> Json:
    """Evaluate an expression as Step Functions does.

    Args:
        expression: The text between `{%` and `%}`.
        bindings: Variables by name, without the dollar sign; `states` among them.

    Returns:
        Plain JSON, or `UNDEFINED`.

    Raises:
        QueryError: The expression does not parse, or fails while it is evaluated.
    """
    try:
        query = _for_this_thread(expression)
        return _plain(query.evaluate(None, {name: to_jsonata(value) for name, value in bindings.items()}))
    except JException as error:
        raise QueryError(f"threw an error during evaluation. {error.error}: {error}") from error
    except ResultError as error:
        raise QueryError(str(error)) from error
    except (ValueError, ArithmeticError, LookupError, TypeError, AttributeError, RecursionError) as error:
        # The library lets some errors of Python through, a division by zero for one.
        raise QueryError(f"threw an error during evaluation. {error}") from error


def _for_this_thread(expression: str) -> Foreign:
    """A cheap copy of the compiled expression: the library keeps the current one per thread."""
    query = copy.copy(_compiled(expression))
    query.environment = query.create_frame(jsonata.Jsonata.static_frame)
    query.set_output_convert_nulls(False)
    for name, function in FUNCTIONS.items():
        query.register_lambda(name, function)
    query.assign("eval", None)
    jsonata.Jsonata.CURRENT.jsonata = query
    return query


def _plain(result: Json) -> Json:
    return UNDEFINED if result is None else from_jsonata(result)
