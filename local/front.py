"""The front of the local cloud: sends each request to the world control, an HTTP API, or moto."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

from moto.moto_server.werkzeug_app import (
    DEFAULT_SERVICE_REGION,
    DomainDispatcherApplication,
    create_backend_app,
)

from local.listener import CLOSE_CONNECTION, App, Environ

log = logging.getLogger(__name__)

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class SilentTimeoutError(BaseException):
    """The service does not answer: the connection is to be closed without a response.

    Not an Exception, because everything between here and the place where it is raised catches those.
    """


class AwsApis:
    """moto's dispatcher, without what it computes anew for every request.

    moto looks for the backend of a host by trying two hundred patterns and listing its own folder each
    time, under one lock; the answer depends on the host only.
    """

    def __init__(self) -> None:
        self._dispatcher = DomainDispatcherApplication(create_backend_app)
        self._backend_for_host = lru_cache(maxsize=None)(self._dispatcher.get_backend_for_host)
        self._apps: dict[Any, App] = {}
        self._making = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one AWS API call."""
        path = environ["PATH_INFO"]
        if path.startswith("/moto-api"):
            backend: Any = "moto_api"
        else:
            host = self._dispatcher.infer_service_region_host(environ, path)
            if host is None:
                service, region = DEFAULT_SERVICE_REGION
                host = f"{service}.{region}.amazonaws.com"
            backend = self._backend_for_host(host)
        app = self._apps.get(backend)
        if app is None:
            with self._making:
                app = self._apps.setdefault(backend, create_backend_app(backend))
        return app(environ, start_response)


class Front:
    """The WSGI application of the whole local cloud."""

    def __init__(self, *, control: App, http_apis: App, aws_apis: App) -> None:
        self._control = control
        self._http_apis = http_apis
        self._aws_apis = aws_apis

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request of any kind."""
        path = environ["PATH_INFO"]
        if path.startswith("/_world/"):
            app = self._control
        elif path.startswith("/_aws/execute-api/"):
            app = self._http_apis
        elif path.startswith(("/_aws/", "/_world")):
            return answer(start_response, "404 Not Found", f"The local cloud has nothing at {path}")
        else:
            app = self._aws_apis
        try:
            return app(environ, start_response)
        except Exception as error:
            log.exception("%s could not be answered", path)
            return answer(start_response, "501 Not Implemented", f"The local cloud failed: {error!r}")
        except SilentTimeoutError:
            environ.get(CLOSE_CONNECTION, lambda: None)()
            start_response("504 Gateway Timeout", [("Content-Length", "0")])
            return []


def answer(start_response: StartResponse, status: str, message: str) -> Iterable[bytes]:
    """A plain answer of the local cloud itself."""
    body = json.dumps({"message": message}).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, headers)
    return [body]
