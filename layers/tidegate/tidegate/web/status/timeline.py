"""The timeline of a release: everything that the journal and the records say, in its order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidegate.domain.status import Entry, History
from tidegate.web.status.wording import kind_words, tone
from tidegate.web.view import duration

_SAID_APART = frozenset(
    {"environment", "reason", "comment", "why", "by", "requested_by", "checks", "execution"}
)
LONGEST = 2000
"""Characters of one text; the whole is in the export of the audit trail."""
PROGRESS = "deployment.progress"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        after: How long after the release was created.
        who: Who did it, where a person did.
        why: The reason or the comment.
        figures: Label and value of everything else that fits into a line.
        checks: Name, status and reason of each check.
    """

    at: datetime
    after: str
    title: str
    tone: str = ""
    environment: str = ""
    who: str = ""
    why: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    checks: tuple[tuple[str, str, str], ...] = ()


def timeline(history: History) -> tuple[Event, ...]:
    """The events of a release, oldest first; of several progress entries in a row only the last is kept."""
    begun = [
        Entry(
            each.opened_at,
            each.release,
            "deployment.opened",
            each.id,
            {"environment": each.environment, "strategy": each.strategy, "attempt": each.attempt},
        )
        for each in history.deployments
    ]
    entries = sorted([*begun, *history.entries], key=lambda entry: entry.at)
    start = history.release.created_at
    return tuple(event_of(entry, start) for entry in _without_repetition(entries))


def event_of(entry: Entry, start: datetime | None = None) -> Event:
    """One entry of the journal, as people read it."""
    said = entry.entry
    return Event(
        at=entry.at,
        after=duration((entry.at - start).total_seconds()) if start else "",
        title=kind_words(entry.kind),
        tone=tone(entry.kind),
        environment=text(said.get("environment")),
        who=who(said),
        why=why(said),
        figures=_figures(said),
        checks=checks_of(said.get("checks")),
    )


def who(said: Mapping[str, Any]) -> str:
    """Who did it, as far as the entry says."""
    return text(said.get("by") or said.get("requested_by"))


def why(said: Mapping[str, Any]) -> str:
    """The reason, the comment, or what went wrong."""
    return " ".join(filter(None, (text(said.get(name)) for name in ("reason", "comment", "why"))))


def text(value: Any) -> str:
    """Any value as text that a person still reads; nothing for None."""
    if value is None or value == "":
        return ""
    plain = _plain(value)
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST - 1]}…"


def _plain(value: Any) -> str:
    """A list as its items, a mapping as its names and values; what is nested deeper as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple) and all(isinstance(each, str | int | float) for each in value):
        return ", ".join(map(str, value))
    if isinstance(value, Mapping) and all(isinstance(each, str | int | float) for each in value.values()):
        return ", ".join(f"{name}: {each}" for name, each in value.items())
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def checks_of(value: Any) -> tuple[tuple[str, str, str], ...]:
    """Name, status and reason of each check, whatever else it carries."""
    checks = value if isinstance(value, list | tuple) else ()
    return tuple(
        (text(check.get("name")), text(check.get("status")), text(check.get("reason")))
        for check in checks
        if isinstance(check, Mapping)
    )


def _figures(said: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    shown = ((name.replace("_", " "), text(value)) for name, value in said.items() if name not in _SAID_APART)
    return tuple((name, value) for name, value in shown if value)


def _without_repetition(entries: list[Entry]) -> Iterable[Entry]:
    """Each entry, but of progress entries in a row, about one environment, only the last."""
    for index, entry in enumerate(entries):
        following = entries[index + 1] if index + 1 < len(entries) else None
        if following is None or entry.kind != PROGRESS or not _continues(entry, following):
            yield entry


def _continues(entry: Entry, following: Entry) -> bool:
    same = entry.entry.get("environment") == following.entry.get("environment")
    return following.kind == PROGRESS and same
