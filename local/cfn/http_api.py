"""The API Gateway HTTP APIs that stacks have made, for whoever serves them."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.cfn.template import Json


@dataclass
class HttpApi:
    """One HTTP API.

    Attributes:
        name: Its name.
        routes: Function ARN by method and path template, `("GET", "/approvals/{id}")`; the method may be
            `ANY`, and the route `$default` has the path `$default`.
        payload_version: Version of the event that a route's function gets, by the same key; normally `2.0`.
        stages: Names of its stages, each with its properties.
        cors: The CORS configuration, if there is one.
    """

    name: str
    routes: dict[tuple[str, str], str] = field(default_factory=dict)
    payload_version: dict[tuple[str, str], str] = field(default_factory=dict)
    stages: dict[str, Json] = field(default_factory=dict)
    cors: Json = None


APIS: dict[str, HttpApi] = {}
"""By API id."""
