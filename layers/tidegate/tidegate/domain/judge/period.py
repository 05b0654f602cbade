"""What both groups did in one metric period."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Period:
    """Requests and errors of the canary and of the stable group in one closed metric period.

    Counts are realised counts, not nominal weights, and may be fractional: CloudWatch interpolates trimmed
    counts. "Errors" are whatever the metric counts: 5xx responses, responses slower than a threshold.

    Attributes:
        canary_requests: Requests that the canary answered.
        canary_errors: Those of them that were bad.
        stable_requests: Requests that the stable tasks answered.
        stable_errors: Those of them that were bad.
        index: Number of the period (for example minutes since the epoch). A period whose index has already
            entered is ignored, so a retried or revised one never counts twice. None numbers it one after
            the last, for callers that never present a period twice.
        step: Number of the canary step in which the period lies; evidence blocks never span two steps.
        canary_tasks: Running canary tasks, where known.
        stable_tasks: Running stable tasks, where known.
        stable_groups: Requests and errors of each group of stable tasks, in the calibration's order, where
            known; the calibrated profiles compare them with one another to see noise that is there now.
    """

    canary_requests: float
    canary_errors: float
    stable_requests: float
    stable_errors: float
    index: int | None = None
    step: int = 0
    canary_tasks: float | None = None
    stable_tasks: float | None = None
    stable_groups: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be a count.

        Raises:
            ValueError: If a count is negative, infinite or not a number.
        """
        for count in (self.canary_requests, self.canary_errors, self.stable_requests, self.stable_errors):
            if not (math.isfinite(count) and count >= 0.0):
                raise ValueError(f"a count must be a finite number of at least 0, not {count!r}")

    @property
    def comparable(self) -> bool:
        """Whether both groups answered at least one request."""
        return self.canary_requests > 0 and self.stable_requests > 0

    @property
    def canary_share(self) -> float:
        """Share of all requests that the canary answered, 0 where there were none."""
        total = self.canary_requests + self.stable_requests
        return self.canary_requests / total if total > 0 else 0.0
