"""A person without a browser: opens the status pages as `tidegate open` does, and reads."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from typing import IO, Any

from local.sample import Place


@dataclass(frozen=True)
class Page:
    """What came back."""

    status: int
    headers: Message
    body: str


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other."""

    def redirect_request(self, *_: Any) -> None:
        """Follow nothing."""


def address_of(place: Place, by: str = "ada@example.com") -> str:
    """A one-time link, from the function that gives them."""
    answer = place.client("lambda").invoke(
        FunctionName="tidegate-open_session", Payload=json.dumps({"by": by}).encode()
    )
    found = json.loads(answer["Payload"].read())
    if "url" not in found:
        raise RuntimeError(f"tidegate-open_session gave no link: {found}")
    return str(found["url"])


class Visitor:
    """Has a session at the status pages of a local cloud."""

    def __init__(self, place: Place) -> None:
        link = address_of(place)
        self.base = link.partition("/status/open/")[0]
        answer = _send(link, b"")
        if answer.status != 303:
            raise RuntimeError(f"The link opened nothing: {answer.status} {answer.body}")
        self._cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]

    def read(self, path: str, method: str = "GET") -> Page:
        """One page, or with `HEAD` what is said of it."""
        return _send(f"{self.base}/{path}", None, {"Cookie": self._cookie}, method)


def read(address: str) -> Page:
    """A page that asks for no session."""
    return _send(address, None)


def _send(
    address: str, body: bytes | None, headers: dict[str, str] | None = None, method: str | None = None
) -> Page:
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
    every = {**kind, **(headers or {})}
    request = urllib.request.Request(address, data=body, headers=every, method=method)  # noqa: S310
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=30) as answer:
            return _page(answer.status, answer.headers, answer)
    except urllib.error.HTTPError as error:
        with error:
            return _page(error.code, error.headers, error)


def _page(status: int, headers: Message, body: IO[bytes]) -> Page:
    return Page(status, headers, body.read().decode())
