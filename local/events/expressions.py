"""Schedule expressions: rate, cron and at.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Protocol

UNIT_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
# EventBridge counts the days of the week from Sunday, which is 1.
WEEKDAYS = {
    name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), start=1)
}
SEARCHED_DAYS = 366 * 8


class InvalidExpressionError(ValueError):
    """It is no schedule expression."""


class Expression(Protocol):
    """When something is due."""

    @property
    def once(self) -> bool:
        """Whether it is due a single time."""

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after a moment, or None if there is none."""


@dataclass(frozen=True)
class Rate:
    """`rate(5 minutes)`: every so often from a start."""

    period: timedelta
    once: bool = False

    def next_after(self, moment: datetime) -> datetime:
        """One period later."""
        return moment + self.period


@dataclass(frozen=True)
class At:
    """`at(2026-11-23T09:30:00)`: a single time."""

    moment: datetime
    once: bool = True

    def next_after(self, moment: datetime) -> datetime | None:
        """The time itself, unless it has passed."""
        return self.moment if self.moment > moment else None


@dataclass(frozen=True)
class Cron:
    """`cron(minutes hours day-of-month month day-of-week year)`."""

    minutes: frozenset[int]
    hours: frozenset[int]
    month_days: str
    months: frozenset[int]
    week_days: str
    years: frozenset[int]
    zone: tzinfo = UTC
    once: bool = False

    def next_after(self, moment: datetime) -> datetime | None:
        """The first minute after a moment that fits all six fields."""
        start = moment.astimezone(self.zone).replace(second=0, microsecond=0) + timedelta(minutes=1)
        for day in (start.date() + timedelta(days=number) for number in range(SEARCHED_DAYS)):
            if self._day_fits(day):
                earliest = (start.hour, start.minute) if day == start.date() else (0, 0)
                for hour, minute in self._times_from(earliest):
                    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone)
        return None

    def _times_from(self, earliest: tuple[int, int]) -> Iterator[tuple[int, int]]:
        times = ((hour, minute) for hour in sorted(self.hours) for minute in sorted(self.minutes))
        return (time for time in times if time >= earliest)

    def _day_fits(self, day: date) -> bool:
        if day.year not in self.years or day.month not in self.months:
            return False
        if self.week_days == "?":
            return day.day in _month_days(self.month_days, day)
        return day.day in _week_days(self.week_days, day)


def parse(text: str, zone: tzinfo = UTC) -> Expression:
    """Read an expression.

    Args:
        text: `rate(…)`, `cron(…)` or `at(…)`.
        zone: Time zone of `cron` and `at`.

    Raises:
        InvalidExpressionError: It is none of them.
    """
    kind = re.fullmatch(r"\s*(rate|cron|at)\((.*)\)\s*", text)
    try:
        if kind and kind[1] == "rate":
            return _rate(kind[2])
        if kind and kind[1] == "cron":
            return _cron(kind[2], zone)
        if kind:
            return At(datetime.fromisoformat(kind[2]).replace(tzinfo=zone))
    except (ValueError, KeyError) as error:
        raise InvalidExpressionError(f"Invalid Schedule Expression {text}.") from error
    raise InvalidExpressionError(f"Invalid Schedule Expression {text}.")


def _rate(text: str) -> Rate:
    value, unit = text.split()
    number = int(value)
    if number < 1:
        raise ValueError(value)
    return Rate(timedelta(seconds=number * UNIT_SECONDS[unit.removesuffix("s")]))


def _cron(text: str, zone: tzinfo) -> Cron:
    minutes, hours, month_days, months, week_days, years = text.upper().split()
    if (month_days == "?") == (week_days == "?"):
        raise ValueError("exactly one of day-of-month and day-of-week must be ?")
    cron = Cron(
        _numbers(minutes, 0, 59),
        _numbers(hours, 0, 23),
        month_days,
        _numbers(months, 1, 12, MONTHS),
        week_days,
        _numbers(years, 1970, 2199),
        zone,
    )
    cron._day_fits(date(2026, 1, 1))  # noqa: SLF001 - the two fields of days are read per month; here to check them
    return cron


def _numbers(field: str, lowest: int, highest: int, names: dict[str, int] | None = None) -> frozenset[int]:
    found: set[int] = set()
    for item in field.split(","):
        span, _, step = item.partition("/")
        first, dash, last = span.partition("-")
        start = lowest if first == "*" else _number(first, names)
        open_ended = first == "*" or bool(step)
        end = _number(last, names) if dash else highest if open_ended else start
        if not lowest <= start <= highest or not lowest <= end <= highest:
            raise ValueError(item)
        values = (
            range(start, end + 1) if start <= end else [*range(start, highest + 1), *range(lowest, end + 1)]
        )
        found.update(list(values)[:: int(step or 1)])
    return frozenset(found)


def _number(text: str, names: dict[str, int] | None) -> int:
    return names[text] if names and text in names else int(text)


def _month_days(field: str, month: date) -> frozenset[int]:
    """Days that a day-of-month field names: `L` is the last one, `15W` the weekday nearest to the 15th."""
    last = calendar.monthrange(month.year, month.month)[1]
    if field == "L":
        return frozenset({last})
    if field.endswith("W"):
        return frozenset({_nearest_weekday(month, last if field == "LW" else int(field[:-1]), last)})
    return _numbers(field, 1, 31)


def _nearest_weekday(month: date, wanted: int, last: int) -> int:
    weekday = month.replace(day=min(wanted, last)).weekday()
    if weekday == 5:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 6:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted


def _week_days(field: str, month: date) -> frozenset[int]:
    """Days of a month that a day-of-week field names: `3#2` is the second Tuesday, `6L` the last Friday."""
    last = calendar.monthrange(month.year, month.month)[1]
    days = range(1, last + 1)
    if "#" in field:
        weekday, _, number = field.partition("#")
        return frozenset(_days_of(month, days, _number(weekday, WEEKDAYS))[int(number) - 1 : int(number)])
    if field.endswith("L"):
        return frozenset(_days_of(month, days, _number(field[:-1], WEEKDAYS) if field[:-1] else 7)[-1:])
    wanted = _numbers(field, 1, 7, WEEKDAYS)
    return frozenset(day for weekday in wanted for day in _days_of(month, days, weekday))


def _days_of(month: date, days: range, weekday: int) -> list[int]:
    return [day for day in days if (month.replace(day=day).weekday() + 1) % 7 + 1 == weekday]
