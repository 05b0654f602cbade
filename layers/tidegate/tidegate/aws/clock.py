"""The clock and the chance of the machine that the function runs on."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from tidegate.ports import Clock


class SystemClock(Clock):
    """Lambda keeps its clock by the Amazon Time Sync Service."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def secret(self) -> str:
        return secrets.token_urlsafe(32)

    def salt(self) -> str:
        return secrets.token_hex(3)
