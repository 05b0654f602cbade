"""API Gateway HTTP APIs: written out, or in an OpenAPI body as the SAM transform makes them."""

from __future__ import annotations

import re

from local import settings
from local.cfn import shapes
from local.cfn.http_api import APIS, HttpApi
from local.cfn.resources import Made, Request, ignoring_missing, replace_on, resource_type
from local.cfn.template import Json

_FUNCTION = re.compile(r"functions/(arn:[^/]+)/invocations")
_METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "x-amazon-apigateway-any-method"}


@resource_type("AWS::ApiGatewayV2::Api")
class Api:
    """An HTTP API; WebSocket APIs are not served here and refused."""

    def create(self, request: Request) -> Made:
        """Create it, with the routes of its body."""
        body = request.properties.get("Body") or {}
        name = request.properties.get("Name") or body.get("info", {}).get("title") or request.stack
        if request.properties.get("ProtocolType", "HTTP") != "HTTP":
            raise shapes.PropertyError("Properties/ProtocolType: the local cloud serves HTTP APIs only")
        api = request.client("apigatewayv2").create_api(Name=name, ProtocolType="HTTP")
        APIS[api["ApiId"]] = _of_body(str(name), body, request)
        endpoint = settings.current().http_api_endpoint(api["ApiId"])
        return Made(api["ApiId"], {"ApiId": api["ApiId"], "ApiEndpoint": endpoint})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Take over the routes of the new body; routes of their own resources stay."""
        replace_on(request, before, "ProtocolType")
        body = request.properties.get("Body") or {}
        old = APIS[made.physical_id]
        new = _of_body(str(request.properties.get("Name", old.name)), body, request)
        from_body = routes_of(before.get("Body") or {}).keys()
        own = {key: arn for key, arn in old.routes.items() if key not in from_body}
        new.routes.update(own)
        new.payload_version.update({key: old.payload_version[key] for key in own})
        new.stages = old.stages
        APIS[made.physical_id] = new
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        APIS.pop(made.physical_id, None)
        ignoring_missing(request.client("apigatewayv2").delete_api, ApiId=made.physical_id)


def _of_body(name: str, body: Json, request: Request) -> HttpApi:
    routes = routes_of(body)
    cors = request.properties.get("CorsConfiguration") or body.get("x-amazon-apigateway-cors")
    return HttpApi(
        name=name,
        routes={key: arn for key, (arn, _) in routes.items()},
        payload_version={key: version for key, (_, version) in routes.items()},
        cors=cors,
    )


def routes_of(body: Json) -> dict[tuple[str, str], tuple[str, str]]:
    """The Lambda integrations of an OpenAPI document: function and payload version by method and path."""
    found = {}
    for path, methods in (body.get("paths") or {}).items():
        for method, described in methods.items():
            integration = described.get("x-amazon-apigateway-integration") if method in _METHODS else None
            if integration:
                verb = "ANY" if method.startswith("x-") else method.upper()
                where = path.lstrip("/") if path.endswith("$default") else path
                arn = function_of(integration["uri"])
                found[verb, where] = (arn, str(integration.get("payloadFormatVersion", "2.0")))
    return found


def function_of(uri: str) -> str:
    """The function's ARN in an integration's URI, which may also be the ARN itself.

    Raises:
        PropertyError: The URI is not that of a Lambda function.
    """
    match = _FUNCTION.search(uri)
    if match:
        return match[1]
    if uri.startswith("arn:") and ":function:" in uri:
        return uri
    raise shapes.PropertyError(f"The local cloud serves Lambda integrations only, not {uri}")


@resource_type("AWS::ApiGatewayV2::Stage")
class Stage:
    """A stage of an API."""

    def create(self, request: Request) -> Made:
        """Add it."""
        name, api = request.properties["StageName"], request.properties["ApiId"]
        plain = request.without("AccessLogSettings", "Tags", "DeploymentId")
        arguments = shapes.arguments("apigatewayv2", "create_stage", plain)
        request.client("apigatewayv2").create_stage(**arguments)
        APIS[api].stages[name] = request.without("ApiId", "StageName")
        return Made(name)

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Change its settings."""
        replace_on(request, before, "ApiId", "StageName")
        APIS[request.properties["ApiId"]].stages[made.physical_id] = request.without("ApiId", "StageName")
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Remove it."""
        api = request.properties["ApiId"]
        if api in APIS:
            APIS[api].stages.pop(made.physical_id, None)
        ignoring_missing(request.client("apigatewayv2").delete_stage, ApiId=api, StageName=made.physical_id)


_INTEGRATIONS: dict[str, tuple[str, str]] = {}
"""Function and payload version by integration id."""


@resource_type("AWS::ApiGatewayV2::Integration")
class Integration:
    """An integration: it gives routes their function."""

    def create(self, request: Request) -> Made:
        """Create it."""
        arguments = shapes.arguments("apigatewayv2", "create_integration", request.properties)
        identifier = request.client("apigatewayv2").create_integration(**arguments)["IntegrationId"]
        self._remember(request, identifier)
        return Made(identifier, {"IntegrationId": identifier})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Take over what changed, for routes that are made from now on."""
        replace_on(request, before, "ApiId", "IntegrationUri", "PayloadFormatVersion")
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Delete it."""
        _INTEGRATIONS.pop(made.physical_id, None)
        delete, api = request.client("apigatewayv2").delete_integration, request.properties["ApiId"]
        ignoring_missing(delete, ApiId=api, IntegrationId=made.physical_id)

    def _remember(self, request: Request, identifier: str) -> None:
        version = str(request.properties.get("PayloadFormatVersion", "1.0"))
        _INTEGRATIONS[identifier] = (function_of(request.properties["IntegrationUri"]), version)


@resource_type("AWS::ApiGatewayV2::Route")
class Route:
    """A route to an integration."""

    def create(self, request: Request) -> Made:
        """Add it to its API."""
        arguments = shapes.arguments("apigatewayv2", "create_route", request.properties)
        identifier = request.client("apigatewayv2").create_route(**arguments)["RouteId"]
        self._aim(request)
        return Made(identifier, {"RouteId": identifier})

    def update(self, request: Request, made: Made, before: dict[str, Json]) -> Made:
        """Point it elsewhere; another key is another route."""
        replace_on(request, before, "ApiId", "RouteKey")
        self._aim(request)
        return made

    def delete(self, request: Request, made: Made) -> None:
        """Remove it."""
        api, key = request.properties["ApiId"], _route_key(request)
        if api in APIS:
            APIS[api].routes.pop(key, None)
            APIS[api].payload_version.pop(key, None)
        ignoring_missing(request.client("apigatewayv2").delete_route, ApiId=api, RouteId=made.physical_id)

    def _aim(self, request: Request) -> None:
        key, api = _route_key(request), APIS[request.properties["ApiId"]]
        function, version = _INTEGRATIONS[request.properties["Target"].removeprefix("integrations/")]
        api.routes[key], api.payload_version[key] = function, version


def _route_key(request: Request) -> tuple[str, str]:
    method, _, path = request.properties["RouteKey"].rpartition(" ")
    return (method or "ANY", path)
