"""An HTTP request as the event of payload format 2.0.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from local import settings
from local.api.definition import DEFAULT_ROUTE
from local.api.routing import Match

LARGEST_BODY = 10 * 1024 * 1024
# Every other type reaches the function in base64, forms included.
TEXT_TYPES = ("text/", "application/json", "application/javascript", "application/xml")


@dataclass(frozen=True)
class Request:
    """What a client has sent.

    Attributes:
        method: HTTP method.
        path: Path after the API's base and stage, as sent.
        query: Query string, as sent.
        headers: Lower-case names; repeated headers joined by commas.
        body: The bytes of the body.
        source_ip: Where it came from.
        protocol: `HTTP/1.1`.
        request_id: Given here.
        received_at: Seconds since the epoch.
    """

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    source_ip: str
    protocol: str = "HTTP/1.1"
    request_id: str = field(default_factory=lambda: base64.b64encode(uuid.uuid4().bytes)[:15].decode() + "=")
    received_at: float = field(default_factory=time.time)


def read(environ: dict[str, Any], path: str) -> Request:
    """The request in a WSGI environment.

    Args:
        environ: The environment.
        path: What of its path comes after the API's base.
    """
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_") or (name in {"CONTENT_TYPE", "CONTENT_LENGTH"} and value)
    }
    source_ip = environ.get("REMOTE_ADDR", "127.0.0.1")
    headers["x-forwarded-for"] = ", ".join(filter(None, [headers.get("x-forwarded-for"), source_ip]))
    headers["x-forwarded-proto"] = "http"
    headers["x-forwarded-port"] = str(environ.get("SERVER_PORT", ""))
    headers["x-amzn-trace-id"] = f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]}"
    length = int(environ.get("CONTENT_LENGTH") or 0)
    body = environ["wsgi.input"].read(length) if length else b""
    return Request(
        method=environ["REQUEST_METHOD"],
        path=path,
        query=environ.get("QUERY_STRING", ""),
        headers=headers,
        body=body,
        source_ip=source_ip,
        protocol=environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
    )


def event_of(
    request: Request, match: Match, api_id: str, stage: str, stage_variables: Any = None
) -> dict[str, Any]:
    """The event that the route's function gets."""
    place = settings.current()
    path = request.path if stage == DEFAULT_ROUTE else f"/{stage}{request.path}"
    headers = dict(request.headers)
    cookies = [cookie.strip() for cookie in headers.pop("cookie", "").split(";") if cookie.strip()]
    moment = datetime.fromtimestamp(request.received_at, UTC)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.route.key,
        "rawPath": path,
        "rawQueryString": request.query,
        "headers": headers,
        "requestContext": {
            "accountId": place.account,
            "apiId": api_id,
            "domainName": f"{api_id}.execute-api.{place.region}.amazonaws.com",
            "domainPrefix": api_id,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.protocol,
                "sourceIp": request.source_ip,
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": request.request_id,
            "routeKey": match.route.key,
            "stage": stage,
            "time": moment.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(request.received_at * 1000),
        },
        "isBase64Encoded": False,
    }
    optional = {
        "cookies": cookies,
        "queryStringParameters": _joined(parse_qsl(request.query, keep_blank_values=True)),
        "pathParameters": match.path_parameters,
        "stageVariables": stage_variables,
    }
    event |= {name: value for name, value in optional.items() if value}
    return event | _body(request)


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(request: Request) -> dict[str, Any]:
    if not request.body:
        return {}
    kind = request.headers.get("content-type", "").strip().lower()
    if kind.startswith(TEXT_TYPES) and "content-encoding" not in request.headers:
        try:
            return {"body": request.body.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}
