"""Which periods are final: a metric period that may still change must not be judged."""

from collections.abc import Mapping

from .period import Period

SETTLED_AGE = 2


def closed_periods(
    readings: Mapping[int, Period],
    earlier: Mapping[int, Period],
    now: int,
    settled_age: int = SETTLED_AGE,
) -> list[Period]:
    """Return the periods that may be judged, oldest first.

    A period is final once it is ``settled_age`` periods old or two readings agree on it. Since `observe`
    takes periods in order, nothing is returned beyond the first one that is not final.

    Args:
        readings: What the metrics say now, by index.
        earlier: What they said at an earlier reading, by index.
        now: Index of the period that is running now.
        settled_age: Age in periods from which a figure no longer changes.
    """
    closed: list[Period] = []
    for index in sorted(readings):
        agreed = index < now and earlier.get(index) == readings[index]
        if now - index < settled_age and not agreed:
            break
        closed.append(readings[index])
    return closed
