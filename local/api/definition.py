"""What an HTTP API consists of, wherever it was made: by a stack, or by hand through the API."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from moto.apigatewayv2.models import apigatewayv2_backends

from local import settings
from local.cfn.http_api import APIS

ANY = "ANY"
DEFAULT_ROUTE = "$default"


@dataclass(frozen=True)
class Route:
    """One route.

    Attributes:
        method: HTTP method, or `ANY`.
        path: Template such as `/approvals/{id}` or `/{proxy+}`; `$default` for the route that takes the rest.
        function_arn: The function behind it.
        payload_version: Version of the event that the function gets.
    """

    method: str
    path: str
    function_arn: str
    payload_version: str = "2.0"

    @property
    def key(self) -> str:
        """The route key, as in the event."""
        return DEFAULT_ROUTE if self.path == DEFAULT_ROUTE else f"{self.method} {self.path}"


@dataclass(frozen=True)
class Definition:
    """An HTTP API.

    Attributes:
        api_id: Its id.
        routes: All routes.
        stages: Settings by stage name, with the names of CloudFormation.
        cors: The CORS configuration with the names of CloudFormation, if there is one.
    """

    api_id: str
    routes: tuple[Route, ...]
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    cors: Mapping[str, Any] | None = None


def find(api_id: str) -> Definition | None:
    """The API of that id, if it exists."""
    api = APIS.get(api_id)
    if api is None:
        return _made_by_hand(api_id)
    routes = tuple(
        Route(method, path, function, api.payload_version.get((method, path), "2.0"))
        for (method, path), function in api.routes.items()
    )
    return Definition(
        api_id, routes, api.stages or {DEFAULT_ROUTE: {}}, _pascal(api.cors) if api.cors else None
    )


def _made_by_hand(api_id: str) -> Definition | None:
    place = settings.current()
    backend = apigatewayv2_backends[place.account][place.region]
    api = backend.apis.get(api_id)
    if api is None:
        return None
    routes = []
    for route in api.routes.values():
        integration = api.integrations.get((route.target or "").removeprefix("integrations/"))
        if integration is None:
            continue
        found = re.search(r"arn:aws:lambda:[^/]*:function:[^/]*", integration.integration_uri or "")
        if found:
            method, _, path = route.route_key.rpartition(" ")
            version = integration.payload_format_version or "1.0"
            routes.append(Route(method or ANY, path, found[0], version))
    stages = {name: _pascal(stage.to_json()) for name, stage in api.stages.items()}
    return Definition(api_id, tuple(routes), stages, _pascal(api.cors_configuration or {}) or None)


def _pascal(value: Any) -> Any:
    """Keys with a capital letter, as CloudFormation writes them; OpenAPI and the API do not."""
    if isinstance(value, dict):
        return {key[:1].upper() + key[1:]: inner for key, inner in value.items()}
    return value
