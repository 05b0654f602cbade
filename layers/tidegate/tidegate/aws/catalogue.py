"""The service catalogue in DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tidegate.aws.items import Item
from tidegate.aws.places import Places
from tidegate.aws.table import ABSENT, ConditionFailed, Table
from tidegate.domain.service import Service
from tidegate.errors import Terminal
from tidegate.ports import Catalogue

_NEWEST = "NEWEST"
_NAMES = "SERVICES"
_TRANSACTION = 100
"""Writes that one transaction may hold."""

Key = tuple[str, str]


class DynamoCatalogue(Catalogue):
    """Manifests are stored as JSON text, so that they come back digit by digit."""

    def __init__(self, table: Table, ledger: Callable[[], Table]) -> None:
        self._table = table
        self._ledger = ledger

    def get(self, service: str, revision: int | None = None) -> tuple[int, Service] | None:
        item = self._table.get(_partition(service), _NEWEST if revision is None else _revision_key(revision))
        return read_revision(item) if item else None

    def put(self, service: Service, *, after: int) -> int:
        before = self._table.get(_partition(service.name), _NEWEST)
        try:
            self._table.transact(*self._writes(service, after, before))
        except ConditionFailed as failed:
            stored = self.get(service.name, after + 1)
            if stored is None or stored[1] != service:
                raise Terminal(_conflict(service.name, after, stored)) from failed
        Places(self._ledger()).describe(service, after + 1)
        return after + 1

    def feeding(self, repository: str) -> tuple[str, ...]:
        return tuple(item["sk"] for item in self._table.query(f"REPOSITORY#{repository}"))

    def watching(self, alarm: str) -> tuple[tuple[str, str], ...]:
        items = self._table.query(f"ALARM#{alarm}")
        return tuple((item["service"], item["environment"]) for item in items)

    def names(self) -> tuple[str, ...]:
        return tuple(item["sk"] for item in self._table.query(_NAMES))

    def _writes(self, service: Service, after: int, before: Item | None) -> list[dict[str, Any]]:
        """The new revision, the copy that is the newest, and whatever in the index differs from before."""
        index = _index(service)
        indexed = _index(read_revision(before)[1]) if before else {}
        revision = {"revision": after + 1, "manifest": json.dumps(service.to_json())}
        partition = _partition(service.name)
        newest = {"pk": partition, "sk": _NEWEST, **revision}
        writes = [
            self._table.putting({"pk": partition, "sk": _revision_key(after + 1), **revision}, ABSENT),
            self._table.putting(newest, "#revision = :after", after=after)
            if after
            else self._table.putting(newest, ABSENT),
            *(self._table.putting(index[key]) for key in index if key not in indexed),
            *(self._table.deleting(*key) for key in indexed if key not in index),
        ]
        if len(writes) > _TRANSACTION:
            raise Terminal(
                f"This revision of service {service.name} adds or drops {len(writes) - 2} repositories and "
                f"alarms; at most {_TRANSACTION - 2} can change at once."
            )
        return writes


def _partition(service: str) -> str:
    return f"SERVICE#{service}"


def _revision_key(revision: int) -> str:
    return f"REVISION#{revision:08d}"


def revision_key(service: str, revision: int) -> Key:
    """Where a revision of a service lies, for whoever reads it together with other items."""
    return _partition(service), _revision_key(revision)


def read_revision(item: Item) -> tuple[int, Service]:
    """A stored revision, with its number."""
    return item["revision"], Service.from_json(json.loads(item["manifest"]))


def _index(service: Service) -> dict[Key, Item]:
    """The index items of a service by key: its name, its repositories, the alarms of its environments."""
    items: list[Item] = [{"pk": _NAMES, "sk": service.name}]
    items += [{"pk": f"REPOSITORY#{repository}", "sk": service.name} for repository in service.repositories]
    items += [
        {
            "pk": f"ALARM#{alarm}",
            "sk": f"{service.name}/{environment.name}",
            "service": service.name,
            "environment": environment.name,
        }
        for environment in service.environments
        for alarm in environment.strategy.alarms.names
    ]
    return {(item["pk"], item["sk"]): item for item in items}


def _conflict(service: str, after: int, stored: tuple[int, Service] | None) -> str:
    if stored is None:
        return f"Revision {after} of service {service} is not the newest one, so nothing can follow it."
    return f"Revision {stored[0]} of service {service} was stored by somebody else."
