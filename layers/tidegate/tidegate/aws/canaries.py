"""Canaries and their judged periods in DynamoDB."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from tidegate.aws.items import Item, without_nones
from tidegate.aws.table import ABSENT, ConditionFailed, Table
from tidegate.domain.canary import Canary, JudgedPeriod
from tidegate.domain.plain import from_plain, time_text, to_plain
from tidegate.errors import Terminal
from tidegate.ports import Canaries

_SORT_KEY = "CANARY"
_ACTIVE = "CANARIES"
_ENDED = "ended"
_UNCHANGED = "#id = :id AND #version = :version"
_LIMIT = 350_000
"""Bytes of JSON of one record; an item of DynamoDB may have 400 KB."""


class DynamoCanaries(Canaries):
    """One record for each service and environment, and a list of those that have not ended.

    The floating-point numbers of the judge lie in JSON texts, because a number of DynamoDB has neither
    infinity nor more than 38 digits nor less than 1E-130.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def open(self, canary: Canary) -> Canary:
        opened = replace(canary, version=1)
        over = "#phase = :ended AND #id <> :id"
        record = self._table.putting(_item(opened), f"{ABSENT} OR ({over})", ended=_ENDED, id=canary.id)
        try:
            self._table.transact(record, self._table.putting(_entry(canary)))
        except ConditionFailed as failed:
            known = self.get(canary.service, canary.environment)
            if known is None or known.id != canary.id:
                which = "Another canary" if known is None else f"Canary {known.id}"
                where = f"of {canary.service} in {canary.environment}"
                raise Terminal(f"{which} {where} has not ended.") from failed
            return known
        return opened

    def get(self, service: str, environment: str) -> Canary | None:
        item = self._table.get(_partition(service, environment), _SORT_KEY)
        return _read(item) if item else None

    def save(self, canary: Canary) -> Canary | None:
        saved = replace(canary, version=canary.version + 1)
        try:
            self._table.put(_item(saved), _UNCHANGED, id=canary.id, version=canary.version)
        except ConditionFailed:
            return self._if_stored(saved)
        return saved

    def end(self, canary: Canary) -> Canary | None:
        saved, entry = replace(canary, version=canary.version + 1), _entry(canary)
        record = self._table.putting(_item(saved), _UNCHANGED, id=canary.id, version=canary.version)
        try:
            self._table.transact(record, self._table.deleting(entry["pk"], entry["sk"]))
        except ConditionFailed:
            return self._if_stored(saved)
        return saved

    def _if_stored(self, saved: Canary) -> Canary | None:
        """A write whose answer got lost is sent again, and then meets itself."""
        known = self.get(saved.service, saved.environment)
        return known if known == saved else None

    def active(self) -> tuple[Canary, ...]:
        entries = self._table.query(_ACTIVE)
        found = self._table.get_all([(f"CANARY#{entry['sk']}", _SORT_KEY) for entry in entries])
        return tuple(canary for canary in map(_read, found) if canary.phase != _ENDED)

    def add_periods(self, canary: str, periods: Sequence[JudgedPeriod]) -> None:
        for period in periods:
            try:
                self._table.put(_period_item(canary, period), ABSENT)
            except ConditionFailed:
                continue

    def periods(self, canary: str) -> tuple[JudgedPeriod, ...]:
        items = self._table.query(_periods(canary))
        return tuple(from_plain(JudgedPeriod, json.loads(item["period"])) for item in items)


def _partition(service: str, environment: str) -> str:
    return f"CANARY#{service}/{environment}"


def _entry(canary: Canary) -> Item:
    return {"pk": _ACTIVE, "sk": f"{canary.service}/{canary.environment}"}


def _periods(canary: str) -> str:
    return f"CANARY-PERIODS#{canary}"


def _period_item(canary: str, period: JudgedPeriod) -> Item:
    text = json.dumps(to_plain(period), sort_keys=True)
    return {"pk": _periods(canary), "sk": time_text(period.at), "period": text}


def _item(canary: Canary) -> Item:
    plain = to_plain(canary)
    plain["readings"] = json.dumps(plain["readings"], sort_keys=True)
    item = {"pk": _partition(canary.service, canary.environment), "sk": _SORT_KEY, **without_nones(plain)}
    size = len(json.dumps(item).encode())
    if size > _LIMIT:
        raise Terminal(f"Canary {canary.id} cannot be stored: its record has {size} bytes.")
    return item


def _read(item: Item) -> Canary:
    return from_plain(Canary, {**item, "readings": json.loads(item["readings"])})
