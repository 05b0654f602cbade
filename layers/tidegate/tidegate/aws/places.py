"""What runs where, beside the records of which it is made: kept for the status pages, never to decide by."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from tidegate.aws.items import Item
from tidegate.aws.table import ABSENT, ConditionFailed, Table
from tidegate.domain.deployment import Deployment
from tidegate.domain.outcome import Outcome
from tidegate.domain.plain import from_plain, to_plain
from tidegate.domain.service import Service
from tidegate.domain.status import Ended, Place, ServiceStatus, version_of

PLACES = "PLACES"
_NEWER = "(attribute_not_exists(#last) OR #last.#id < :id)"
"""A deployment changes a place once when it ends, and no older one changes it after that."""
_NAMED = "SET #service = :service, #environment = :environment"


class Places:
    """Conditional updates of one item for each service and environment; repeated ones change nothing."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def describe(self, service: Service, revision: int) -> None:
        """Note a revision of a manifest, unless a newer one is noted."""
        environments = service.environments
        item = {
            "pk": PLACES,
            "sk": place_key(service.name),
            "name": service.name,
            "revision": revision,
            "environments": [each.name for each in environments],
            "production": [each.name for each in environments if each.production],
            "repositories": sorted(set(service.repositories)),
        }
        with contextlib.suppress(ConditionFailed):
            self._table.put(item, f"{ABSENT} OR #revision < :revision", revision=revision)

    def note(self, deployment: Deployment) -> None:
        """Note that a deployment has begun or how it has ended."""
        values: dict[str, Any] = {"id": deployment.id}
        if deployment.outcome is None:
            values["deploying"] = _short(deployment)
            return self._update(deployment, f"{_NAMED}, #deploying = :deploying", _NEWER, values)
        ended = deployment.ended_at or deployment.opened_at
        values["last"] = to_plain(Ended(deployment.id, deployment.release, deployment.outcome, ended))
        update = f"{_NAMED}, #last = :last"
        if deployment.outcome is Outcome.SUCCEEDED:
            update += ", #runs = :runs"
            values["runs"] = _short(deployment)
        return self._update(deployment, f"{update} REMOVE #deploying", _NEWER, values)

    def revoke(self, deployment: Deployment, reason: str) -> None:
        """Note that what runs is no longer good, if it is this deployment that runs."""
        values = {"id": deployment.id, "revoked": reason}
        self._update(deployment, f"{_NAMED}, #runs.#revoked = :revoked", "#runs.#id = :id", values)

    def restore(self, good: Deployment, newest: str) -> None:
        """Note that a deployment runs again, unless one has ended that is newer than those known."""
        condition = "(attribute_not_exists(#last) OR #last.#id <= :newest)"
        self._update(good, f"{_NAMED}, #runs = :runs", condition, {"newest": newest, "runs": _short(good)})

    def freeze(self, service: str, environment: str, reason: str | None) -> None:
        """Note why nothing is promoted into it, or that it is no longer so."""
        values = {"service": service, "environment": environment}
        update = f"{_NAMED} REMOVE #frozen" if reason is None else f"{_NAMED}, #frozen = :frozen"
        values |= {} if reason is None else {"frozen": reason}
        self._table.update(PLACES, place_key(service, environment), update, None, **values)

    def _update(self, of: Deployment, update: str, condition: str, values: dict[str, Any]) -> None:
        key = place_key(of.service, of.environment)
        named = {"service": of.service, "environment": of.environment}
        with contextlib.suppress(ConditionFailed):
            self._table.update(PLACES, key, update, condition, **named, **values)


def place_key(service: str, environment: str = "") -> str:
    """The sort key of a place; without an environment that of the service itself, which comes first."""
    return f"{service}#{environment}"


def grouped(items: Sequence[Item]) -> list[ServiceStatus]:
    """The services of items in the order of their keys; places of what was never registered are left out."""
    found: dict[str, ServiceStatus] = {}
    for item in items:
        name, _, environment = str(item["sk"]).partition("#")
        if not environment:
            found[name] = from_plain(ServiceStatus, item)
        elif name in found:
            found[name].places[environment] = from_plain(Place, item)
    return list(found.values())


def _short(deployment: Deployment) -> dict[str, Any]:
    short: dict[str, Any] = to_plain(version_of(deployment))
    return short
