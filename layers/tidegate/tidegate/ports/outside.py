"""People who look and are told, HTTP, documents, time and chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tidegate.domain.session import Session
from tidegate.domain.status import (
    History,
    OpenWork,
    ServicesPage,
    ServiceStatus,
    TrailPage,
    TrailQuery,
    Waiting,
)


class Status(Protocol):
    """What the status pages show. Every method is one call to the store; it may lag a moment behind."""

    def open_work(self, limit: int, *, after: str | None = None) -> OpenWork:
        """Undecided requests and releases that have not ended, from the ``more`` of an earlier page on."""

    def waiting(self, limit: int, *, release: str | None = None) -> tuple[Waiting, ...]:
        """Machines that wait, of one release or all, the longest first, without their tokens."""

    def services(self, limit: int, *, prefix: str = "", after: str | None = None) -> ServicesPage:
        """At most so many services whose names begin so, after a name, with what runs where."""

    def service(self, name: str) -> ServiceStatus | None:
        """One service with what runs where; None when it was never registered."""

    def history(self, release: str) -> History | None:
        """Everything that the ledger has of a release."""

    def trail(self, query: TrailQuery, limit: int) -> TrailPage:
        """A part of the audit trail, newest first: two calls at most."""


class Sessions(Protocol):
    """Links to the status pages and the sessions that they become, by the hashes of their secrets."""

    def offer(self, link_hash: str, link: Session) -> None:
        """Store a link that can be exchanged once."""

    def offered(self, link_hash: str) -> Session | None:
        """For whom a link is, and until when; None when there is none (any more)."""

    def exchange(self, link_hash: str, session_hash: str, session: Session, *, at: datetime) -> bool:
        """Use a link up and begin a session, together; False when the link is gone or its time is over."""

    def get(self, session_hash: str) -> Session | None:
        """A session, read consistently; None when there is none (any more)."""

    def end(self, session_hash: str) -> None:
        """Forget a session; nothing happens when it is gone."""


class Notifier(Protocol):
    """Amazon SNS."""

    def publish(self, topic: str | None, subject: str, body: str, attributes: Mapping[str, str]) -> None:
        """Send a message; None is the notification topic of the stack."""

    def subscribe_approver(self, address: str) -> None:
        """Subscribe an address to the approval topic, for its own messages only; once."""

    def confirmed_approvers(self) -> frozenset[str]:
        """Addresses that have confirmed their subscription to the approval topic."""

    def ask_approver(self, address: str, subject: str, body: str) -> None:
        """Send a message to one approver only."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP response, or the sentence why there was none. ``body`` is cut at 64 KiB."""

    status: int | None
    body: str
    elapsed_ms: int
    error: str | None = None


class Http(Protocol):
    """HTTP, for smoke and integration checks."""

    def request(self, method: str, url: str, headers: Mapping[str, str], timeout_s: float) -> HttpAnswer:
        """Make one request; a connection that fails is an answer with an error, not an exception."""


class Evidence(Protocol):
    """The encrypted, versioned bucket for what is too large for a record."""

    def put(self, key: str, document: Mapping[str, Any]) -> str:
        """Store a JSON document; returns its ``s3://`` address."""

    def put_text(self, key: str, text: str, content_type: str) -> str:
        """Store a text, such as an SVG picture; returns its ``s3://`` address."""

    def get(self, key: str) -> bytes | None:
        """What is stored under a key; None when there is nothing."""


class Clock(Protocol):
    """Time and chance: the two things that a test must hold still."""

    def now(self) -> datetime:
        """Now, in UTC."""

    def secret(self) -> str:
        """256 random bits, URL-safe."""

    def salt(self) -> str:
        """A few random hexadecimal digits, for names."""
