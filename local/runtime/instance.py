"""One warm or cold execution environment, seen from the server."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from local.runtime import environment, frames

if TYPE_CHECKING:
    from local.runtime.environment import Deployed
    from local.runtime.forks import ForkServer
    from local.runtime.sessions import Session

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html: Init may take ten seconds.
INIT_LIMIT_S = 10.0
LONGEST_LOG = 1 << 20


@dataclass(frozen=True)
class Ended:
    """How one invocation ended.

    Attributes:
        how: `returned` and `raised` carry a payload; after `timed_out` and `exited` the environment is gone.
        payload: JSON that the handler returned or that describes its exception.
        log: What was printed meanwhile.
        seconds: How long the handler ran.
        init_seconds: How long loading it took, when this was a cold start.
        exit_code: Of an environment that exited; negative for a signal.
    """

    how: Literal["returned", "raised", "timed_out", "exited"]
    payload: bytes
    log: str
    seconds: float
    init_seconds: float | None = None
    exit_code: int | None = None


class Instance:
    """A forked environment of one function. It handles one event at a time."""

    def __init__(self, function: Deployed, session: Session, endpoint: str, forks: ForkServer) -> None:
        self.function = function
        self.log_stream = environment.log_stream_name(function.version)
        self.used_at = time.monotonic()
        self.usable = True
        self._forks = forks
        self._initialised = False
        self._log = tempfile.TemporaryFile(prefix="tidegate-log-")  # noqa: SIM115 - lives as long as this
        self._log_read = 0
        self._connection, theirs = socket.socketpair()
        variables = environment.variables_of(function, self.log_stream, session, endpoint)
        request = {
            "environment": variables,
            "handler": function.handler,
            "task_root": str(function.code),
            "paths": environment.search_path(function.code, function.layers, variables),
            "layers": [str(layer) for layer in function.layers],
        }
        started = time.perf_counter()
        with theirs:
            self.pid = forks.fork(request, theirs, self._log.fileno())
        self._fork_seconds = time.perf_counter() - started

    def invoke(self, meta: dict[str, Any], payload: bytes) -> Ended:
        """Hand over one event and wait for its end, at most for the function's timeout."""
        began = time.perf_counter()
        timeout = float(self.function.timeout_s)
        init_seconds = None
        try:
            frames.send(self._connection, {**meta, "deadline": time.time() + timeout}, payload)
            if not self._initialised:
                self._connection.settimeout(INIT_LIMIT_S + timeout)
                answer, result = frames.receive(self._connection)
                init_seconds = time.perf_counter() - began + self._fork_seconds
                if answer.get("finished"):  # the handler could not be loaded
                    self.close()
                    return Ended("raised", result, self._read_log(), 0.0, init_seconds)
                self._initialised = True
                began = time.perf_counter()
            self._connection.settimeout(timeout)
            answer, result = frames.receive(self._connection)
        except TimeoutError:
            self.close()
            return Ended("timed_out", b"", self._read_log(), timeout, init_seconds)
        except (frames.ConnectionClosedError, OSError):
            return self._exited(time.perf_counter() - began, init_seconds)
        self.used_at = time.monotonic()
        how: Literal["raised", "returned"] = "raised" if answer["error"] else "returned"
        return Ended(how, result, self._read_log(), time.perf_counter() - began, init_seconds)

    def close(self) -> None:
        """End the environment and whatever it has started; a second time does nothing."""
        if self.usable:
            for end in (os.killpg, os.kill):
                with contextlib.suppress(OSError):
                    end(self.pid, signal.SIGKILL)
        self._forget()

    def _forget(self) -> None:
        """The environment is gone; its process id may soon be another's."""
        self.usable = False
        self._connection.close()

    def _exited(self, seconds: float, init_seconds: float | None) -> Ended:
        exit_code = self._forks.exit_code_of(self.pid)
        if exit_code is None:
            self.close()
        self._forget()
        return Ended("exited", b"", self._read_log(), seconds, init_seconds, exit_code)

    def _read_log(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        text = os.pread(self._log.fileno(), min(size - self._log_read, LONGEST_LOG), self._log_read)
        self._log_read = size
        if size > LONGEST_LOG and self.usable:
            # Everything has been read and the environment is idle, so nothing is lost. Both sides share
            # one file offset, so the worker goes on writing at the beginning.
            os.ftruncate(self._log.fileno(), 0)
            os.lseek(self._log.fileno(), 0, os.SEEK_SET)
            self._log_read = 0
        return text.decode("utf-8", "backslashreplace")


def new_request_meta(function_arn: str, request_id: str, client_context: Any = None) -> dict[str, Any]:
    """What a worker needs to know about one invocation besides its event."""
    trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
    return {
        "request_id": request_id,
        "function_arn": function_arn,
        "trace_id": trace,
        "client_context": client_context,
    }
