"""A fleet of services in the ledger of a local cloud, written through the product's own adapters.

Only the ledger and the catalogue know these services: nothing of them runs. To the pages that is the same.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any

from local.sample import Place
from tidegate.domain.approval import Approval, ApprovalStatus
from tidegate.domain.deployment import Deployment, deployment_id
from tidegate.domain.images import ImageRef
from tidegate.domain.outcome import Outcome
from tidegate.domain.release import Release, release_id
from tidegate.domain.service import ApprovalRule, Environment, ImageSource, Service, TagRule
from tidegate.ports import Ports, Wait

ENVIRONMENTS = ("dev", "staging", "prod")
TABLES = {
    "CATALOGUE_TABLE": "CatalogueTable",
    "LEDGER_TABLE": "LedgerTable",
    "LOCKS_TABLE": "LocksTable",
    "WAITS_TABLE": "WaitsTable",
    "SESSIONS_TABLE": "SessionsTable",
}
AREAS = (
    "account",
    "basket",
    "catalog",
    "checkout",
    "invoice",
    "ledger",
    "payment",
    "search",
    "stock",
    "ticket",
)
PARTS = ("api", "batch", "events", "gateway", "import", "mail", "report", "store", "web", "worker")
AT_ONCE = 4
NEWEST = "1.48.2"


def ports_of(place: Place) -> Ports:
    """The product's own ports on the tables of a local cloud."""
    os.environ |= {
        "AWS_ENDPOINT_URL": place.endpoint,
        "AWS_REGION": place.region,
        "AWS_DEFAULT_REGION": place.region,
        "AWS_ACCESS_KEY_ID": "user",
        "AWS_SECRET_ACCESS_KEY": "user",
        "STACK_NAME": "tidegate",
        "HOME_ACCOUNT": place.account,
        "EVIDENCE_BUCKET": place.resource("EvidenceBucket"),
        **{variable: place.resource(table) for variable, table in TABLES.items()},
    }
    from tidegate.bootstrap import ports

    ports.cache_clear()
    return ports()


def without_sweep(place: Place) -> None:
    """Keep the sweep from ending releases that no execution runs, which is what it is there for."""
    place.client("events").disable_rule(Name=place.resource("SweepFunctionSchedule"))


