"""The records of deployments in DynamoDB."""

from __future__ import annotations

import hashlib

from tidegate.aws.items import Item, fitted, without_nones
from tidegate.aws.places import Places
from tidegate.aws.table import ABSENT, PRESENT, ConditionFailed, Table
from tidegate.domain.deployment import Deployment
from tidegate.domain.plain import from_plain, to_plain
from tidegate.errors import Terminal
from tidegate.ports import Deployments

_PREFIX = "DEPLOYMENT#"
_HISTORY = 50
"""How far back a deployment may lie that one comes back to."""


class DynamoDeployments(Deployments):
    """Its release points at each deployment, and so does what opened it."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._places = Places(table)

    def open(self, deployment: Deployment) -> Deployment:
        pk, sk = _key(deployment)
        pointer = {**_pointer_key(deployment), "place": [pk, sk]}
        try:
            self._table.transact(
                self._table.putting(_item(deployment), ABSENT), self._table.putting(pointer, ABSENT)
            )
        except ConditionFailed as failed:
            deployment = self._opened_before(deployment, failed)
        self._places.note(deployment)
        return deployment

    def close(self, deployment: Deployment) -> Deployment:
        if deployment.outcome is None:
            raise Terminal(f"Deployment {deployment.id} cannot be closed without an outcome.")
        try:
            self._table.put(_item(deployment), f"{PRESENT} AND attribute_not_exists(#outcome)")
        except ConditionFailed as failed:
            if failed.item is None:
                raise Terminal(f"There is no open deployment {deployment.id}.") from failed
            deployment = _read(failed.item)
        self._places.note(deployment)
        return deployment

    def revoke(self, deployment: Deployment, *, reason: str) -> None:
        update, condition = "SET #revoked = if_not_exists(#revoked, :reason)", PRESENT
        try:
            self._table.update(*_key(deployment), update, condition, reason=reason)
        except ConditionFailed as failed:
            raise Terminal(f"There is no deployment {deployment.id}.") from failed
        self._places.revoke(deployment, reason)

    def restored(self, service: str, environment: str, release: str) -> None:
        latest = self.latest(service, environment, _HISTORY)
        good = next((each for each in latest if each.good and each.release == release), None)
        if good is not None:
            self._places.restore(good, latest[0].id)

    def latest(self, service: str, environment: str, limit: int = 20) -> tuple[Deployment, ...]:
        items = self._table.query(_partition(service, environment), newest_first=True, limit=limit)
        return tuple(_read(item) for item in items)

    def of_release(self, release: str) -> tuple[Deployment, ...]:
        pointers = self._table.query(f"RELEASE#{release}", prefix=_PREFIX)
        items = self._table.get_all([_place(pointer) for pointer in pointers])
        return tuple(sorted((_read(item) for item in items), key=lambda deployment: deployment.id))

    def _opened_before(self, deployment: Deployment, failed: ConditionFailed) -> Deployment:
        key = _pointer_key(deployment)
        pointer = self._table.get(key["pk"], key["sk"])
        item = self._table.get(*(_place(pointer) if pointer else _key(deployment)))
        if item is None:
            raise Terminal(f"Deployment {deployment.id} is pointed at, but it is not there.") from failed
        return _read(item)


def _partition(service: str, environment: str) -> str:
    return f"DEPLOYMENTS#{service}/{environment}"


def _key(deployment: Deployment) -> tuple[str, str]:
    return _partition(deployment.service, deployment.environment), deployment.id


def _pointer_key(deployment: Deployment) -> dict[str, str]:
    """Where it is noted that this execution has opened this attempt in this environment."""
    execution = hashlib.sha256(deployment.execution.encode()).hexdigest()[:16]
    opening = f"{deployment.environment}#{deployment.attempt}#{execution}"
    return {"pk": f"RELEASE#{deployment.release}", "sk": f"{_PREFIX}{opening}"}


def _place(pointer: Item) -> tuple[str, str]:
    pk, sk = pointer["place"]
    return pk, sk


def _item(deployment: Deployment) -> Item:
    pk, sk = _key(deployment)
    plain = without_nones(to_plain(deployment))
    return {"pk": pk, "sk": sk, **plain, "checks": fitted(plain["checks"])}


def _read(item: Item) -> Deployment:
    return from_plain(Deployment, item)
