"""Forged requests to the approval page: mutated, truncated, swapped, replayed and foreign, by the thousand.

None of them carries what only the opened page knows, so none may decide, whatever else it does.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import string
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tidegate.web import forms

ALPHABET = string.ascii_letters + string.digits + "-_"
FORGED_LINKS = ("unknown", "mutated", "truncated", "swapped", "foreign")
"""Kinds of attacks whose link does not exist; they must look like any unknown link."""
STRANGE = (
    "%00",
    "%2e%2e%2f",
    "..",
    "%ff%fe",
    "%F0%9F%92%A9",
    "approve",
    "robots.txt",
    "%3Cscript%3E",
    "%27%20OR%20%271",
    "{{7*7}}",
    "%0d%0aSet-Cookie:%20a=b",
    "a" * 2000,
    "APPROVAL",
    "LINK",
    "null",
    "0",
)
TYPES = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-8",
    "APPLICATION/X-WWW-FORM-URLENCODED",
    "application/json",
    "multipart/form-data; boundary=x",
    "text/plain",
    "text/xml",
    "",
    "x" * 300,
)
METHODS = (
    "GET",
    "HEAD",
    "OPTIONS",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "TRACE",
    "get",
    "PROPFIND",
    "X",
)
DECISIONS = ("approve", "reject", "break_glass", "approved", "APPROVE", "", "approve\x00", "void", "pending")


@dataclass(frozen=True)
class Attack:
    """One forged request. ``link`` is the path's last part as it is sent."""

    kind: str
    method: str
    link: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers and body."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str

    @property
    def told(self) -> tuple[int, tuple[tuple[str, str], ...], str]:
        """Everything that somebody could learn from."""
        return self.status, self.headers, self.body


def attacks(link: str, chance: Random, number: int, *, others: tuple[str, ...] = ()) -> Iterator[Attack]:
    """Forged requests around a link that exists.

    Args:
        link: The link's secret.
        chance: Where the mutations come from: the same seed makes the same requests.
        number: How many.
        others: What an attacker may know besides: ids, hashes, used links, nonces.
    """
    makers = (_unknown, _mutated, _truncated, _swapped, _foreign, _form, _form, _method, _method, _header)
    for index in range(number):
        yield makers[index % len(makers)](link, chance, others)


def _unknown(link: str, chance: Random, _: tuple[str, ...]) -> Attack:
    return Attack("unknown", "GET", _token(chance, len(link)))


def _mutated(link: str, chance: Random, _: tuple[str, ...]) -> Attack:
    place = chance.randrange(len(link))
    how = chance.randrange(3)
    if how == 0:
        other = chance.choice([each for each in ALPHABET if each != link[place]])
        changed = link[:place] + other + link[place + 1 :]
    elif how == 1:
        changed = link[:place] + chance.choice(ALPHABET) + link[place:]
    else:
        changed = link.swapcase() if link.swapcase() != link else link[::-1] + "x"
    return Attack("mutated", "GET", changed if changed != link else changed + "x")


def _truncated(link: str, chance: Random, _: tuple[str, ...]) -> Attack:
    cut = chance.randrange(1, len(link))
    parts = (link[:cut], link[cut:], link + link[:cut], link + "%20", link + ".", f"{link}=")
    return Attack("truncated", "GET", chance.choice(parts))


def _swapped(link: str, chance: Random, _: tuple[str, ...]) -> Attack:
    one, other = sorted(chance.sample(range(len(link)), 2))
    swapped = link[:one] + link[other] + link[one + 1 : other] + link[one] + link[other + 1 :]
    return Attack("swapped", "GET", swapped if swapped != link else link + link)


def _foreign(link: str, chance: Random, others: tuple[str, ...]) -> Attack:
    of_the_link = (hashlib.sha256(link.encode()).hexdigest(), base64.b64encode(link.encode()).decode())
    return Attack("foreign", "GET", quote(chance.choice((*STRANGE, *others, *of_the_link)), safe="%"))


