"""The HTTP server: keep-alive connections, many threads, and a clear word when the port is taken."""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from cheroot import wsgi

log = logging.getLogger(__name__)

Environ = dict[str, Any]
App = Callable[[Environ, Any], Iterable[bytes]]

CLOSE_CONNECTION = "local.close_connection"
"""Key of a WSGI environ under which the server offers to close the connection without an answer."""

HOST = "127.0.0.1"
# A thread is held as long as its call runs, and calls wait for each other: a state machine's task for its
# function, the function for its own calls. With too few threads they would wait for each other for ever.
THREADS = 192
MOST_CONNECTIONS = 4096
KEEP_ALIVE_S = 3600


class PortInUseError(Exception):
    """Somebody else listens there."""


class _Gateway(wsgi.Gateway_10):
    """Offers the application to close the connection without an answer."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        """The WSGI environment of the request."""
        environ: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        environ[CLOSE_CONNECTION] = self._close
        return environ

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self.req.conn.socket.shutdown(socket.SHUT_RDWR)


class _Server(wsgi.Server):
    """Lets the next local cloud take the same port at once, whichever it was."""

    @classmethod
    def prepare_socket(cls, *arguments: Any, **named: Any) -> socket.socket:
        """A socket whose closed connections do not keep the port busy, whether the port is fixed or free."""
        made: socket.socket = super().prepare_socket(*arguments, **named)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return made


class Listener:
    """An HTTP server on 127.0.0.1, bound at once and serving after `start`."""

    def __init__(self, port: int) -> None:
        """Bind the port.

        Args:
            port: TCP port; 0 for one that is free.

        Raises:
            PortInUseError: Somebody else listens there.
        """
        self._server: Any = _Server(
            (HOST, port),
            None,
            numthreads=THREADS,
            request_queue_size=1024,
            timeout=KEEP_ALIVE_S,
            shutdown_timeout=1,
        )
        self._server.gateway = _Gateway
        self._server.keep_alive_conn_limit = MOST_CONNECTIONS
        setattr(self._server, "error_log", _log_error)  # noqa: B010 - it is there to be replaced
        try:
            self._server.prepare()
        except OSError as error:
            if error.errno == errno.EADDRINUSE or "in use" in str(error):
                raise PortInUseError(
                    f"Port {port} is already in use. Stop the local cloud that runs there with "
                    f"`python -m local down --port {port}`, or choose another port with --port."
                ) from error
            raise
        self.port: int = self._server.bind_addr[1]

    def start(self, app: App) -> None:
        """Begin to answer requests, in the background."""
        self._server.wsgi_app = app
        threading.Thread(target=self._server.serve, name="listener", daemon=True).start()

    def stop(self) -> None:
        """Answer no more requests."""
        self._server.stop()


def _log_error(message: str = "", level: int = logging.ERROR, traceback: bool = False) -> None:  # noqa: FBT001, FBT002
    log.log(level, message, exc_info=traceback)
