"""The locks in DynamoDB."""

from __future__ import annotations

from datetime import datetime

from tidegate.aws.items import Item
from tidegate.aws.schema import HELD_LOCKS
from tidegate.aws.table import ConditionFailed, Table
from tidegate.domain.lock import Lock, lock_key
from tidegate.domain.plain import from_plain, time_text
from tidegate.ports import Locks

_SORT_KEY = "LOCK"
_HELD = "yes"
_GIVE = (
    "SET #fence = if_not_exists(#fence, :none) + :one, #owner = :owner, #release = :release, "
    "#acquired_at = :at, #held = :held, #service = :service, #environment = :environment"
)


class DynamoLocks(Locks):
    """A lock that is given back stays, without an owner, so that its fence counts on."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def acquire(
        self, service: str, environment: str, *, owner: str, release: str, at: datetime
    ) -> Lock | None:
        given = {"owner": owner, "release": release, "at": time_text(at)}
        return self._give(service, environment, "attribute_not_exists(#owner)", given)

    def take_over(
        self, service: str, environment: str, *, owner: str, release: str, at: datetime, from_owner: str
    ) -> Lock | None:
        given = {"owner": owner, "release": release, "at": time_text(at), "from_owner": from_owner}
        return self._give(service, environment, "#owner = :from_owner", given)

    def holder(self, service: str, environment: str) -> Lock | None:
        item = self._table.get(lock_key(service, environment), _SORT_KEY)
        return _read(item) if item and "owner" in item else None

    def release(self, service: str, environment: str, *, owner: str) -> bool:
        update = "SET #last_owner = :owner REMOVE #owner, #release, #acquired_at, #held"
        try:
            self._table.update(
                lock_key(service, environment), _SORT_KEY, update, "#owner = :owner", owner=owner
            )
        except ConditionFailed as failed:
            free = failed.item is not None and "owner" not in failed.item
            return free and failed.item is not None and failed.item.get("last_owner") == owner
        return True

    def all(self) -> tuple[Lock, ...]:
        return tuple(_read(item) for item in self._table.query_index(HELD_LOCKS, _HELD))

    def _give(self, service: str, environment: str, condition: str, given: dict[str, str]) -> Lock | None:
        place = {"service": service, "environment": environment, "held": _HELD}
        key = lock_key(service, environment)
        try:
            item = self._table.update(key, _SORT_KEY, _GIVE, condition, none=0, one=1, **given, **place)
        except ConditionFailed as failed:
            held = failed.item
            return _read(held) if held and held.get("owner") == given["owner"] else None
        return _read(item)


def _read(item: Item) -> Lock:
    return from_plain(Lock, item)
