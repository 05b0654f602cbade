"""The resource types, by area; importing this package registers all of them."""

from local.cfn.types import (
    containers,
    data,
    events,
    functions,
    http_apis,
    identity,
    machines,
    messaging,
    observability,
    others,
    stacks,
)

__all__ = [
    "containers",
    "data",
    "events",
    "functions",
    "http_apis",
    "identity",
    "machines",
    "messaging",
    "observability",
    "others",
    "stacks",
]
