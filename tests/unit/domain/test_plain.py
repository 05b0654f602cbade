"""Times and enumerations as plain values, and back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum

import pytest

from tidegate.domain.plain import from_plain, time_text, to_plain


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


@dataclass(frozen=True)
class Dated:
    at: datetime
    colour: Colour | None = None
    ended: datetime | None = None
    history: tuple[datetime, ...] = ()


NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_times_and_enumerations_are_written_as_text():
    # Given a time in another zone
    dated = Dated(NOON.astimezone(timezone(timedelta(hours=2))), Colour.RED, None, (NOON,))

    # When
    plain = to_plain(dated)

    # Then it is written in UTC, always with its microseconds
    text = "2026-11-23T12:00:00.000000Z"
    assert plain == {"at": text, "colour": "red", "ended": None, "history": [text]}
    assert type(plain["colour"]) is str
    assert from_plain(Dated, plain) == dated


def test_times_sort_as_text():
    times = [NOON + timedelta(microseconds=step) for step in (0, 1, 999_999, 1_000_000, 60_000_000)]

    assert sorted(map(time_text, times)) == [time_text(at) for at in times]


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="needs its zone"):
        to_plain({"at": datetime(2026, 11, 23)})  # noqa: DTZ001 - what is refused


@pytest.mark.parametrize(
    ("stored", "field"),
    [
        ({"at": "noon"}, "Dated.at"),
        ({"at": "2026-11-23T12:00:00"}, "Dated.at"),
        ({"at": 5}, "Dated.at"),
        ({"at": time_text(NOON), "colour": "blue"}, "Dated.colour"),
        ({"at": time_text(NOON), "colour": 5}, "Dated.colour"),
    ],
)
def test_what_cannot_be_read_is_named(stored: dict[str, object], field: str):
    with pytest.raises(ValueError, match=f"{field} cannot be read"):
        from_plain(Dated, stored)
