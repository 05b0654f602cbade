"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta

from tests.support.fakes.fake import Fake


class FakeClock(Fake):
    """`at` is the time now. Secrets and salts are counted, so that each is new and all are known."""

    def __init__(self, at: datetime = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)) -> None:
        super().__init__()
        self.at = at
        self.secrets = 0
        self.salts = 0

    def advance(self, seconds: float) -> datetime:
        """Let time pass."""
        self.at += timedelta(seconds=seconds)
        return self.at

    def now(self) -> datetime:
        return self.at

    def secret(self) -> str:
        self.secrets += 1
        return f"secret-{self.secrets:036d}"

    def salt(self) -> str:
        self.salts += 1
        return f"{self.salts:06x}"
