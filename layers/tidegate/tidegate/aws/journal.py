"""The audit trail in DynamoDB."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tidegate.aws.items import Item, fitted, without_nones
from tidegate.aws.table import ABSENT, ConditionFailed, Table
from tidegate.domain.plain import time_text, to_plain
from tidegate.domain.release import service_of
from tidegate.domain.status import service_in
from tidegate.ports import Journal


class DynamoJournal(Journal):
    """Entries sort by time; a second item for each key keeps it unique."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def append(self, subject: str, kind: str, entry: Mapping[str, Any], *, at: datetime, key: str) -> bool:
        line = {"at": time_text(at), "kind": kind, "key": key, "entry": fitted(to_plain(entry))}
        item = {
            "pk": f"JOURNAL#{subject}",
            "sk": f"{line['at']}#{key}",
            **line,
            **_listed(subject, line["at"]),
        }
        known = {"pk": f"JOURNAL-KEY#{subject}", "sk": key}
        try:
            self._table.transact(self._table.putting(known, ABSENT), self._table.putting(item, ABSENT))
        except ConditionFailed:
            return False
        return True

    def entries(self, subject: str, limit: int = 200) -> tuple[dict[str, Any], ...]:
        items = self._table.query(f"JOURNAL#{subject}", newest_first=True, limit=limit)
        return tuple(
            {name: item[name] for name in ("at", "kind", "key", "entry")} for item in reversed(items)
        )


def _listed(subject: str, at: str) -> Item:
    """What lists an entry by its month, its service and its release."""
    release = subject if service_of(subject) else None
    return without_nones({"month": at[:7], "about": service_in(subject), "release": release})
