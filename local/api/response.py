"""A function's answer as an HTTP response.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html, the
part on the response format 2.0: without a status code the answer is itself the body, as JSON.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

# Hop-by-hop headers and those that the front sets itself.
OURS = frozenset(
    {"connection", "transfer-encoding", "content-length", "keep-alive", "upgrade", "date", "server"}
)


class BadAnswerError(ValueError):
    """The function's answer has not the documented form, which a client sees as a 500."""


@dataclass(frozen=True)
class Response:
    """What the client gets."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""

    @property
    def status_line(self) -> str:
        """Status code and phrase."""
        try:
            return f"{self.status} {HTTPStatus(self.status).phrase}"
        except ValueError:
            return f"{self.status} Unknown"


def message(status: int, text: str) -> Response:
    """A response of API Gateway itself."""
    return Response(status, [("content-type", "application/json")], json.dumps({"message": text}).encode())


def from_payload(payload: bytes) -> Response:
    """The response that a function's result stands for.

    Raises:
        BadAnswerError: It has a status code, but not the documented form.
    """
    answer = json.loads(payload)
    if not isinstance(answer, dict) or "statusCode" not in answer:
        body = payload if not isinstance(answer, str) else answer.encode()
        return Response(200, [("content-type", "application/json")], body)
    status = _status(answer["statusCode"])
    headers = [
        (name.lower(), _text(value))
        for name, value in (answer.get("headers") or {}).items()
        if name.lower() not in OURS
    ]
    headers += [("set-cookie", str(cookie)) for cookie in answer.get("cookies") or []]
    if not any(name == "content-type" for name, _ in headers):
        headers.append(("content-type", "text/plain; charset=utf-8"))
    return Response(status, headers, _body(answer))


def _status(value: Any) -> int:
    try:
        status = int(value)
    except (TypeError, ValueError) as error:
        raise BadAnswerError(f"statusCode is {value!r}") from error
    if not 100 <= status <= 599:
        raise BadAnswerError(f"statusCode is {value!r}")
    return status


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | dict):
        raise BadAnswerError(f"a header is {value!r}")
    return str(value).replace("\r", "").replace("\n", "")


def _body(answer: dict[str, Any]) -> bytes:
    body = answer.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise BadAnswerError("body is not a string")
    if answer.get("isBase64Encoded") is not True:
        return body.encode()
    try:
        return base64.b64decode(body)
    except binascii.Error as error:
        raise BadAnswerError("body is not base64") from error
