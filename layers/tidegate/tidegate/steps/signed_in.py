"""Who is signed in at the status pages: an identity provider would take the place of `by_session` alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tidegate.domain.session import SESSION_LASTS, Session, secret_hash
from tidegate.ports import Ports
from tidegate.web.status.request import Request


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person whom we know, and until when."""

    name: str
    until: datetime


class WhoIsSignedIn(Protocol):
    """Says from a request alone who sent it."""

    def __call__(self, ports: Ports, request: Request) -> Visitor | None:
        """The person, or None when nobody is signed in."""


def by_session(ports: Ports, request: Request) -> Visitor | None:
    """The person of the cookie's session, as long as that lasts."""
    secret = request.cookies.get(cookie_name(request))
    session = ports.sessions.get(secret_hash(secret)) if secret else None
    if session is None or not session.open_at(ports.clock.now()):
        return None
    return Visitor(session.by, session.expires_at)


def offered(ports: Ports, link: str) -> Session | None:
    """For whom a link is; None when it opens nothing. Asking uses nothing up."""
    found = ports.sessions.offered(secret_hash(link))
    return found if found is not None and found.open_at(ports.clock.now()) else None


def sign_in(ports: Ports, request: Request, link: str) -> str | None:
    """Exchange a link for a session, once; returns the cookie, or None when the link opens nothing."""
    found = offered(ports, link)
    if found is None:
        return None
    now, secret = ports.clock.now(), ports.clock.secret()
    session = Session(found.by, now + SESSION_LASTS)
    if not ports.sessions.exchange(secret_hash(link), secret_hash(secret), session, at=now):
        return None
    return _cookie(request, secret, int(SESSION_LASTS.total_seconds()))


def sign_out(ports: Ports, request: Request) -> str:
    """End the session, if there is one; returns the cookie that takes the browser's away."""
    secret = request.cookies.get(cookie_name(request))
    if secret:
        ports.sessions.end(secret_hash(secret))
    return _cookie(request, "", 0)


def cookie_name(request: Request) -> str:
    """The cookie's name: by https one that no other host and no plain connection can set.

    https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
    """
    return "__Host-tidegate" if request.secure else "tidegate"


def _cookie(request: Request, value: str, seconds: int) -> str:
    secure = "; Secure" if request.secure else ""
    return f"{cookie_name(request)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
