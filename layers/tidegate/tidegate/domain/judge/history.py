"""The usable part of an A/A history: several groups of stable tasks, minute by minute."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Minute: TypeAlias = tuple[float, float]  # requests, errors
Group: TypeAlias = Sequence[Minute | None]

SMALLEST_SHARE = 0.05
WORTH_DROPPING = 1.5  # a group is dropped where this many times more minutes are usable without it


@dataclass(frozen=True, slots=True)
class History:
    """Groups that were all present in the same minutes.

    Attributes:
        segments: Runs of successive usable minutes; each minute holds one ``(requests, errors)`` a group.
        starts: Minute at which each segment begins.
    """

    segments: tuple[tuple[tuple[Minute, ...], ...], ...]
    starts: tuple[int, ...]

    @property
    def minutes(self) -> int:
        """Number of usable minutes."""
        return sum(map(len, self.segments))

    @property
    def group_count(self) -> int:
        """Number of groups."""
        return len(self.segments[0][0]) if self.segments else 0

    def totals(self) -> list[Minute]:
        """Return requests and errors of each group over all usable minutes."""
        rows = [row for segment in self.segments for row in segment]
        columns = zip(*rows, strict=True)
        return [(sum(r for r, _ in column), sum(e for _, e in column)) for column in columns]


def usable(minute: Minute | None) -> bool:
    """Whether a group's minute is known, had requests, and not more errors than those."""
    return minute is not None and minute[0] > 0.0 and 0.0 <= minute[1] <= minute[0]


def _cut(groups: Sequence[Group], excluded: Collection[int]) -> History:
    """Keep the minutes in which every group is usable, cut where one is missing."""
    segments: list[tuple[tuple[Minute, ...], ...]] = []
    starts: list[int] = []
    current: list[tuple[Minute, ...]] = []
    length = max(map(len, groups), default=0)
    for minute in range(length + 1):
        row = [group[minute] if minute < len(group) else None for group in groups]
        known = tuple(cell for cell in row if cell is not None and usable(cell))
        if len(known) == len(groups) and minute not in excluded:
            current.append(known)
        elif current:
            segments.append(tuple(current))
            starts.append(minute - len(current))
            current = []
    return History(tuple(segments), tuple(starts))


def usable_history(groups: Sequence[Group], exclude: Collection[int]) -> History:
    """Return the minutes in which all groups are known, without groups that spoil the comparison.

    A group is dropped where that gains more than half the minutes and leaves two, and where it answers less
    than a twentieth of the requests.
    """
    excluded = frozenset(exclude)
    kept = [list(group) for group in groups]
    history = _cut(kept, excluded)
    while len(kept) > 2:
        fewest = min(range(len(kept)), key=lambda i: sum(map(usable, kept[i])))
        without = _cut(kept[:fewest] + kept[fewest + 1 :], excluded)
        if without.minutes <= WORTH_DROPPING * history.minutes:
            break
        del kept[fewest]
        history = without
    if not history.segments:
        return history
    requests = [total for total, _ in history.totals()]
    large = [group for group, r in zip(kept, requests, strict=True) if r >= SMALLEST_SHARE * sum(requests)]
    return history if len(large) == len(kept) else _cut(large, excluded)
