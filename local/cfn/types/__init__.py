"""The resource types, by area; importing this package registers all of them."""

from local.cfn.types import (
    buckets,
    containers,
    events,
    function_parts,
    functions,
    http_apis,
    identity,
    keys,
    load_balancers,
    machines,
    messaging,
    observability,
    others,
    stacks,
    tables,
)

__all__ = [
    "buckets",
    "containers",
    "events",
    "function_parts",
    "functions",
    "http_apis",
    "identity",
    "keys",
    "load_balancers",
    "machines",
    "messaging",
    "observability",
    "others",
    "stacks",
    "tables",
]
