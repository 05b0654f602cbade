"""A person at the status pages: a link that is good for one exchange, and the session that it becomes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

LINK_LASTS = timedelta(minutes=2)
SESSION_LASTS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Session:
    """Who reads, and until when. A link that was not exchanged yet has the same two."""

    by: str
    expires_at: datetime

    def open_at(self, now: datetime) -> bool:
        """Whether it still counts."""
        return now < self.expires_at


def secret_hash(secret: str) -> str:
    """What is stored of a 256-bit random secret: its SHA-256, so that the store opens nothing."""
    return hashlib.sha256(secret.encode()).hexdigest()
