"""Waiting task tokens, in DynamoDB."""

from __future__ import annotations

from typing import Any

from tidegate.aws.items import Item
from tidegate.aws.schema import EVERY_WAIT
from tidegate.aws.table import ConditionFailed, Table
from tidegate.domain.plain import from_plain, to_plain
from tidegate.ports import Wait, Waits

_MINE = "attribute_not_exists(pk) OR #token = :token"


class DynamoWaits(Waits):
    """Each wait lies under its subject and under its release, written together."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, wait: Wait) -> None:
        expires = int(wait.expires_at.timestamp())
        body = {**to_plain(wait), "expires": expires}
        lists = (EVERY_WAIT, wait.release)
        self._table.transact(
            *(
                self._table.putting({"pk": pk, "sk": sk, **body, "list": listed})
                for (pk, sk), listed in zip(_keys(wait), lists, strict=True)
            )
        )

    def on(self, subject: str) -> tuple[Wait, ...]:
        return _oldest_first(self._table.query(f"SUBJECT#{subject}"))

    def of_release(self, release: str) -> tuple[Wait, ...]:
        return _oldest_first(self._table.query(f"RELEASE#{release}"))

    def remove(self, wait: Wait) -> None:
        deletions: list[dict[str, Any]] = [
            self._table.deleting(pk, sk, _MINE, token=wait.token) for pk, sk in _keys(wait)
        ]
        try:
            self._table.transact(*deletions)
        except ConditionFailed:
            return


def _keys(wait: Wait) -> tuple[tuple[str, str], tuple[str, str]]:
    return (
        (f"SUBJECT#{wait.subject}", wait.name),
        (f"RELEASE#{wait.release}", f"{wait.subject}#{wait.name}"),
    )


def _oldest_first(items: list[Item]) -> tuple[Wait, ...]:
    waits = [from_plain(Wait, item) for item in items]
    return tuple(sorted(waits, key=lambda wait: (wait.created_at, wait.subject, wait.name)))
