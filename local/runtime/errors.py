"""Refusals of the Lambda API: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html."""

from __future__ import annotations

import json


class RefusedError(Exception):
    """Lambda did not run the function at all.

    Attributes:
        status: HTTP status.
        code: AWS's error code.
        throttled: Whether an asynchronous event goes back to the queue instead of failing.
    """

    def __init__(self, status: int, code: str, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.throttled = status == 429
        self._reason = reason

    def body(self) -> bytes:
        """The response body."""
        body = {"Type": "User" if self.status < 500 else "Service", "message": str(self)}
        if self._reason:
            body["Reason"] = self._reason
        return json.dumps(body).encode()


def too_large(size: int, kind: str, limit: int) -> RefusedError:
    """The event is larger than Lambda takes."""
    message = f"{size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)"
    return RefusedError(413, "RequestTooLargeException", message)


def too_many_requests() -> RefusedError:
    """The function's reserved concurrency is used up."""
    reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
    return RefusedError(429, "TooManyRequestsException", "Rate Exceeded.", reason)
