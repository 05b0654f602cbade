"""The WSGI application in front of all HTTP APIs: /_aws/execute-api/<api id>/<path>."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from urllib.parse import quote

from local import authorizations, permissions, settings
from local.api import cors, definition, request, response, routing
from local.api.definition import DEFAULT_ROUTE, Definition
from local.api.request import Request
from local.api.response import Response
from local.api.routing import Match
from local.api.throttle import Throttle
from local.front import StartResponse
from local.listener import Environ
from local.runtime import running
from local.runtime.errors import RefusedError

log = logging.getLogger(__name__)

BASE = "/_aws/execute-api/"
PRINCIPAL = "apigateway.amazonaws.com"
TIMED_OUT = "Sandbox.Timedout"


class HttpApis:
    """Serves the HTTP APIs of the local cloud."""

    def __init__(self) -> None:
        self._throttle = Throttle()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        raw = environ.get("REQUEST_URI") or quote(environ["PATH_INFO"])
        path = raw.partition("?")[0]
        api_id, _, rest = path[path.index(BASE) + len(BASE) :].partition("/")
        sent = request.read(environ, f"/{rest}")
        answer = self._answer(api_id, sent)
        headers = [*answer.headers, ("apigw-requestid", sent.request_id)]
        body = b"" if sent.method == "HEAD" else answer.body
        if answer.status != 204:
            headers.append(("content-length", str(len(answer.body))))
        start_response(answer.status_line, _inside_the_base(headers, api_id))
        return [body]

    def _answer(self, api_id: str, sent: Request) -> Response:
        api = definition.find(api_id)
        if api is None:
            return response.message(404, "Not Found")
        if len(sent.body) > request.LARGEST_BODY:
            return response.message(413, "Request Entity Too Large")
        stage, sent = _stage_of(api, sent)
        if stage is None:
            return response.message(404, "Not Found")
        if (answer := cors.preflight(api.cors, sent)) is not None:
            return answer
        match = routing.choose(api.routes, sent.method, sent.path)
        if match is None:
            return response.message(404, "Not Found")
        if not self._throttle.allows(api_id, stage, match.route.key, api.stages.get(stage) or {}):
            return response.message(429, "Too Many Requests")
        return cors.with_headers(api.cors, sent, _invoke(api, stage, match, sent))


def _stage_of(api: Definition, sent: Request) -> tuple[str | None, Request]:
    """The stage that serves a request: named by the first part of the path, or `$default`."""
    first, _, rest = sent.path.lstrip("/").partition("/")
    if first in api.stages and first != DEFAULT_ROUTE:
        return first, Request(**{**vars(sent), "path": f"/{rest}"})
    return (DEFAULT_ROUTE if DEFAULT_ROUTE in api.stages else None), sent


def _invoke(api: Definition, stage: str, match: Match, sent: Request) -> Response:
    place, route = settings.current(), match.route
    where = f"{sent.method}{sent.path}" if route.path != DEFAULT_ROUTE else DEFAULT_ROUTE
    source = f"arn:aws:execute-api:{place.region}:{place.account}:{api.api_id}/{stage}/{where}"
    if not _allowed(route.function_arn, source, match):
        log.warning("%s does not allow %s to invoke it for %s", route.function_arn, PRINCIPAL, source)
        return response.message(500, "Internal Server Error")
    variables = (api.stages.get(stage) or {}).get("StageVariables")
    event = request.event_of(sent, match, api.api_id, stage, variables)
    try:
        result = running.current().invoke(route.function_arn, json.dumps(event).encode())
    except RefusedError as error:
        log.warning("%s %s: %s", sent.method, sent.path, error)
        return response.message(503 if error.throttled else 500, _plain(503 if error.throttled else 500))
    if result.function_error:
        late = json.loads(result.payload).get("errorType") == TIMED_OUT
        return response.message(503 if late else 500, _plain(503 if late else 500))
    try:
        return response.from_payload(result.payload)
    except response.BadAnswerError as error:
        log.warning("%s answered %s %s wrongly: %s", route.function_arn, sent.method, sent.path, error)
        return response.message(500, "Internal Server Error")


def _allowed(function_arn: str, source: str, match: Match) -> bool:
    """Whether the function's policy names this request, or the route as it is written, as SAM does."""
    route = match.route
    prefix = "/".join(source.split("/")[:2])
    written = f"{prefix}/{DEFAULT_ROUTE if route.path == DEFAULT_ROUTE else route.method + route.path}"
    asked = {"FunctionName": function_arn, "SourceArn": written}
    authorizations.note(PRINCIPAL, "lambda", "Invoke", asked)
    return any(permissions.function_allows(function_arn, PRINCIPAL, one) for one in (source, written))


def _plain(status: int) -> str:
    return {500: "Internal Server Error", 503: "Service Unavailable"}[status]


def _inside_the_base(headers: list[tuple[str, str]], api_id: str) -> list[tuple[str, str]]:
    """Let a redirect to `/path` stay inside the API, whose root is a folder of this server."""
    base = f"{BASE}{api_id}"
    return [
        (name, base + value)
        if name == "location" and value.startswith("/") and not value.startswith(base)
        else (name, value)
        for name, value in headers
    ]
