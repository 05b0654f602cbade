"""Frozen environments, in DynamoDB."""

from __future__ import annotations

from datetime import datetime

from tidegate.aws.places import Places
from tidegate.aws.table import ABSENT, PRESENT, ConditionFailed, Table
from tidegate.domain.plain import time_text
from tidegate.ports import Freezes

_SORT_KEY = "FREEZE"


class DynamoFreezes(Freezes):
    """Freezes, one item for each frozen environment."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._places = Places(table)

    def set(self, service: str, environment: str, *, reason: str, by: str | None, at: datetime) -> bool:
        key = {"pk": _partition(service, environment), "sk": _SORT_KEY}
        item = {**key, "reason": reason, "by": by, "at": time_text(at)}
        try:
            self._table.put(item, ABSENT)
        except ConditionFailed as failed:
            if failed.item != item:
                return False
        self._places.freeze(service, environment, reason)
        return True

    def lift(self, service: str, environment: str) -> bool:
        try:
            self._table.delete(_partition(service, environment), _SORT_KEY, PRESENT)
        except ConditionFailed:
            self._places.freeze(service, environment, None)
            return False
        self._places.freeze(service, environment, None)
        return True

    def reason(self, service: str, environment: str) -> str | None:
        item = self._table.get(_partition(service, environment), _SORT_KEY)
        return item["reason"] if item else None


def _partition(service: str, environment: str) -> str:
    return f"FREEZE#{service}/{environment}"
