"""The DynamoDB tables: what the template must declare, and where each thing lies in them.

Every table has the string keys `pk` and `sk`. Everything is found by key, so that reads can be consistent;
the one index serves the sweep alone.

Catalogue:
    `SERVICE#<service>` / `REVISION#<8 digits>`: one revision of a manifest.
    `SERVICE#<service>` / `NEWEST`: a copy of the newest revision; it guards the transaction that adds one.
    `SERVICES` / `<service>`: the names of all services.
    `REPOSITORY#<repository>` / `<service>`: whom a repository feeds, by the newest revision.
    `ALARM#<alarm>` / `<service>/<environment>`: whom an alarm concerns, by the newest revision.
Ledger:
    `SERVICE#<service>` / `RELEASE#<release>`: a release. Its id names its service and sorts by time.
    `DEPLOYMENTS#<service>/<environment>` / `<deployment>`: a deployment. Its id sorts by time.
    `RELEASE#<release>` / `DEPLOYMENT#…`: where a deployment of the release lies.
    `RELEASE#<release>` / `APPROVAL#<approval>`: a request for a decision about the release.
    `APPROVAL#<approval>` / `APPROVAL`: the request itself.
    `LINK#<hash>` / `LINK`: to which request and approver a link belongs.
    `JOURNAL#<subject>` / `<time>#<key>` and `JOURNAL-KEY#<subject>` / `<key>`: an entry, and its key.
    `QUARANTINE#<service>` / `IN#<digest>` and `LIFTED#<digest>#<time>`: what is in quarantine, and what was.
    `FREEZE#<service>/<environment>` / `FREEZE`: a frozen environment.
    `INTAKE#<key>` / `INTAKE`: what was taken in.
Locks:
    `<service>/<environment>` / `LOCK`: stays when it is given back, because the fence must count on.
Waits:
    `SUBJECT#<subject>` / `<name>` and `RELEASE#<release>` / `<subject>#<name>`: the same wait twice.
"""

from __future__ import annotations

from dataclasses import dataclass

PARTITION_KEY = "pk"
SORT_KEY = "sk"


@dataclass(frozen=True, slots=True)
class IndexSchema:
    """A global secondary index with string keys that projects everything."""

    name: str
    partition_key: str
    sort_key: str


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

CATALOGUE = TableSchema("CATALOGUE_TABLE")
LEDGER = TableSchema("LEDGER_TABLE")
LOCKS = TableSchema("LOCKS_TABLE", indexes=(HELD_LOCKS,))
WAITS = TableSchema("WAITS_TABLE", expires="expires")

TABLES = (CATALOGUE, LEDGER, LOCKS, WAITS)
