"""What the status pages show, from the indexes of DynamoDB: one call for each page, bounded in its size."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from tidegate.aws.items import Item
from tidegate.aws.places import PLACES, grouped
from tidegate.aws.schema import BY_MONTH, BY_RELEASE, BY_SERVICE, EVERY_WAIT, LISTED_WAITS, OPEN_WORK
from tidegate.aws.table import Table
from tidegate.domain.approval import Approval
from tidegate.domain.deployment import Deployment
from tidegate.domain.plain import from_plain
from tidegate.domain.release import Release
from tidegate.domain.status import (
    Entry,
    History,
    OpenApproval,
    OpenRelease,
    OpenWork,
    Quarantined,
    ServicesPage,
    ServiceStatus,
    TrailPage,
    TrailQuery,
    Waiting,
    month_begins,
)
from tidegate.ports import Status

_LAST = "~"
"""It sorts after everything that is stored."""
_PER_SERVICE = 5
"""Items that a service has, as a rule: itself and four environments. With more, a page has fewer services."""
_MOST_OF_ONE = 120
_MOST_OF_A_RELEASE = 500
_LOOKED_AT = 1000
"""Entries that one call looks at when only some kinds are wanted."""
_CALLS = 2


class DynamoStatus(Status):
    """No method makes more calls than it says, so an answer may be short and name where to go on."""

    def __init__(self, ledger: Table, waits: Table) -> None:
        self._ledger = ledger
        self._waits = waits

    def open_work(self, limit: int, *, after: str | None = None) -> OpenWork:
        begin = after or " "
        items, last = self._ledger.page("yes", index=OPEN_WORK, between=(begin, _LAST), limit=limit + 2)
        items = [item for item in items if item["open_since"] != after]
        more = str(items[limit - 1]["open_since"]) if len(items) > limit else last
        shown = items[:limit]
        return OpenWork(
            tuple(from_plain(OpenApproval, each) for each in shown if _is_approval(each)),
            tuple(from_plain(OpenRelease, each) for each in shown if not _is_approval(each)),
            more,
        )

    def waiting(self, limit: int, *, release: str | None = None) -> tuple[Waiting, ...]:
        items, _ = self._waits.page(release or EVERY_WAIT, index=LISTED_WAITS, limit=limit)
        return tuple(from_plain(Waiting, item) for item in items)

    def services(self, limit: int, *, prefix: str = "", after: str | None = None) -> ServicesPage:
        begin = f"{after}$" if after else prefix or " "  # `$` follows `#`: after all that the service has
        bounds = (begin, prefix + _LAST)
        if bounds[0] > bounds[1]:
            return ServicesPage(())
        items, last = self._ledger.page(
            PLACES, between=bounds, limit=max(_MOST_OF_ONE, limit * _PER_SERVICE) + 1
        )
        found = grouped(items)
        if last is not None and len(found) > 1:
            found.pop()  # of the last one, only a part may have been read
        shown = found[:limit]
        more = shown[-1].name if shown and (last is not None or len(found) > limit) else None
        return ServicesPage(tuple(shown), more)

    def service(self, name: str) -> ServiceStatus | None:
        items, _ = self._ledger.page(PLACES, prefix=f"{name}#", limit=_MOST_OF_ONE)
        return next(iter(grouped(items)), None)

    def history(self, release: str) -> History | None:
        items, last = self._ledger.page(
            release, index=BY_RELEASE, limit=_MOST_OF_A_RELEASE, newest_first=True
        )
        own = _of(items, "SERVICE#")
        if not own:
            return None
        deployments = [from_plain(Deployment, item) for item in _of(items, "DEPLOYMENTS#")]
        approvals = [from_plain(Approval, item) for item in _of(items, "APPROVAL#")]
        bad = [item for item in _of(items, "QUARANTINE#") if str(item["sk"]).startswith("IN#")]
        return History(
            from_plain(Release, own[0]),
            tuple(sorted(deployments, key=lambda each: each.id)),
            tuple(sorted(approvals, key=lambda each: each.requested_at)),
            tuple(_entry(item) for item in reversed(_of(items, "JOURNAL#"))),
            tuple(from_plain(Quarantined, item) for item in reversed(bad)),
            complete=last is None,
        )

    def trail(self, query: TrailQuery, limit: int) -> TrailPage:
        if query.upper <= query.lower:
            return TrailPage(())
        if query.service is not None:
            return self._read_on(query, limit)
        found: list[Item] = []
        upper = query.upper
        for call, month in enumerate(query.months()):
            if call == _CALLS or len(found) >= limit:
                return _page(found, upper)
            items, last = self._look(query, limit - len(found), upper, month=month)
            found += items
            if last is not None:
                return _page(found, last)
            upper = min(upper, month_begins(month))
        return _page(found, None)

    def _read_on(self, query: TrailQuery, limit: int) -> TrailPage:
        """The trail of one service, which is one partition however long it is."""
        found: list[Item] = []
        last: str | None = query.upper
        for _ in range(_CALLS):
            items, last = self._look(query, limit - len(found), str(last))
            found += items
            if last is None or len(found) >= limit:
                break
        return _page(found, last)

    def _look(
        self, query: TrailQuery, wanted: int, upper: str, month: str | None = None
    ) -> tuple[list[Item], str | None]:
        """One call: at most so many entries before a position, and the position to go on from."""
        index, value = (BY_MONTH, month) if month else (BY_SERVICE, query.service)
        # BETWEEN takes its ends in: one entry more, because the upper one was shown already.
        looked_at = _LOOKED_AT if query.kind else wanted + 2
        items, last = self._ledger.page(
            str(value),
            index=index,
            between=(query.lower, upper),
            limit=looked_at,
            kind=query.kind or "",
            newest_first=True,
        )
        items = [item for item in items if item["sk"] != upper]
        if len(items) > wanted:
            return items[:wanted], str(items[wanted - 1]["sk"])
        return items, last


def _page(found: Sequence[Item], older: str | None) -> TrailPage:
    return TrailPage(tuple(_entry(item) for item in found), older)


def _is_approval(item: Item) -> bool:
    return str(item["open_since"]).startswith("approval#")


def _of(items: Sequence[Item], partition: str) -> list[Item]:
    return [item for item in items if str(item["pk"]).startswith(partition)]


def _entry(item: Item) -> Entry:
    subject = str(item["pk"]).partition("#")[2]
    at = datetime.fromisoformat(item["at"])
    return Entry(at, subject, item["kind"], item["key"], item["entry"])
