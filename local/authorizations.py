"""What functions, machines and AWS services have asked for, as far as a policy could tell it apart.

Each distinct request is kept once, with the parameters that name a resource or decide a condition, so that
a report can hold it against the policies of the template. Nothing that a caller stores or sends is kept.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from local import callers

MOST_KEPT = 50_000
LONGEST_VALUE = 512
# How the names of parameters end that decide resources and condition keys.
_TELLING = re.compile(
    r"(arns?|names?|cluster|services?|tasks?|task_?definition|family|namespace|dimension|resourceid"
    r"|repositoryid|registryid|bucket|^key|queueurl|protocol|prefix|group)$",
    re.IGNORECASE,
)
# What is stored or handed on, or new each time (the name of an execution), not asked about.
_CONTENT = frozenset({"name", "environment", "overrides"})
# Items, messages and inputs are never looked into.
_FLAT = frozenset({"dynamodb", "stepfunctions", "sns", "lambda", "s3", "logs", "sqs"})
_NUMBERED = re.compile(r"\.(member\.)?\d+$")

_requests: Counter[tuple[str, str, str, str]] = Counter()
_lock = threading.Lock()


def note(caller: str, service: str, action: str, parameters: Mapping[str, Any]) -> None:
    """Note that somebody other than a person has asked for something."""
    if caller == callers.USER:
        return
    if action in {"TransactWriteItems", "TransactGetItems"}:
        for single, request in _singles(parameters):
            note(caller, service, single, request)
        return
    if service == "dynamodb" and "RequestItems" in parameters:
        for table in parameters["RequestItems"]:
            note(caller, service, action, {"TableName": table})
        return
    key = (caller, service, action, json.dumps(telling(service, parameters), sort_keys=True))
    with _lock:
        if key in _requests or len(_requests) < MOST_KEPT:
            _requests[key] += 1


def listed() -> list[dict[str, Any]]:
    """Every distinct request, and how often it was made."""
    with _lock:
        found = sorted(_requests.items())
    return [
        {"caller": caller, "service": service, "action": action, "parameters": json.loads(text), "times": n}
        for (caller, service, action, text), n in found
    ]


def forget() -> None:
    """Begin anew."""
    with _lock:
        _requests.clear()


def telling(service: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that name something, and `tags` when there are any; below the top only ARNs.

    >>> telling("ecs", {"cluster": "prod", "tags": [{"key": "a"}], "force": True})
    {'cluster': 'prod', 'tags': True}
    """
    kept: dict[str, Any] = {}
    for name, value in parameters.items():
        plain = _NUMBERED.sub("", str(name))
        if plain in _CONTENT:
            continue
        if plain.lower() == "tags" and value:
            kept["tags"] = True
        elif _TELLING.search(plain) and (texts := _texts(value)):
            kept[plain] = [*_listed(kept[plain]), *texts] if plain in kept else texts
        elif service not in _FLAT:
            for inner, arn in _arns(value):
                kept.setdefault(inner, []).append(arn)
    return {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in kept.items()
    }


def _singles(parameters: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What DynamoDB asks for in a transaction: the permissions of its single requests.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    actions = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "Get": "GetItem"}
    for item in parameters.get("TransactItems") or []:
        for kind, request in item.items():
            yield actions.get(kind, "ConditionCheckItem"), {"TableName": request["TableName"]}


def _texts(value: Any) -> list[str]:
    return [one for one in _listed(value) if isinstance(one, str) and 0 < len(one) <= LONGEST_VALUE]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _arns(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for inner, one in value.items():
            yield from _arns(one, inner)
    elif isinstance(value, list):
        for one in value:
            yield from _arns(one, name)
    elif isinstance(value, str) and name.lower().endswith("arn") and value.startswith("arn:"):
        yield name, value
