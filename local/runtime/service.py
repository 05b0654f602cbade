"""The Lambda service: runs a function for one event and says how it ended, in AWS's words."""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local import calls, faults, origins
from local.runtime import errors, instance, logs

if TYPE_CHECKING:
    from moto.awslambda.models import LambdaFunction

    from local.faults import Fault
    from local.runtime.code import CodeStore
    from local.runtime.environment import Deployed
    from local.runtime.instance import Ended
    from local.runtime.logs import LogWriter
    from local.runtime.pool import Pool

log = logging.getLogger(__name__)

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 6 MB in and out when somebody
# waits for the answer, 1 MB when nobody does.
SYNCHRONOUS_LIMIT = 6_291_456
ASYNCHRONOUS_LIMIT = 1_048_576
TOO_LARGE = {
    "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    "errorType": "Function.ResponseSizeTooLarge",
}


@dataclass(frozen=True)
class Result:
    """The answer to one invocation.

    Attributes:
        payload: JSON, what the handler returned or an error object.
        function_error: `Unhandled` when the function failed, as in the X-Amz-Function-Error header.
        log: The invocation's whole log.
        version: The version that ran.
        request_id: Of the invocation.
    """

    payload: bytes
    function_error: str | None
    log: str
    version: str
    request_id: str


class LambdaService:
    """Runs functions in the environments of a pool."""

    def __init__(self, pool: Pool, code: CodeStore, writer: LogWriter) -> None:
        self._pool = pool
        self._code = code
        self._writer = writer

    def run(
        self,
        function: LambdaFunction,
        payload: bytes,
        *,
        request_id: str | None = None,
        client_context: Any = None,
        limit: int = SYNCHRONOUS_LIMIT,
    ) -> Result:
        """Run the function for one event, and wait for it.

        Raises:
            errors.RefusedError: The event is too large, or the function's reserved concurrency is used up.
        """
        if len(payload) > limit:
            kind = "RequestResponse" if limit == SYNCHRONOUS_LIMIT else "Event"
            raise errors.too_large(len(payload), kind, limit)
        reserved = function.reserved_concurrency
        if reserved is not None and self._pool.busy(function.function_arn) >= int(reserved):
            raise errors.too_many_requests()
        deployed = self._code.deployed(function)
        request_id = request_id or str(uuid.uuid4())
        meta = instance.new_request_meta(function.function_arn, request_id, client_context)
        fault = faults.for_invocation(deployed.name, origins.of_invocation(meta["trace_id"], payload))
        if fault is None:
            return self._run_once(deployed, meta, payload)
        return self._run_with(fault, deployed, meta, payload)

    def _run_with(self, fault: Fault, deployed: Deployed, meta: dict[str, Any], payload: bytes) -> Result:
        """Run the function and let it meet its fault, before or after it has run."""
        fails = fault.kind not in {"invoke_twice", "pause"}
        if fault.before and fails:
            return self._failed_by(fault.kind, deployed, meta["request_id"])
        if fault.kind == "invoke_twice":
            self._run_once(deployed, meta, payload)
        if fault.kind == "pause" and fault.before:
            faults.pause(fault)
        result = self._run_once(deployed, meta, payload)
        if fault.kind == "pause" and not fault.before:
            faults.pause(fault)
        return self._failed_by(fault.kind, deployed, meta["request_id"]) if fails else result

    def _run_once(self, deployed: Deployed, meta: dict[str, Any], payload: bytes) -> Result:
        with self._pool.instance(deployed) as environment:
            ended = environment.invoke(meta, payload)
        calls.count_invocation(deployed.name, ended.seconds, cold=ended.init_seconds is not None)
        return self._result(deployed, meta["request_id"], environment.log_stream, ended)

    def _result(self, deployed: Deployed, request_id: str, stream: str, ended: Ended) -> Result:
        body, failure = _failure_of(deployed, request_id, ended)
        payload = ended.payload if body is None else json.dumps(body).encode()
        failed = ended.how != "returned"
        if not failed and len(payload) > SYNCHRONOUS_LIMIT:
            payload, failed = json.dumps(TOO_LARGE).encode(), True
        text = logs.text_of(deployed, request_id, ended, failure)
        self._writer.write(deployed, stream, text)
        return Result(payload, "Unhandled" if failed else None, text, deployed.version, request_id)

    def _failed_by(self, kind: str, deployed: Deployed, request_id: str) -> Result:
        how = "timed_out" if kind == "function_timeout" else "exited"
        ended = instance.Ended(how, b"", "", float(deployed.timeout_s), exit_code=-9)  # type: ignore[arg-type]
        return self._result(deployed, request_id, "fault", ended)


def _failure_of(
    deployed: Deployed, request_id: str, ended: Ended
) -> tuple[dict[str, str] | None, str | None]:
    """The error object and the log line of an invocation whose environment did not survive.

    The error types are those of https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
    and of https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html.
    """
    if ended.how == "timed_out":
        sentence = f"Task timed out after {deployed.timeout_s:.2f} seconds"
        kind = "Sandbox.Timedout"
    elif ended.how == "exited":
        sentence = f"Runtime exited {_reason(ended.exit_code)}"
        kind = "Runtime.ExitError"
    else:
        return None, None
    message = f"RequestId: {request_id} Error: {sentence}"
    return {"errorType": kind, "errorMessage": message}, message


def _reason(exit_code: int | None) -> str:
    if exit_code is None or exit_code == 0:
        return "without providing a reason"
    if exit_code < 0:
        import signal

        name = signal.Signals(-exit_code).name.removeprefix("SIG").lower()
        return f"with error: signal: {'killed' if name == 'kill' else name}"
    return f"with error: exit status {exit_code}"
