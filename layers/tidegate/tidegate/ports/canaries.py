"""What is kept of canaries, and of the noise of services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.canary import Canary, JudgedPeriod


class Canaries(Protocol):
    """The canary of a service and environment, and what was judged of it: in the ledger."""

    def open(self, canary: Canary) -> Canary:
        """Store a canary that begins; returns the stored one when it was opened before (same id).

        Raises:
            Terminal: another canary of this service and environment has not ended.
        """

    def get(self, service: str, environment: str) -> Canary | None:
        """The newest canary, read consistently."""

    def save(self, canary: Canary) -> Canary | None:
        """Store a changed canary if nobody stored it since it was read; returns it with its new version.

        None when somebody did: read it again and decide anew. Its end is for `end`.
        """

    def end(self, canary: Canary) -> Canary | None:
        """The same for one that has ended: it leaves the list of the active ones with the same write."""

    def active(self) -> tuple[Canary, ...]:
        """Every canary that has not ended (at most as many as there are deployments): for the sweep."""

    def add_periods(self, canary: str, periods: Sequence[JudgedPeriod]) -> None:
        """Keep judged periods of a canary (by its id), each once: a period that is there stays as it is."""

    def periods(self, canary: str) -> tuple[JudgedPeriod, ...]:
        """The judged periods of a canary, oldest first."""


class Calibrations(Protocol):
    """What the history of a service says about its own noise, measured on a schedule."""

    def get(self, service: str, environment: str) -> StoredCalibration | None:
        """The newest calibration."""

    def put(self, service: str, environment: str, calibration: StoredCalibration) -> None:
        """Store a newer one in its place."""
