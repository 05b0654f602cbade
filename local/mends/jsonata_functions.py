"""The JSONata functions that Step Functions adds to the language, and the one it takes away.

Documented at https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html, section
"JSONata functions provided by Step Functions".
"""

from __future__ import annotations

import hashlib
import json
import math
import random
import uuid
from collections.abc import Callable
from typing import TypeAlias

from jsonata.utils import Utils

Json: TypeAlias = object

_DIGESTS = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
_LONGEST_RANGE = 1000


class FunctionError(ValueError):
    """A function was called with an argument that Step Functions refuses."""


class ResultError(ValueError):
    """An expression's result is not JSON."""


def partition(items: Json, size: Json) -> Json:
    """`$partition(array, size)`: the array in chunks, the last one perhaps shorter."""
    if not isinstance(items, list):
        raise FunctionError("The first argument of $partition must be an array")
    length = _whole("The second argument of $partition", size)
    if length < 1:
        raise FunctionError("The second argument of $partition must be a positive integer")
    return [items[start : start + length] for start in range(0, len(items), length)]


def range_(first: Json, last: Json, step: Json) -> Json:
    """`$range(first, last, delta)`: both ends included, at most 1,000 values."""
    start, end, delta = (_whole("Every argument of $range", value) for value in (first, last, step))
    if delta == 0:
        raise FunctionError("The third argument of $range must not be zero")
    values = list(range(start, end + (1 if delta > 0 else -1), delta))
    if len(values) > _LONGEST_RANGE:
        raise FunctionError(f"$range may return at most {_LONGEST_RANGE} values, not {len(values)}")
    return values


def hash_(content: Json, algorithm: Json) -> Json:
    """`$hash(content, algorithm)`: hexadecimal digest of a string, by MD5 or SHA-1, -256, -384 or -512."""
    if not isinstance(content, str):
        raise FunctionError("The first argument of $hash must be a string")
    if algorithm not in _DIGESTS:
        raise FunctionError(f"The second argument of $hash must be one of {', '.join(_DIGESTS)}")
    return hashlib.new(_DIGESTS[str(algorithm)], content.encode(), usedforsecurity=False).hexdigest()


def random_(seed: Json = None) -> Json:
    """`$random([seed])`: a number from 0 up to, not including, 1; the same seed gives the same number."""
    if seed is None:
        return random.random()  # noqa: S311 - the language's function, not a secret
    return random.Random(_whole("The argument of $random", seed)).random()  # noqa: S311


def uuid_() -> Json:
    """`$uuid()`: a random (version 4) UUID."""
    return str(uuid.uuid4())


def parse(text: Json) -> Json:
    """`$parse(string)`: the value that a JSON text holds; undefined stays undefined."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise FunctionError("The argument of $parse must be a string")
    try:
        return to_jsonata(json.loads(text))
    except ValueError as error:
        raise FunctionError(f"The argument of $parse is not valid JSON: {error}") from error


def count(items: Json = None) -> Json:
    """`$count(array)`: null counts as one value; the library in use here would call it none."""
    if items is None:
        return 0
    return len(items) if isinstance(items, list) else 1


FUNCTIONS: dict[str, Callable[..., Json]] = {
    "partition": partition,
    "range": range_,
    "hash": hash_,
    "random": random_,
    "uuid": uuid_,
    "parse": parse,
    "count": count,
}


def to_jsonata(value: Json) -> Json:
    """A JSON value as the library wants it: null is its own object, whole numbers are integers."""
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        return {key: to_jsonata(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_jsonata(inner) for inner in value]
    return _whole_if_possible(value) if isinstance(value, float) else value


def from_jsonata(value: Json) -> Json:
    """A result of the library as plain JSON.

    Raises:
        ResultError: It is not JSON: a function, or a number that JSON cannot hold.
    """
    if value is None or value is Utils.NULL_VALUE:
        return None
    if isinstance(value, dict):
        return {key: from_jsonata(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [from_jsonata(inner) for inner in value]
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ResultError("returned a number that JSON cannot hold")
        return _whole_if_possible(value)
    if isinstance(value, str | int):
        return value
    raise ResultError("returned an unsupported result type")


def _whole(what: str, value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise FunctionError(f"{what} must be an integer")
    return int(value)


def _whole_if_possible(value: float) -> float:
    return int(value) if math.isfinite(value) and value == int(value) and abs(value) < 1e15 else value