def names(number: int) -> list[str]:
    """So many names of services, as teams give them."""
    plain = [f"{area}-{part}" for area in AREAS for part in PARTS]
    found = [*plain, *(f"{name}-{count}" for count in range(2, 2 + number // len(plain)) for name in plain)]
    return found[:number]


def digest(seed: int) -> str:
    """A digest that looks like one."""
    return f"sha256:{hashlib.sha256(str(seed).encode()).hexdigest()}"


def service(name: str) -> Service:
    """A service with three environments, the last of which is production and asks."""
    return Service(
        name=name,
        containers={"app": ImageSource(name, TagRule(pattern="*"))},
        task_definition={"containerDefinitions": [{"name": "app", "essential": True}]},
        environments=tuple(
            Environment(
                name=each,
                cluster=each,
                service=name,
                region="us-east-1",
                account="123456789012",
                production=each == "prod",
                approval=ApprovalRule(approvers=("ops@example.com",)) if each == "prod" else None,
            )
            for each in ENVIRONMENTS
        ),
    )


class Fleet:
    """Writes the fleet; every service has a version in each environment, and some have more to tell.

    Attributes:
        now: When it is; everything lies before it.
    """

    def __init__(self, ports: Ports, now: datetime | None = None) -> None:
        self._ports = ports
        self.now = (now or datetime.now(UTC)).replace(microsecond=0)

    def fill(self, number: int) -> None:
        """Register so many services and let something run in each of their environments."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(self._settled, range(number), names(number)):
                pass

    def busy(self, running: int, asking: int, held: int) -> list[Release]:
        """Let the last services have releases on their way: some ask, some wait for a lock or a scan."""
        wanted = names(running)
        going: list[Release] = []
        gates = cycle(("lock/{}/staging", "scan/{}@" + digest(7), "freeze/{}/prod"))
        for index, name in enumerate(wanted):
            release = self.release(name, index, ago=60 + 7 * index, requested_by="ada@example.com")
            self._ports.releases.create(release)
            going.append(release)
            self._wait(release, f"soak/{release.id}" if index % 2 else f"service-deployment/{name}")
            if index < asking:
                self._ports.approvals.create(
                    self.approval(release, left=timedelta(minutes=9 + 31 * index)), {}
                )
            elif index < asking + held:
                self._wait(release, next(gates).format(name))
        return going

    def release(self, name: str, seed: int, *, ago: float, tag: str = NEWEST, **more: Any) -> Release:
        """A release that was minted so many seconds ago."""
        at = self.now - timedelta(seconds=ago)
        values: dict[str, Any] = {
            "id": release_id(name, at, f"{seed * 7919 % 0xFFFFFF:06x}"),
            "service": name,
            "revision": 1,
            "images": {"app": ImageRef(name, digest(seed), tag, at)},
            "created_at": at,
            "newest_push": at,
            "trigger": "push",
        }
        return Release(**values | more)

    def deployment(
        self, release: Release, environment: str, *, after: float, took: float, **more: Any
    ) -> Deployment:
        """How a release came into an environment: begun so many seconds after it was minted."""
        begun = release.created_at + timedelta(seconds=after)
        values: dict[str, Any] = {
            "id": deployment_id(begun, release.id, release.attempt),
            "release": release.id,
            "service": release.service,
            "environment": environment,
            "revision": 1,
            "strategy": "rolling",
            "task_definition": f"arn:aws:ecs:us-east-1:123456789012:task-definition/{release.service}:48",
            "images": {
                name: f"123456789012.dkr.ecr.us-east-1.amazonaws.com/{image.repository}@{image.digest}"
                for name, image in release.images.items()
            },
            "tags": release.tags,
            "opened_at": begun,
            "execution": execution(release),
            "production": environment == "prod",
            "approved_by": "grace@example.com" if environment == "prod" else None,
            "outcome": Outcome.SUCCEEDED,
            "ended_at": begun + timedelta(seconds=took),
            "reason": f"{release.id} runs in {environment}.",
        }
        return Deployment(**values | more)

    def approval(self, release: Release, *, left: timedelta, **more: Any) -> Approval:
        """A request for production that runs out in a while."""
        values: dict[str, Any] = {
            "id": f"{release.id}.prod.a1.r0",
            "release": release.id,
            "service": release.service,
            "environment": "prod",
            "digests": release.digests,
            "from_task_definition": None,
            "from_images": {},
            "requested_at": release.created_at + timedelta(seconds=40),
            "expires_at": self.now + left,
            "requested_by": release.requested_by,
            "asked": ("grace@example.com", "ops@example.com"),
            "status": ApprovalStatus.PENDING,
        }
        return Approval(**values | more)

    def _settled(self, index: int, name: str) -> None:
        self._ports.catalogue.put(service(name), after=0)
        release = self.release(
            name, index, ago=3600 + 5011 * index % 2_000_000, tag=f"1.{index % 48}.{index % 7}"
        )
        for number, environment in enumerate(ENVIRONMENTS):
            self._ports.deployments.open(self.deployment(release, environment, after=300 * number, took=90))

    def _wait(self, release: Release, subject: str) -> None:
        since = release.created_at + timedelta(seconds=30)
        root = execution(release)
        wait = Wait(
            subject, f"{root}/{subject}", f"token-{subject}", release.id, since, self.now + timedelta(days=1)
        )
        self._ports.waits.put(wait)


def execution(release: Release) -> str:
    """The ARN of a release's root execution."""
    return f"arn:aws:states:us-east-1:123456789012:execution:tidegate-normal_deployment:{release.id}"


def finished(release: Release, outcome: Outcome, reason: str, *, at: datetime, **more: Any) -> Release:
    """A release that has ended."""
    return replace(release, outcome=outcome, outcome_reason=reason, ended_at=at, **more)


def progress(batches: int) -> Iterator[dict[str, int | str]]:
    """The figures of a rolling deployment, batch after batch."""
    for batch in range(batches + 1):
        done = 4 * batch // batches
        yield {
            "status": "IN_PROGRESS",
            "requested": 4,
            "running": 4 + (batch < batches),
            "pending": 4 - done,
            "failed": 0,
        }
