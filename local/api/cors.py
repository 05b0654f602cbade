"""Cross-origin requests, when an HTTP API has a CORS configuration.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html: API Gateway answers the
preflight itself, without any route, and its headers replace those of the function.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local.api.request import Request
from local.api.response import Response


def preflight(cors: Mapping[str, Any] | None, request: Request) -> Response | None:
    """The answer to a preflight request, or None if it is none or there is no configuration."""
    if not cors or request.method != "OPTIONS" or "origin" not in request.headers:
        return None
    headers = _origin(cors, request)
    if headers:
        headers += _listed("access-control-allow-methods", cors.get("AllowMethods"))
        headers += _listed("access-control-allow-headers", cors.get("AllowHeaders"))
        if cors.get("MaxAge") is not None:
            headers.append(("access-control-max-age", str(cors["MaxAge"])))
    return Response(204, headers)


def with_headers(cors: Mapping[str, Any] | None, request: Request, response: Response) -> Response:
    """The response with the configured headers instead of the function's own."""
    if not cors or "origin" not in request.headers:
        return response
    kept = [(name, value) for name, value in response.headers if not name.startswith("access-control-")]
    ours = _origin(cors, request)
    if ours:
        ours += _listed("access-control-expose-headers", cors.get("ExposeHeaders"))
    return Response(response.status, kept + ours, response.body)


def _origin(cors: Mapping[str, Any], request: Request) -> list[tuple[str, str]]:
    origin, allowed = request.headers["origin"], cors.get("AllowOrigins") or []
    if "*" not in allowed and origin not in allowed:
        return []
    headers = [("access-control-allow-origin", "*" if "*" in allowed else origin)]
    if cors.get("AllowCredentials"):
        headers.append(("access-control-allow-credentials", "true"))
    return headers


def _listed(name: str, values: list[str] | None) -> list[tuple[str, str]]:
    return [(name, ",".join(values))] if values else []
