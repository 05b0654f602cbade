"""What has been taken in, in DynamoDB."""

from __future__ import annotations

from datetime import datetime, timedelta

from tidegate.aws.table import ABSENT, ConditionFailed, Table
from tidegate.domain.plain import time_text
from tidegate.errors import Transient
from tidegate.ports import Intake

_SORT_KEY = "INTAKE"


class DynamoIntake(Intake):
    """Claims, one item for each key that was taken in."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def first(self, key: str, *, at: datetime, value: str, again_after_seconds: int | None = None) -> str:
        item = {"pk": _partition(key), "sk": _SORT_KEY, "value": value, "at": time_text(at)}
        condition, window = ABSENT, {}
        if again_after_seconds is not None:
            span = timedelta(seconds=again_after_seconds)
            condition = f"{ABSENT} OR #at < :earliest OR #at > :latest"
            window = {"earliest": time_text(at - span), "latest": time_text(at + span)}
        try:
            self._table.put(item, condition, **window)
        except ConditionFailed as failed:
            if failed.item is None:
                raise Transient(f"The claim on {key} changed while it was read.") from failed
            return str(failed.item["value"])
        return value

    def seen(self, key: str) -> tuple[str, datetime] | None:
        item = self._table.get(_partition(key), _SORT_KEY)
        return (item["value"], datetime.fromisoformat(item["at"])) if item else None


def _partition(key: str) -> str:
    return f"INTAKE#{key}"
