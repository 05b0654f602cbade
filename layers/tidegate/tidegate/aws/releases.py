"""The releases in DynamoDB: every change is one conditional write."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tidegate.aws.items import Item, without_nones
from tidegate.aws.table import ABSENT, PRESENT, ConditionFailed, Table
from tidegate.domain.outcome import Outcome, StopSignal
from tidegate.domain.plain import from_plain, time_text, to_plain
from tidegate.domain.release import Release, service_of
from tidegate.errors import Terminal
from tidegate.ports import Releases

_PREFIX = "RELEASE#"
_NOT_STOPPED = "attribute_not_exists(#stop)"
_NOT_ENDED = "attribute_not_exists(#outcome)"
_CLEARED = "#stop, #stop_reason, #outcome, #outcome_reason, #failed_environment, #ended_at"


class DynamoReleases(Releases):
    """A release lies with its service, so that the newest are read consistently."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, release: Release) -> bool:
        pk, sk = _key(release.id)
        try:
            item = {"pk": pk, "sk": sk, **without_nones(to_plain(release)), "release": release.id}
            self._table.put(item | ({} if release.ended else _open(release.id)), ABSENT)
        except ConditionFailed as failed:
            return failed.item is not None and _read(failed.item) == release
        return True

    def get(self, release: str) -> Release | None:
        if service_of(release) is None:
            return None
        item = self._table.get(*_key(release))
        return _read(item) if item else None

    def newest(self, service: str, limit: int = 20, *, before: str | None = None) -> tuple[Release, ...]:
        pk = f"SERVICE#{service}"
        if before is None:
            items = self._table.query(pk, prefix=_PREFIX, newest_first=True, limit=limit)
        else:
            items = self._table.query_before(pk, f"{_PREFIX}{before}", prefix=_PREFIX, limit=limit)
        return tuple(_read(item) for item in items)

    def start_attempt(self, release: str, attempt: int, execution: str) -> bool:
        # A repeated call changes nothing: a retry must not clear a stop signal that came meanwhile.
        noted = {"attempt": attempt, "execution": execution}
        same = "#attempt = :attempt AND (attribute_not_exists(#execution) OR #execution = :execution)"
        if self._change(release, "SET #execution = :execution", same, **noted) is None:
            return True
        listed = "#open = :open, #open_since = :open_since"
        fresh = f"SET #attempt = :attempt, #execution = :execution, {listed} REMOVE {_CLEARED}"
        return self._change(release, fresh, "#attempt < :attempt", **noted, **_open(release)) is None

    def touch(self, release: str, environment: str, *, production: bool) -> bool:
        border = ", #production_touched = :production" if production else ""
        values: dict[str, Any] = {"environment": environment, "added": [environment]}
        values |= {"production": True} if production else {}
        update = f"SET #touched = list_append(#touched, :added){border}"
        going = f"{_NOT_ENDED} AND {_NOT_STOPPED}"
        condition = f"{going} AND NOT contains(#touched, :environment)"
        refused = self._change(release, update, condition, **values)
        if refused is None:
            return True
        if refused.stop is not None or refused.ended:
            return False
        if refused.production_touched or not production:
            return True
        update = "SET #production_touched = :production"
        return self._change(release, update, going, production=True) is None

    def stop(self, release: str, signal: StopSignal, reason: str, *, unless_production: bool) -> bool:
        values: dict[str, Any] = {"stop": signal.value, "reason": reason}
        condition = f"{_NOT_ENDED} AND {_NOT_STOPPED}"
        if unless_production:
            condition += " AND #production_touched = :untouched"
            values["untouched"] = False
        refused = self._change(release, "SET #stop = :stop, #stop_reason = :reason", condition, **values)
        if refused is None:
            return True
        return not refused.ended and (refused.stop, refused.stop_reason) == (signal, reason)

    def note_requester(self, release: str, requested_by: str) -> bool:
        update, absent = "SET #requested_by = :name", "attribute_not_exists(#requested_by)"
        refused = self._change(release, update, absent, name=requested_by)
        return refused is None or refused.requested_by == requested_by

    def note_pusher(self, release: str, pusher: str) -> bool:
        update = "SET #pushed_by = list_append(if_not_exists(#pushed_by, :none), :added)"
        values: dict[str, Any] = {"pusher": pusher, "none": [], "added": [pusher]}
        return self._change(release, update, "NOT contains(#pushed_by, :pusher)", **values) is None

    def mark_point_of_no_return(self, release: str) -> None:
        self._change(release, "SET #point_of_no_return = :true", PRESENT, true=True)

    def end(
        self, release: str, outcome: Outcome, reason: str, *, at: datetime, environment: str | None
    ) -> bool:
        values = {"outcome": outcome.value, "reason": reason, "at": time_text(at)}
        update = "SET #outcome = :outcome, #outcome_reason = :reason, #ended_at = :at"
        if environment is not None:
            update += ", #failed_environment = :environment"
            values["environment"] = environment
        update += " REMOVE #open, #open_since"
        refused = self._change(release, update, _NOT_ENDED, **values)
        if refused is None:
            return True
        ending = (refused.outcome, refused.outcome_reason, refused.failed_environment)
        return ending == (outcome, reason, environment)

    def _change(self, release: str, update: str, condition: str, **values: Any) -> Release | None:
        """Change a release that is there; None when it was changed, else the release that refused it.

        Raises:
            Terminal: there is no such release.
        """
        try:
            self._table.update(*_key(release), update, f"{PRESENT} AND {condition}", **values)
        except ConditionFailed as failed:
            if failed.item is None:
                raise Terminal(f"There is no release {release}.") from failed
            return _read(failed.item)
        return None


def _key(release: str) -> tuple[str, str]:
    service = service_of(release)
    if service is None:
        raise Terminal(f"{release} is no release id.")
    return f"SERVICE#{service}", f"{_PREFIX}{release}"


def _open(release: str) -> dict[str, str]:
    """What lists it among the open work until it ends; an id is the service, then the time."""
    return {"open": "yes", "open_since": f"release#{release[-23:]}#{release}"}


def _read(item: Item) -> Release:
    return from_plain(Release, item)
