"""The audit trail: what a person asked for, and the same as CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlencode

from tidegate.domain.plain import time_text
from tidegate.domain.status import Entry, TrailPage, TrailQuery, service_in
from tidegate.web.status.timeline import who, why

DAYS = 30
"""How far back it goes unless somebody asks for more."""
SHOWN, EXPORTED = 100, 2000
_SERVICE = re.compile(r"[a-z][a-z0-9-]{0,39}")
_KIND = re.compile(r"[a-z][a-z0-9_.-]{0,60}")
_POSITION = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z(#[\x20-\x7e]{0,900})?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = ("at", "service", "subject", "kind", "by", "why", "entry")


@dataclass(frozen=True, slots=True)
class Filter:
    """The filter as it was typed, and what is wrong with it.

    Attributes:
        mistakes: Field to sentence; when there is one, nothing is read.
    """

    service: str
    kind: str
    first: str
    last: str
    before: str | None
    mistakes: dict[str, str]

    def address(self, **more: str | None) -> str:
        """The filter as a query string, with changes."""
        fields = {"service": self.service, "kind": self.kind, "from": self.first, "to": self.last} | more
        return urlencode({name: value for name, value in fields.items() if value})

    def query(self) -> TrailQuery:
        """What to read; only where there is no mistake. Both days are taken in whole."""
        until = _midnight(date.fromisoformat(self.last)) + timedelta(days=1)
        return TrailQuery(
            since=_midnight(date.fromisoformat(self.first)),
            until=until,
            service=self.service or None,
            kind=self.kind or None,
            before=self.before,
        )


def filter_of(query: Mapping[str, str], today: date) -> Filter:
    """Read the form; a day that is missing is today, or thirty days before."""
    service, kind = query.get("service", "").strip(), query.get("kind", "").strip()
    last = query.get("to", "").strip() or today.isoformat()
    first = query.get("from", "").strip() or (today - timedelta(days=DAYS)).isoformat()
    mistakes: dict[str, str] = {}
    if service and not _SERVICE.fullmatch(service):
        mistakes["service"] = "A service's name has small letters, digits and hyphens, at most 40 of them."
    if kind and not _KIND.fullmatch(kind):
        mistakes["kind"] = "A kind is a word such as approval, or deployment.succeeded."
    mistakes |= {
        name: "Write the day as year-month-day, for example 2026-11-23."
        for name, day in (("from", first), ("to", last))
        if not _is_day(day)
    }
    if not mistakes and first > last:
        mistakes["from"] = "The first day comes after the last one."
    before = query.get("before", "")
    return Filter(service, kind, first, last, before if _POSITION.fullmatch(before) else None, mistakes)


def as_json(page: TrailPage, wanted: Filter) -> str:
    """The entries as JSON; ``next`` is the query string of what comes before them, or null."""
    following = wanted.address(before=page.older) if page.older else None
    return json.dumps({"entries": [_plain(entry) for entry in page.entries], "next": following}, indent=1)


def as_csv(page: TrailPage) -> str:
    """The entries as CSV with a heading (RFC 4180).

    A text that a spreadsheet would take for a formula gets an apostrophe in front:
    https://owasp.org/www-community/attacks/CSV_Injection
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in page.entries:
        plain = _plain(entry) | {"entry": json.dumps(entry.entry, ensure_ascii=False, sort_keys=True)}
        writer.writerow([_no_formula(str(plain[column] or "")) for column in COLUMNS])
    return out.getvalue()


def _plain(entry: Entry) -> dict[str, object]:
    return {
        "at": time_text(entry.at),
        "service": service_in(entry.subject),
        "subject": entry.subject,
        "kind": entry.kind,
        "by": who(entry.entry),
        "why": why(entry.entry),
        "entry": entry.entry,
    }


def _no_formula(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value


def _is_day(day: str) -> bool:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return False
    return day == found.isoformat() and 2000 <= found.year < 3000


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
