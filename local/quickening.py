"""Mends that only make moto faster: what it computes anew in every call although it never changes.

Measured on a DynamoDB GetItem: two thirds of the time moto spends on a call.
"""

from __future__ import annotations

import inspect
import json
import secrets
from functools import lru_cache

from local.mends.patching import Foreign, Mends

MENDS = Mends()


@MENDS.replaces("moto.core.responses:method_names_from_class", "9dbac89d082b")
@lru_cache
def method_names_from_class(clazz: type) -> frozenset[str]:
    """moto lists all attributes of the class in every call."""
    return frozenset(name for name, _ in inspect.getmembers(clazz, predicate=inspect.isfunction))


@MENDS.replaces("moto.core.responses:gen_amzn_requestid_long", "e651941c2107")
def request_id(headers: dict[str, str] | None = None) -> str:
    """moto draws each of 52 letters for itself."""
    new = secrets.token_hex(26).upper()
    if headers is not None:
        headers["x-amzn-requestid"] = new
    return new


@MENDS.wraps("moto.core.responses:ActionResult.execute_result", "6333faa349b5")
def execute_result(original: Foreign, self: Foreign, context: Foreign) -> Foreign:
    """moto asks for every possible name of every member of every attribute; items are plain JSON already."""
    if context.service_model.service_name != "dynamodb" or type(self).__name__ != "DynamoResult":
        return original(self, context)
    try:
        body = json.dumps({key: value for key, value in self.result.items() if value is not None})
    except (TypeError, AttributeError):  # binary values, errors
        return original(self, context)
    return 200, {"Content-Type": "application/x-amz-json-1.0"}, body