def _form(link: str, chance: Random, others: tuple[str, ...]) -> Attack:
    """A form for the very link, without the nonce that only its page knows."""
    nonces = ("", "0" * 64, "é", forms.nonce(link, ""), forms.nonce("x", link), *others)
    fields = [
        ("decision", chance.choice(DECISIONS)),
        ("comment", chance.choice(("", "ok", "x" * 5000, "\x00", "<b>", "\ud7ff"))),
        ("nonce", chance.choice(nonces)),
    ]
    chance.shuffle(fields)
    fields += fields[: chance.randrange(3)]
    body = urlencode(fields).encode()
    how = chance.randrange(6)
    if how == 0:
        body = bytes(chance.randrange(256) for _ in range(chance.randrange(200)))
    elif how == 1:
        body = body[: chance.randrange(len(body))]
    elif how == 2:
        body *= 400
    kind = chance.choice(TYPES) if how > 2 else TYPES[0]
    return Attack("form", "POST", link, body, {"content-type": kind, **_strange_headers(chance)})


def _method(link: str, chance: Random, _: tuple[str, ...]) -> Attack:
    """Any method but the form's, on the link itself: looking and asking decide nothing."""
    body = urlencode({"decision": "approve", "nonce": _token(chance, 64)}).encode()
    method = chance.choice(METHODS)
    query = urlencode({"decision": "approve", "_method": "POST", "nonce": _token(chance, 64)})
    return Attack("method", method, link, body, {"content-type": TYPES[0]}, query)


def _header(link: str, chance: Random, _: tuple[str, ...]) -> Attack:
    """Headers by which a framework might be talked into another method, another place or another person."""
    named = {
        "x-http-method-override": "POST",
        "x-forwarded-host": "evil.example",
        "x-original-url": f"/approve/{link}",
        "cookie": "session=admin",
        "authorization": "Basic YWRtaW46YWRtaW4=",
        "accept": "application/json",
        "accept-language": "x" * 500,
    }
    chosen = dict(chance.sample(sorted(named.items()), 3))
    return Attack(
        "header", chance.choice(("GET", "HEAD")), link, None, {**chosen, **_strange_headers(chance)}
    )


def _strange_headers(chance: Random) -> dict[str, str]:
    return chance.choice(
        (
            {},
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-origin"},
            {"referer": "https://evil.example/"},
            {"host": "evil.example"},
        )
    )


def _token(chance: Random, length: int) -> str:
    return "".join(chance.choices(ALPHABET, k=length))


def as_event(attack: Attack) -> dict[str, Any]:
    """The request as the HTTP API hands it to the function."""
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{attack.method} /approve/{{link}}",
        "rawPath": f"/approve/{attack.link}",
        "rawQueryString": attack.query,
        "headers": {"host": "tidegate.example", **attack.headers},
        "requestContext": {
            "http": {"method": attack.method, "path": f"/approve/{attack.link}"},
            "stage": "$default",
        },
        "isBase64Encoded": attack.body is not None,
    }
    if attack.body is not None:
        event["body"] = base64.b64encode(attack.body).decode()
    return event


def as_answer(result: dict[str, Any]) -> Answer:
    """What the function answers."""
    headers = tuple(sorted((name.lower(), str(value)) for name, value in result["headers"].items()))
    return Answer(int(result["statusCode"]), headers, str(result.get("body", "")))


_OF_EVERY_REQUEST = {"date", "apigw-requestid", "content-length", "connection", "server"}


def sent_over_http(base: str, attack: Attack) -> Answer:
    """Send an attack to a server; headers that differ for every request are left out of the answer."""
    place = urlsplit(base)
    connection = http.client.HTTPConnection(place.netloc, timeout=30)
    try:
        path = f"{place.path}/{attack.link}" + (f"?{attack.query}" if attack.query else "")
        connection.request(attack.method, path, attack.body, {**attack.headers, "connection": "close"})
        answer = connection.getresponse()
        body = answer.read().decode(errors="replace")
        headers = tuple(
            sorted(
                (name.lower(), value)
                for name, value in answer.getheaders()
                if name.lower() not in _OF_EVERY_REQUEST
            )
        )
        return Answer(answer.status, headers, body)
    finally:
        connection.close()
