"""One execution environment: runs in a forked process, loads the handler, answers one event at a time.

Imitates the Lambda runtime interface client for Python:
https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html (handler, context, what is returned),
https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html (the error object) and
https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html (what the root logger writes).
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
import time
import traceback
from dataclasses import dataclass
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from local.runtime import frames

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import TracebackType

Handler = "Callable[[Any, Context], Any]"


@dataclass
class Context:
    """The second argument of a handler: https://docs.aws.amazon.com/lambda/latest/dg/python-context.html."""

    aws_request_id: str
    invoked_function_arn: str
    deadline: float
    client_context: Any = None

    def __post_init__(self) -> None:
        environment = os.environ
        self.function_name = environment["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = environment["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = environment["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = environment["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.tenant_id = None

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds left before Lambda ends the invocation."""
        return max(0, int((self.deadline - time.time()) * 1000))


class RuntimeFailure(Exception):
    """What the runtime itself reports, with one of AWS's error types."""

    def __init__(self, error_type: str, message: str, stack_trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.stack_trace = stack_trace or []


class RequestIdFilter(logging.Filter):
    """Puts the request id of the running invocation into every log record."""

    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let everything pass, marked."""
        record.aws_request_id = self.request_id
        return True


def serve(connection: socket.socket, handler_name: str) -> None:
    """Answer events until the server closes the connection."""
    marker = _configure_logging()
    handler: Callable[[Any, Context], Any] | None = None
    while True:
        try:
            meta, payload = frames.receive(connection)
        except (frames.ConnectionClosedError, OSError):
            return
        marker.request_id = meta["request_id"]
        os.environ["_X_AMZN_TRACE_ID"] = meta["trace_id"]
        context = Context(
            meta["request_id"], meta["function_arn"], meta["deadline"], _as_object(meta.get("client_context"))
        )
        began = time.perf_counter()
        try:
            if handler is None:
                handler = load_handler(handler_name)
                context.deadline += time.perf_counter() - began  # the timeout does not cover the Init phase
                frames.send(connection, {"initialised": True})
            answer, result = {"error": False}, _run(handler, payload, context)
        except Exception as error:  # noqa: BLE001 - whatever a handler raises is its answer
            answer, result = {"error": True}, _describe(error, context.aws_request_id)
        sys.stdout.flush()
        sys.stderr.flush()
        frames.send(connection, {**answer, "finished": True, "loaded": handler is not None}, result)


def load_handler(name: str) -> Callable[[Any, Context], Any]:
    """Import `module.function` as Lambda does, with slashes for folders.

    Raises:
        RuntimeFailure: With the error type that Lambda reports for it.
    """
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise RuntimeFailure(
            "Runtime.MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack"
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        message = f"Unable to import module '{module_name}': {error}"
        raise RuntimeFailure("Runtime.ImportModuleError", message) from error
    except SyntaxError as error:
        lines = [f'  File "{error.filename}" Line {error.lineno}\n    {(error.text or "").strip()}\n']
        message = f"Syntax error in module '{module_name}': {error}"
        raise RuntimeFailure("Runtime.UserCodeSyntaxError", message, lines) from error
    handler = getattr(module, function_name, None)
    if handler is None:
        message = f"Handler '{function_name}' missing on module '{module_name}'"
        raise RuntimeFailure("Runtime.HandlerNotFound", message)
    return handler  # type: ignore[no-any-return]


def _run(handler: Callable[[Any, Context], Any], payload: bytes, context: Context) -> bytes:
    try:
        event = json.loads(payload or b"{}")
    except ValueError as error:
        raise RuntimeFailure("Runtime.UnmarshalError", f"Unable to unmarshal input: {error}") from error
    result = handler(event, context)
    try:
        return json.dumps(result, default=_encode_decimal).encode()
    except (TypeError, ValueError) as error:
        raise RuntimeFailure("Runtime.MarshalError", f"Unable to marshal response: {error}") from error


def _encode_decimal(value: object) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _describe(error: Exception, request_id: str) -> bytes:
    if isinstance(error, RuntimeFailure):
        kind, trace = error.error_type, error.stack_trace
    else:
        kind, trace = type(error).__name__, _frames_of_the_function(error.__traceback__)
    body = {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}
    lines = f"[ERROR] {kind}: {error}\n" + (
        "Traceback (most recent call last):\n" + "".join(trace) if trace else ""
    )
    print(lines.rstrip())
    return json.dumps(body).encode()


def _frames_of_the_function(trace: TracebackType | None) -> list[str]:
    ours = {__file__}
    entries = [entry for entry in traceback.extract_tb(trace) if entry.filename not in ours]
    return traceback.format_list(entries)


def _as_object(client_context: dict[str, Any] | None) -> Any:
    return SimpleNamespace(**client_context) if client_context else None


def _configure_logging() -> RequestIdFilter:
    marker = RequestIdFilter()
    output = logging.StreamHandler(sys.stdout)
    output.addFilter(marker)
    layout = "[%(levelname)s]\t%(asctime)s.%(msecs)dZ\t%(aws_request_id)s\t%(message)s"
    formatter = logging.Formatter(layout, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    output.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [output]
    root.setLevel(logging.WARNING)
    return marker
