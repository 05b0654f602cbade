"""HTTP requests for smoke and integration checks, with the urllib3 that comes with botocore."""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError

from tidegate.ports import Http, HttpAnswer

_REDIRECTS = 3
_BODY = 64 * 1024
_CHUNK = 8 * 1024
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_METADATA = frozenset({ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("fd00:ec2::23")})
"""Addresses of instance metadata and of task credentials that are not link-local.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
"""


class UrllibHttp(Http):
    """Follows three redirects at most, and never reaches for the credentials of the machine it runs on."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager(num_pools=4, retries=False)

    def request(self, method: str, url: str, headers: Mapping[str, str], timeout_s: float) -> HttpAnswer:
        start = time.monotonic()
        try:
            status, body = self._follow(method, url, dict(headers), start + timeout_s)
        except _RefusedError as refused:
            return HttpAnswer(None, "", _since(start), str(refused))
        except (HTTPError, OSError, ValueError) as error:
            return HttpAnswer(None, "", _since(start), f"{type(error).__name__}: {error}")
        return HttpAnswer(status, body, _since(start))

    def _follow(self, method: str, url: str, headers: dict[str, str], deadline: float) -> tuple[int, str]:
        for _ in range(_REDIRECTS + 1):
            _check(url)
            answer = self._send(method, url, headers, deadline)
            location = answer.headers.get("Location") if 300 <= answer.status < 400 else None
            if location is None:
                return answer.status, _body(answer, deadline)
            answer.release_conn()
            following = urljoin(url, location)
            if urlsplit(following).netloc != urlsplit(url).netloc:
                headers = {
                    name: value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS
                }
            if answer.status not in (307, 308) and method != "HEAD":
                method = "GET"
            url = following
        raise _RefusedError(f"More than {_REDIRECTS} redirects were followed; the last one leads to {url}.")

    def _send(
        self, method: str, url: str, headers: dict[str, str], deadline: float
    ) -> urllib3.BaseHTTPResponse:
        timeout = urllib3.Timeout(total=_left(deadline))
        return self._pool.request(
            method, url, headers=headers, timeout=timeout, redirect=False, preload_content=False
        )


class _RefusedError(Exception):
    """The request was not sent, or not followed; the message is the sentence for the answer."""


def _check(url: str) -> None:
    """Refuse what is no web address, and the addresses at which a machine keeps its credentials."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _RefusedError(f"{url} is no http or https address.")
    for found in socket.getaddrinfo(parts.hostname, parts.port or parts.scheme, type=socket.SOCK_STREAM):
        if _holds_credentials(str(found[4][0]).partition("%")[0]):
            raise _RefusedError(f"{parts.hostname} leads to the credentials of the machine; it is not asked.")


def _holds_credentials(host: str) -> bool:
    address = ipaddress.ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_link_local or address in _METADATA


def _body(answer: urllib3.BaseHTTPResponse, deadline: float) -> str:
    """The first 64 KiB of the body; the rest of a longer one is not read.

    `read1` gives what has come so far, so that a server that sends a byte now and then gains no time by it.
    """
    content = b""
    while len(content) < _BODY:
        chunk = answer.read1(_CHUNK, decode_content=True)
        if not chunk:
            answer.release_conn()
            break
        content += chunk
        _left(deadline)
    else:
        answer.close()
    return content[:_BODY].decode(errors="replace")


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _RefusedError("There was no whole answer within the time allowed.")
    return left


def _since(start: float) -> int:
    return round((time.monotonic() - start) * 1000)
