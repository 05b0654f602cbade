"""The evidence of a canary: what it was judged by, period by period."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tidegate.domain.canary import Canary
from tidegate.ports import Ports
from tidegate.steps.scope import Scope


def store(ports: Ports, scope: Scope, canary: Canary) -> str:
    """Store the evidence; returns its address. Stored again, it replaces what it was."""
    document: dict[str, Any] = {
        "release": canary.release,
        "environment": canary.environment,
        "decision": canary.decision,
        "promoted": canary.promoted,
        "reason": canary.reason,
        "note": canary.note,
        "periods": [
            {**asdict(period), "at": period.at.isoformat()} for period in ports.canaries.periods(canary.id)
        ],
    }
    key = f"{scope.service.name}/{canary.release}/{canary.environment}/{canary.attempt}/canary.json"
    return ports.evidence.put(key, document)
