"""Links to the status pages and sessions at them, in DynamoDB."""

from __future__ import annotations

import contextlib
from datetime import datetime

from tidegate.aws.items import Item
from tidegate.aws.table import ABSENT, PRESENT, ConditionFailed, Table
from tidegate.domain.plain import from_plain, time_text, to_plain
from tidegate.domain.session import Session
from tidegate.ports import Sessions

_LINK, _SESSION = "LINK", "SESSION"


class DynamoSessions(Sessions):
    """Items go by time to live; until they have gone, their own time limit tells that they are over."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def offer(self, link_hash: str, link: Session) -> None:
        self._table.put(_item(_LINK, link_hash, link))

    def offered(self, link_hash: str) -> Session | None:
        return self._read(_LINK, link_hash)

    def exchange(self, link_hash: str, session_hash: str, session: Session, *, at: datetime) -> bool:
        used = self._table.deleting(
            f"{_LINK}#{link_hash}", _LINK, f"{PRESENT} AND #expires_at > :now", now=time_text(at)
        )
        begun = self._table.putting(_item(_SESSION, session_hash, session), ABSENT)
        try:
            self._table.transact(used, begun)
        except ConditionFailed:
            return False
        return True

    def get(self, session_hash: str) -> Session | None:
        return self._read(_SESSION, session_hash)

    def end(self, session_hash: str) -> None:
        with contextlib.suppress(ConditionFailed):
            self._table.delete(f"{_SESSION}#{session_hash}", _SESSION, PRESENT)

    def _read(self, kind: str, secret_hash: str) -> Session | None:
        item = self._table.get(f"{kind}#{secret_hash}", kind)
        return from_plain(Session, item) if item else None


def _item(kind: str, secret_hash: str, session: Session) -> Item:
    expires = int(session.expires_at.timestamp())
    return {"pk": f"{kind}#{secret_hash}", "sk": kind, **to_plain(session), "expires": expires}
