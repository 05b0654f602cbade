"""A request to the status pages, read from the event of the HTTP API (payload format 2.0), and its answer.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

MOST_PARAMETERS = 20


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for.

    Attributes:
        parts: The path without the stage, split at its slashes and decoded; empty parts are left out.
        depth: How many folders lie between the path and the root, as a browser counts them.
        query: Of a parameter that is sent twice the first counts.
    """

    method: str
    parts: tuple[str, ...]
    depth: int
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    @property
    def secure(self) -> bool:
        """Whether it came by https; an HTTP API of AWS takes nothing else."""
        return self.headers.get("x-forwarded-proto", "https") != "http"

    @property
    def root(self) -> str:
        """The relative address of the root. Links are relative: the API may live under a path."""
        return "../" * self.depth or "./"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back."""

    status: int
    body: str
    headers: Mapping[str, str]
    cookies: Sequence[str] = ()

    def to_api(self) -> dict[str, Any]:
        """The response as the HTTP API takes it."""
        return {
            "statusCode": self.status,
            "headers": dict(self.headers),
            "cookies": list(self.cookies),
            "body": self.body,
            "isBase64Encoded": False,
        }


def request_of(event: Mapping[str, Any]) -> Request:
    """Read an event; whatever is missing or cannot be read is empty."""
    context = event.get("requestContext") or {}
    path = str(event.get("rawPath") or "/")
    stage = str(context.get("stage") or "$default")
    if stage != "$default":
        path = path.removeprefix(f"/{stage}")
    pairs = parse_qsl(str(event.get("rawQueryString") or ""), keep_blank_values=True)
    query: dict[str, str] = {}
    for name, value in pairs[:MOST_PARAMETERS]:
        query.setdefault(name, value)
    return Request(
        method=str((context.get("http") or {}).get("method") or "GET"),
        parts=tuple(unquote(part) for part in path.split("/") if part),
        depth=max(0, path.count("/") - 1),
        query=query,
        headers={str(name).lower(): str(value) for name, value in (event.get("headers") or {}).items()},
        cookies=_cookies(event.get("cookies") or ()),
        body=_body(event),
    )


def _cookies(sent: Sequence[str]) -> dict[str, str]:
    pairs = (str(cookie).partition("=") for cookie in sent)
    return {name.strip(): value for name, _, value in pairs}


def _body(event: Mapping[str, Any]) -> str:
    body = str(event.get("body") or "")
    if not event.get("isBase64Encoded"):
        return body
    try:
        return base64.b64decode(body).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
