"""The calibrations of services in DynamoDB."""

from __future__ import annotations

import json

from tidegate.aws.table import ABSENT, ConditionFailed, Table
from tidegate.domain.calibration import StoredCalibration
from tidegate.domain.plain import from_plain, time_text, to_plain
from tidegate.ports import Calibrations

_SORT_KEY = "CALIBRATION"


class DynamoCalibrations(Calibrations):
    """Only the newest is kept, as a JSON text, so that every floating-point number survives."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, service: str, environment: str) -> StoredCalibration | None:
        item = self._table.get(_partition(service, environment), _SORT_KEY)
        return from_plain(StoredCalibration, json.loads(item["calibration"])) if item else None

    def put(self, service: str, environment: str, calibration: StoredCalibration) -> None:
        item = {
            "pk": _partition(service, environment),
            "sk": _SORT_KEY,
            "at": time_text(calibration.at),
            "calibration": json.dumps(to_plain(calibration), sort_keys=True),
        }
        try:
            self._table.put(item, f"{ABSENT} OR #at <= :at", at=item["at"])
        except ConditionFailed:
            return  # a newer one is there: this one was late


def _partition(service: str, environment: str) -> str:
    return f"CALIBRATION#{service}/{environment}"
