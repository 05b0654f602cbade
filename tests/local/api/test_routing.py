"""Which route takes a request.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
"""

from __future__ import annotations

import pytest

from local.api.definition import Route
from local.api.routing import choose

ROUTES = [
    Route("GET", "/pets/dog/1", "exact"),
    Route("GET", "/pets/dog/{id}", "variable"),
    Route("GET", "/pets/{proxy+}", "greedy"),
    Route("ANY", "/{proxy+}", "anything"),
    Route("ANY", "/pets/dog/{id}", "any method"),
    Route("ANY", "$default", "default"),
]


@pytest.mark.parametrize(
    ("method", "path", "taken_by", "parameters"),
    [
        ("GET", "/pets/dog/1", "exact", {}),
        ("GET", "/pets/dog/2", "variable", {"id": "2"}),
        ("POST", "/pets/dog/2", "any method", {"id": "2"}),
        ("GET", "/pets/cat/1", "greedy", {"proxy": "cat/1"}),
        ("POST", "/test/5", "anything", {"proxy": "test/5"}),
        ("GET", "/pets/dog/a%20b", "variable", {"id": "a b"}),
        ("GET", "/", "default", {}),
    ],
)
def test_the_most_specific_route_wins(method: str, path: str, taken_by: str, parameters: dict[str, str]):
    match = choose(ROUTES, method, path)
    assert match is not None
    assert match.route.function_arn == taken_by
    assert match.path_parameters == parameters


@pytest.mark.parametrize(
    ("method", "path"), [("HEAD", "/status"), ("GET", "/status/1"), ("OPTIONS", "/status")]
)
def test_without_a_default_route_the_rest_goes_nowhere(method: str, path: str):
    """A route for GET does not take HEAD or OPTIONS."""
    assert choose([Route("GET", "/status", "f")], method, path) is None
