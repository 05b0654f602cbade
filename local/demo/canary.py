"""The canary of a release, watched from outside: weights from the listener rule, evidence from the ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.sample.place import Place

EMPTY, FULL, BLOCKS = "·", "█", "▁▂▃▄▅▆▇█"
WIDTH = 20


@dataclass(frozen=True)
class Seen:
    """What can be seen of a canary at a moment.

    Attributes:
        id: The canary's id in the ledger.
        phase: Of the record.
        weight: The share of the requests that the listener rule gives to the canary now, in percent.
        decision: What was decided last.
        reason: Why.
        evidence: Evidence of harm after each judged period, in nats; at 4.6 the canary is returned.
        periods: The judged periods as they are stored.
    """

    id: str
    phase: str
    weight: float
    decision: str
    reason: str
    evidence: tuple[float, ...]
    periods: tuple[dict[str, Any], ...] = field(repr=False, default=())

    @property
    def line(self) -> str:
        """Weight and evidence in one line."""
        bar = FULL * round(WIDTH * self.weight / 100)
        latest = f"{self.evidence[-1]:+.1f}" if self.evidence else "none yet"
        return (
            f"canary {self.weight:4.0f} % {bar:{EMPTY}<{WIDTH}} evidence of harm {latest} "
            f"{sparkline(self.evidence)}"
        )


def sparkline(values: tuple[float, ...], most: float = 4.6, longest: int = 24) -> str:
    """The last values as a row of blocks; the highest block is proof."""
    scaled = [min(1.0, max(0.0, value / most)) for value in values[-longest:]]
    return "".join(BLOCKS[round(each * (len(BLOCKS) - 1))] for each in scaled)


def look(place: Place, service: str, environment: str, rule: str, group: str) -> Seen | None:
    """The newest canary of a service; None where there never was one."""
    record = _items(place, f"CANARY#{service}/{environment}")
    if not record:
        return None
    canary = record[0]
    stored = _items(place, f"CANARY-PERIODS#{canary['id']['S']}")
    periods = tuple(json.loads(item["period"]["S"]) for item in stored)
    return Seen(
        id=canary["id"]["S"],
        phase=canary["phase"]["S"],
        weight=_weight(place, rule, group),
        decision=canary["decision"]["S"],
        reason=canary.get("reason", {}).get("S", ""),
        evidence=tuple(float(period["log_evidence"]) for period in periods),
        periods=periods,
    )


def save_plot(place: Place, service: str, release: str, environment: str, folder: Path) -> Path | None:
    """Fetch the picture that Tidegate stored as evidence; None where there is none."""
    s3, bucket = place.client("s3"), place.resource("EvidenceBucket")
    prefix = f"{service}/{release}/{environment}/"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    keys = [each["Key"] for each in listed if each["Key"].endswith("canary.svg")]
    if not keys:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{release}.svg"
    path.write_bytes(s3.get_object(Bucket=bucket, Key=keys[-1])["Body"].read())
    return path


def _weight(place: Place, rule: str, group: str) -> float:
    (described,) = place.client("elbv2").describe_rules(RuleArns=[rule])["Rules"]
    forward = next(each for each in described["Actions"] if each["Type"] == "forward")
    weights = {
        each["TargetGroupArn"]: int(each.get("Weight", 1))
        for each in forward["ForwardConfig"]["TargetGroups"]
    }
    return 100.0 * weights.get(group, 0) / (sum(weights.values()) or 1)


def _items(place: Place, partition: str) -> list[dict[str, Any]]:
    pages = (
        place.client("dynamodb")
        .get_paginator("query")
        .paginate(
            TableName=place.resource("LedgerTable"),
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": partition}},
            ConsistentRead=True,
        )
    )
    return [item for page in pages for item in page["Items"]]
