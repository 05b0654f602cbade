"""The DynamoDB tables: what the template must declare, and where each thing lies in them.

Every table has the string keys `pk` and `sk`. Whatever decides is found by key, so that reads can be
consistent; the indexes serve the sweep and the status pages alone (docs/decisions/0006-status-pages.md).

Catalogue:
    `SERVICE#<service>` / `REVISION#<8 digits>`: one revision of a manifest.
    `SERVICE#<service>` / `NEWEST`: a copy of the newest revision; it guards the transaction that adds one.
    `SERVICES` / `<service>`: the names of all services.
    `REPOSITORY#<repository>` / `<service>`: whom a repository feeds, by the newest revision.
    `ALARM#<alarm>` / `<service>/<environment>`: whom an alarm concerns, by the newest revision.
Ledger:
    `SERVICE#<service>` / `RELEASE#<release>`: a release. Its id names its service and sorts by time.
    `DEPLOYMENTS#<service>/<environment>` / `<deployment>`: a deployment. Its id sorts by time.
    `PLACES` / `<service>#`: a registered service in few words; `#` sorts before everything in a name.
    `PLACES` / `<service>#<environment>`: what runs there, what is being deployed, how the last one ended.
    `RELEASE#<release>` / `DEPLOYMENT#…`: where a deployment of the release lies.
    `RELEASE#<release>` / `APPROVAL#<approval>`: a request for a decision about the release.
    `APPROVAL#<approval>` / `APPROVAL`: the request itself.
    `LINK#<hash>` / `LINK`: to which request and approver a link belongs, and where lies what its page shows.
    `JOURNAL#<subject>` / `<time>#<key>` and `JOURNAL-KEY#<subject>` / `<key>`: an entry, and its key.
    `QUARANTINE#<service>` / `IN#<digest>` and `LIFTED#<digest>#<time>`: what is in quarantine, and what was.
    `FREEZE#<service>/<environment>` / `FREEZE`: a frozen environment.
    `INTAKE#<key>` / `INTAKE`: what was taken in.
    `CANARY#<service>/<environment>` / `CANARY`: the newest canary.
    `CANARIES` / `<service>/<environment>`: where a canary has not ended.
    `CANARY-PERIODS#<canary>` / `<time>`: a judged period of a canary, by its id.
    `CALIBRATION#<service>/<environment>` / `CALIBRATION`: the newest calibration.
Locks:
    `<service>/<environment>` / `LOCK`: stays when it is given back, because the fence must count on.
Waits:
    `SUBJECT#<subject>` / `<name>` and `RELEASE#<release>` / `<subject>#<name>`: the same wait twice.
Sessions:
    `LINK#<hash>` / `LINK`: a link to the status pages that was not exchanged yet.
    `SESSION#<hash>` / `SESSION`: a session at the status pages.
"""

from __future__ import annotations

from dataclasses import dataclass

PARTITION_KEY = "pk"
SORT_KEY = "sk"


@dataclass(frozen=True, slots=True)
class IndexSchema:
    """A global secondary index with string keys.

    Attributes:
        projects: The attributes that it holds besides the keys; empty when it holds everything.
    """

    name: str
    partition_key: str
    sort_key: str
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One table.

    Attributes:
        variable: The environment variable that holds the table's name.
        indexes: Its global secondary indexes.
        expires: The attribute for time to live, in seconds of the Unix epoch; None when nothing expires.
    """

    variable: str
    indexes: tuple[IndexSchema, ...] = ()
    expires: str | None = None


HELD_LOCKS = IndexSchema(name="by_held", partition_key="held", sort_key=PARTITION_KEY)
"""The locks that are held: `held` is there only while a lock has an owner."""

BY_RELEASE = IndexSchema(name="by_release", partition_key="release", sort_key=SORT_KEY)
"""All that names a release: itself, its deployments, requests, journal, and the digests that it made bad."""

BY_MONTH = IndexSchema(name="by_month", partition_key="month", sort_key=SORT_KEY)
"""The journal of everything, in one partition for each month."""

BY_SERVICE = IndexSchema(name="by_service", partition_key="about", sort_key=SORT_KEY)
"""The journal of a service and of all its releases."""

OPEN_WORK = IndexSchema(
    name="by_open",
    partition_key="open",
    sort_key="open_since",
    projects=(
        *("id", "release", "service", "environment", "asked", "requested_by", "requested_at", "expires_at"),
        *("images", "created_at", "trigger", "attempt", "touched", "stop", "votes"),
    ),
)
"""Requests that nobody has decided and releases that have not ended: `open` is there only until then."""

LISTED_WAITS = IndexSchema(
    name="by_list",
    partition_key="list",
    sort_key="created_at",
    projects=("subject", "release", "expires_at"),
)
"""The waits without their tokens: all of them under `EVERY_WAIT`, and those of a release under its id."""
EVERY_WAIT = "every"

CATALOGUE = TableSchema("CATALOGUE_TABLE")
LEDGER = TableSchema("LEDGER_TABLE", indexes=(BY_RELEASE, BY_MONTH, BY_SERVICE, OPEN_WORK))
LOCKS = TableSchema("LOCKS_TABLE", indexes=(HELD_LOCKS,))
WAITS = TableSchema("WAITS_TABLE", indexes=(LISTED_WAITS,), expires="expires")
SESSIONS = TableSchema("SESSIONS_TABLE", expires="expires")

TABLES = (CATALOGUE, LEDGER, LOCKS, WAITS, SESSIONS)
