"""Schedule expressions.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from local.events import expressions
from local.events.schedules import Timetable

NOW = datetime(2026, 11, 23, 9, 30, 15, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("cron(0 10 * * ? *)", "2026-11-23T10:00:00"),
        ("cron(15 12 * * ? *)", "2026-11-23T12:15:00"),
        ("cron(0 18 ? * MON-FRI *)", "2026-11-23T18:00:00"),
        ("cron(0 8 1 * ? *)", "2026-12-01T08:00:00"),
        ("cron(0/15 * * * ? *)", "2026-11-23T09:45:00"),
        ("cron(30 9 * * ? *)", "2026-11-24T09:30:00"),
        ("cron(0/10 8-17 ? * SAT *)", "2026-11-28T08:00:00"),
        ("cron(0 0 L * ? *)", "2026-11-30T00:00:00"),
        ("cron(0 9 ? * 2#1 *)", "2026-12-07T09:00:00"),
        ("cron(0 9 ? * 6L *)", "2026-11-27T09:00:00"),
        ("cron(0 9 28W * ? *)", "2026-11-27T09:00:00"),
        ("cron(0 9 ? * 1 *)", "2026-11-29T09:00:00"),
        ("cron(0 12 29 2 ? *)", "2028-02-29T12:00:00"),
        ("cron(5,10 9 23 NOV ? 2026-2027)", "2027-11-23T09:05:00"),
        ("rate(5 minutes)", "2026-11-23T09:35:15"),
        ("rate(1 hour)", "2026-11-23T10:30:15"),
        ("at(2026-11-23T09:31:00)", "2026-11-23T09:31:00"),
    ],
)
def test_when_an_expression_is_due_next(expression: str, due: str):
    assert expressions.parse(expression).next_after(NOW) == datetime.fromisoformat(f"{due}+00:00")


def test_a_time_that_has_passed_is_never_due():
    assert expressions.parse("at(2026-11-23T09:30:00)").next_after(NOW) is None
    assert expressions.parse("cron(0 0 1 1 ? 2020)").next_after(NOW) is None


def test_a_time_zone_moves_the_time():
    berlin = expressions.parse("cron(0 12 * * ? *)", ZoneInfo("Europe/Berlin"))
    due = berlin.next_after(NOW)
    assert due is not None
    assert due.astimezone(UTC) == datetime(2026, 11, 23, 11, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "every(5 minutes)",
        "rate(0 minutes)",
        "rate(5 weeks)",
        "rate(5)",
        "cron(0 10 * * *)",
        "cron(0 10 * * * *)",
        "cron(61 10 * * ? *)",
        "cron(0 10 ? * XXX *)",
        "at(tomorrow)",
    ],
)
def test_anything_else_is_refused(text: str):
    with pytest.raises(expressions.InvalidExpressionError):
        expressions.parse(text)


def test_periods_are_divided_by_the_time_scale():
    # Given a schedule of every minute that is first seen at some time, sixty times as fast
    start = NOW.timestamp()
    table = Timetable.begin("rate(1 minute)", "UTC", 60, start, at_once=False)

    # Then it is due every second
    assert table.due == pytest.approx(start + 1)
    assert table.following(start + 1) == pytest.approx(start + 2)


def test_a_daily_schedule_comes_as_much_earlier():
    # Given a schedule that is due half an hour later
    start = NOW.replace(second=0).timestamp()
    table = Timetable.begin("cron(0 10 * * ? *)", "UTC", 60, start, at_once=False)

    # Then it is due after thirty seconds, and every twenty-four minutes
    assert table.due == pytest.approx(start + 30)
    assert table.following(start + 30) == pytest.approx(start + 30 + 24 * 60)


def test_a_single_time_is_a_real_time():
    due = NOW + timedelta(seconds=45)
    table = Timetable.begin(f"at({due:%Y-%m-%dT%H:%M:%S})", "UTC", 60, NOW.timestamp(), at_once=True)
    assert table.due == pytest.approx(due.timestamp())


def test_a_rate_of_scheduler_begins_at_once():
    table = Timetable.begin("rate(1 hour)", "UTC", 60, NOW.timestamp(), at_once=True)
    assert table.due == NOW.timestamp()
