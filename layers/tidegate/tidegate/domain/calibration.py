"""A calibration as it is stored: what the judge needs to know of a service's own noise, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class StoredCalibration:
    """One calibration.

    Attributes:
        at: When it was measured.
        since: Beginning of the history that it was measured on.
        metrics: Name of a judged metric to `domain.judge.Calibration.to_dict()`.
        dispersion: Name of a judged metric to the dispersion of its total counts, for the other profiles.
        note: Why there is nothing better, for people; empty where all is well.
        days: Each of the last days to what was measured on it; `metrics` holds the most cautious of them.
    """

    at: datetime
    since: datetime
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    dispersion: Mapping[str, float] = field(default_factory=dict)
    note: str = ""
    days: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
