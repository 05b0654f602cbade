"""Image digests in quarantine, in DynamoDB."""

from __future__ import annotations

from datetime import datetime

from tidegate.aws.items import without_nones
from tidegate.aws.table import ABSENT, PRESENT, ConditionFailed, Table
from tidegate.domain.plain import time_text
from tidegate.ports import Quarantine

_IN = "IN#"


class DynamoQuarantine(Quarantine):
    """What is lifted is kept beside what is still in."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, service: str, digest: str, *, reason: str, release: str | None, at: datetime) -> bool:
        evidence = {"digest": digest, "reason": reason, "release": release, "at": time_text(at)}
        # The release is the key of an index, in which there is nothing empty.
        item = {"pk": _partition(service), "sk": f"{_IN}{digest}", **without_nones(evidence)}
        try:
            self._table.put(item, ABSENT)
        except ConditionFailed as failed:
            return failed.item == item
        return True

    def lift(self, service: str, digest: str, *, reason: str, by: str | None, at: datetime) -> bool:
        pk = _partition(service)
        record = {"digest": digest, "reason": reason, "by": by, "at": time_text(at)}
        sk = f"LIFTED#{digest}#{record['at']}"
        lifted = {"pk": pk, "sk": sk, **record}
        try:
            self._table.transact(
                self._table.deleting(pk, f"{_IN}{digest}", PRESENT), self._table.putting(lifted)
            )
        except ConditionFailed:
            return self._table.get(pk, sk) == lifted
        return True

    def digests(self, service: str) -> dict[str, str]:
        items = self._table.query(_partition(service), prefix=_IN)
        return {item["digest"]: item["reason"] for item in items}


def _partition(service: str) -> str:
    return f"QUARANTINE#{service}"
