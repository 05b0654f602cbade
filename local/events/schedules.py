"""Schedules: rules with a schedule expression, and EventBridge Scheduler.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html and
https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html. Periods are divided by the time
scale: a schedule of every minute fires once a second at a scale of 60, a daily one every 24 minutes. A
single time (`at`) is a real time; it fires within the scaled minute that follows it, as AWS promises no more.

Functions take as long here as they take, only their schedules are quicker. A function that is invoked every
minute and needs two seconds is long done when the next minute comes; so that it is here too, a recurring
schedule leaves out the times at which its function still works on the last one's event.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from moto.events.models import events_backends
from moto.scheduler.models import scheduler_backends

from local.events import expressions
from local.events.invocations import fire_rule, fire_schedule
from local.runtime import running

if TYPE_CHECKING:
    from local.events.router import Router
    from local.settings import Settings

log = logging.getLogger(__name__)

TICK_S = 0.05


@dataclass
class Timetable:
    """One schedule's own clock, which runs faster by the time scale from when the schedule was first seen."""

    expression: expressions.Expression
    scale: float
    first_seen: float
    due: float | None = None

    @classmethod
    def begin(cls, text: str, zone: str, scale: float, start: float, *, at_once: bool) -> Timetable:
        """Read the expression and find the first due time.

        Raises:
            InvalidExpressionError: It is none.
        """
        expression = expressions.parse(text, UTC if zone == "UTC" else ZoneInfo(zone))
        table = cls(expression, scale, start)
        if expression.once:
            moment = expression.next_after(datetime.fromtimestamp(0, UTC))
            table.due = moment.timestamp() if moment else None
        elif at_once and isinstance(expression, expressions.Rate):
            table.due = start
        else:
            table.due = table.following(start)
        return table

    def following(self, moment: float) -> float | None:
        """The due time after a real moment, as a real moment."""
        seen = self.first_seen + (moment - self.first_seen) * self.scale
        found = self.expression.next_after(datetime.fromtimestamp(seen, UTC))
        return None if found is None else self.first_seen + (found.timestamp() - self.first_seen) / self.scale


class Scheduler:
    """Fires what is due, from a thread of its own."""

    def __init__(self, settings: Settings, router: Router) -> None:
        self._settings = settings
        self._router = router
        self._tables: dict[tuple[str, str], Timetable | None] = {}
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="schedules", daemon=True).start()

    def close(self) -> None:
        """Fire nothing more."""
        self._stopped.set()

    def listed(self) -> list[dict[str, Any]]:
        """All schedules and scheduled rules, with the time at which each is due next."""
        tables = {arn: table for (arn, _), table in list(self._tables.items())}
        named = [(rule.name, rule.arn, rule.scheduled_expression, rule.state) for rule in self._rules()]
        named += [(one.name, one.arn, one.schedule_expression, one.state) for one in self._schedules()]
        return [
            {
                "name": name,
                "expression": text,
                "state": state,
                "due": table.due if (table := tables.get(arn)) else None,
            }
            for name, arn, text, state in named
        ]

    def fire(self, name: str) -> bool:
        """Fire a schedule or scheduled rule now, whatever its time and state.

        Returns:
            Whether there is one of that name.
        """
        for rule in self._rules():
            if rule.name == name:
                fire_rule(self._router, rule)
                return True
        for schedule in self._schedules():
            if schedule.name == name:
                fire_schedule(self._router, schedule, self._settings, is_last=False)
                return True
        return False

    def _run(self) -> None:
        while not self._stopped.wait(TICK_S):
            try:
                self._fire_what_is_due(time.time())
            except Exception:
                log.exception("A schedule failed")

    def _fire_what_is_due(self, now: float) -> None:
        present = set[tuple[str, str]]()
        for rule in self._rules():
            key = (rule.arn, rule.scheduled_expression)
            present.add(key)
            table = self._table(key, "UTC", now, at_once=False)
            if self._is_due(table, now) and rule.state.startswith("ENABLED"):
                fire_rule(self._router, rule)
        for schedule in self._schedules():
            key = (schedule.arn, f"{schedule.schedule_expression} {schedule.last_modified_date}")
            present.add(key)
            self._visit(key, schedule, now)
        for gone in set(self._tables) - present:
            del self._tables[gone]

    def _visit(self, key: tuple[str, str], schedule: Any, now: float) -> None:
        start = max(now, float(schedule.start_date or 0))
        zone = schedule.schedule_expression_timezone
        table = self._table(key, zone, start, at_once=True, text=schedule.schedule_expression)
        ended = schedule.end_date is not None and now > float(schedule.end_date)
        due = not ended and self._is_due(table, now)
        if due and schedule.state == "ENABLED" and (table is None or not _works_still(schedule, table)):
            last = table is not None and table.due is None
            fire_schedule(self._router, schedule, self._settings, is_last=last)

    def _table(
        self,
        key: tuple[str, str],
        zone: str,
        start: float,
        *,
        at_once: bool,
        text: str | None = None,
    ) -> Timetable | None:
        if key not in self._tables:
            try:
                scale = self._settings.time_scale
                table = Timetable.begin(text or key[1], zone, scale, start, at_once=at_once)
            except (expressions.InvalidExpressionError, KeyError) as error:
                log.warning("%s will never fire: %s", key[0], error)
                table = None
            self._tables[key] = table
        return self._tables[key]

    def _is_due(self, table: Timetable | None, now: float) -> bool:
        if table is None or table.due is None or now < table.due:
            return False
        table.due = None if table.expression.once else table.following(max(table.due, now - 60))
        return True

    def _rules(self) -> Iterator[Any]:
        backend = events_backends[self._settings.account][self._settings.region]
        for bus in list(backend.event_buses.values()):
            yield from (rule for rule in list(bus.rules.values()) if rule.scheduled_expression)

    def _schedules(self) -> Iterator[Any]:
        backend = scheduler_backends[self._settings.account][self._settings.region]
        for group in list(backend.schedule_groups.values()):
            yield from list(group.schedules.values())


def _works_still(schedule: Any, table: Timetable) -> bool:
    """Whether the function of a recurring schedule has not finished what it was invoked with before."""
    arn, text = str(schedule.target["Arn"]), schedule.target.get("Input")
    if table.expression.once or text is None or not arn.startswith("arn:aws:lambda:"):
        return False
    return running.current().is_at_work(arn, str(text).encode())
