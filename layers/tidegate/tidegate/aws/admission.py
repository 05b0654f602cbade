"""How often one link may be used: looking is counted in memory, as it writes nothing; forms in the table."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime

from tidegate.aws.table import PRESENT, ConditionFailed, Table
from tidegate.domain.plain import time_text

MOST_VISITS = 60
"""Requests for one link in a minute that one process answers: mail scanners open links several times."""
MOST_FORMS = 20
"""Forms that one link may send in a minute: a person needs one or two."""
_MOST_LINKS = 5000


class Visits:
    """Visits by link in the present minute; links that were not seen for longest are forgotten first."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def admit(self, link: str, at: datetime) -> bool:
        """Count a visit; False when there have been too many in this minute."""
        minute = int(at.timestamp() // 60)
        known, count = self._seen.pop(link, (minute, 0))
        count = count + 1 if known == minute else 1
        self._seen[link] = (minute, count)
        if len(self._seen) > _MOST_LINKS:
            self._seen.popitem(last=False)
        return count <= MOST_VISITS


def count_form(table: Table, link: tuple[str, str], at: datetime) -> bool:
    """Count a form in the item of its link; False when there have been too many in this minute.

    Of a link that does not exist nothing is written, and nothing is learnt here: the answer is True.
    """
    minute = time_text(at)[:16]
    try:
        again, few = "SET #forms = #forms + :one", f"{PRESENT} AND #minute = :minute AND #forms < :most"
        table.update(*link, again, few, minute=minute, one=1, most=MOST_FORMS)
    except ConditionFailed as failed:
        if failed.item is None:
            return True
        if failed.item.get("minute") == minute:
            return False
        first = "SET #minute = :minute, #forms = :one"
        other = f"{PRESENT} AND (attribute_not_exists(#minute) OR #minute <> :minute)"
        try:
            table.update(*link, first, other, minute=minute, one=1)
        except ConditionFailed:
            return True  # somebody else began the minute just now
    return True
